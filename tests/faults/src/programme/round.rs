//! What the rounds of most faults have in common: a site, its log, a client, and the end, where
//! everything comes to rest and is checked.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Found, Plan};
use crate::acks::AckLog;
use crate::case::{Case, Places};
use crate::fold::Folder;
use crate::load::Load;
use crate::random::Random;
use crate::site::{Host, How, Site, client};
use crate::{invariants, report};

/// A site with all that belongs to it.
pub struct Round {
    pub site: Site,
    pub log: Arc<AckLog>,
    pub client: reqwest::Client,
    has_bug: bool,
}

/// What a bug has stuck is not waited for as long as what a slow machine holds up.
const BUGGY_QUIET_SECONDS: u64 = 15;

impl Round {
    pub fn new(plan: &Plan) -> Result<Self> {
        let site = Site::new(&plan.binary, plan.bug)?;
        let log = Arc::new(AckLog::open(&site.acks(), None)?);
        Ok(Self { site, log, client: client(), has_bug: plan.bug.is_some() })
    }

    pub fn load(&self) -> Arc<Load> {
        let mut load = Load::new(&self.site, &self.client, &self.log);
        if self.has_bug {
            load.quiet_seconds = BUGGY_QUIET_SECONDS;
        }
        Arc::new(load)
    }

    pub fn start(&self, how: &How) -> Result<Host> {
        self.site.start(&self.log, how)
    }

    pub async fn ready(&self, host: &mut Host) -> Result<Duration> {
        host.wait_until_ready(&self.client).await.with_context(|| self.site.log_end())
    }

    /// Starts a host if there is none, waits for everything to end, lets the host go down in
    /// good order, and checks what is left. A violation is noted, with its counterexample.
    pub async fn settle(&self, host: Option<Host>, random: &mut Random, found: &mut Found) -> Result<()> {
        let mut host = match host {
            Some(host) => host,
            None => self.start(&How::default())?,
        };
        self.ready(&mut host).await?;
        // What does not come to its end is for the check to tell.
        let settled = self.load().settle(random).await;
        let ended = host.terminate(&self.log);
        if let Err(error) = settled.and(ended) {
            found.violations.push(format!("{error:#}\n{}", self.site.log_end()));
        }
        self.check(found)
    }

    pub fn check(&self, found: &mut Found) -> Result<()> {
        self.check_with(Some(self.site.effects()), found)
    }

    /// For a host that went on with what another one had begun.
    pub fn check_without_effects(&self, found: &mut Found) -> Result<()> {
        self.check_with(None, found)
    }

    fn check_with(&self, ledger: Option<&std::path::Path>, found: &mut Found) -> Result<()> {
        let (data, acks) = (self.site.data(), self.site.acks());
        let places = Places { data: &data, acks: Some(&acks), ledger, is_quiet: true };
        let case = Case::read(places, &Folder::default())?;
        let verdicts = invariants::check(&case);
        if let Some(counterexample) = report::counterexample(&case, &verdicts) {
            found.violations.push(counterexample);
        }
        if self.site.log().contains("panicked at") {
            found.violations.push(format!("the host panicked:\n{}", self.site.log_end()));
        }
        Ok(())
    }
}
