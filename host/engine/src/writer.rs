//! The writer: one thread that makes everything that waits durable with one commit.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use stepwell_store::{Error, Group, Store};

use crate::dispatcher::Command;
use crate::shell::Message;

/// Most groups in one commit.
const COMMIT_GROUPS_MAX: usize = 256;

/// How long a store that takes no writes is left alone before the same commit is tried again.
const READ_ONLY_RETRY: Duration = Duration::from_millis(250);

/// What happens when it is not known whether a commit is durable. It must not return to work:
/// the default prints the reason and ends the process, and recovery finds out.
pub(crate) type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

pub(crate) fn run(store: &dyn Store, groups: &Receiver<Group>, inbox: &Sender<Message>, fatal: &Fatal) {
    let mut batch = Vec::new();
    while let Ok(first) = groups.recv() {
        batch.push(first);
        batch.extend(groups.try_iter().take(COMMIT_GROUPS_MAX - 1));
        let Some(command) = commit(store, &batch, inbox, fatal) else { return };
        batch.clear();
        if inbox.send(Message::Command(command)).is_err() {
            return;
        }
    }
}

/// Tries until the store takes the batch; `None` when it never will.
fn commit(store: &dyn Store, batch: &[Group], inbox: &Sender<Message>, fatal: &Fatal) -> Option<Command> {
    let mut is_blocked = false;
    loop {
        match store.commit(batch) {
            Ok(outcomes) => {
                if is_blocked {
                    tracing::warn!("the store takes writes again");
                    inbox.send(Message::Command(Command::Writable(Ok(())))).ok()?;
                }
                return Some(Command::Committed { outcomes });
            }
            Err(Error::ReadOnly(reason)) => {
                if !is_blocked {
                    is_blocked = true;
                    tracing::error!(%reason, "the store takes no writes; nothing new is accepted until it does");
                    inbox.send(Message::Command(Command::Writable(Err(reason)))).ok()?;
                }
                std::thread::sleep(READ_ONLY_RETRY);
            }
            Err(error @ (Error::Broken(_) | Error::Damaged(_) | Error::Locked(_) | Error::Incompatible(_))) => {
                fatal(&error.to_string());
                return None;
            }
        }
    }
}
