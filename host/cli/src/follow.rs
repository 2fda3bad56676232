//! Follows an execution with the live tree, until it ends or somebody has seen enough.

use std::time::Duration;

use stepwell_asl::expr::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::client::Client;
use crate::exit::{Code, Exit};
use crate::tree::Live;

/// How often the times of what runs are drawn again.
const TICK: Duration = Duration::from_millis(100);

/// Follows an execution on a host.
pub async fn on_host(client: &Client, id: &str, live: &mut Live, limit: Option<Duration>) -> Result<(), Exit> {
    let (sender, events) = unbounded_channel();
    let following = {
        let (client, id) = (client.clone(), id.to_owned());
        tokio::spawn(async move { client.follow(&id, &mut |event| drop(sender.send(event.clone()))).await })
    };
    let shown = show(live, events, limit).await;
    if let Err(exit) = shown {
        following.abort();
        let help =
            format!("it goes on: stepwell executions show {id} --follow; or stop it: stepwell executions stop {id}");
        return Err(exit.help(help));
    }
    match following.await {
        Ok(outcome) => outcome,
        Err(error) => Err(Exit::new(Code::Failed, error.to_string())),
    }
}

/// Shows events until there are no more of them.
pub async fn show(live: &mut Live, mut events: UnboundedReceiver<Value>, limit: Option<Duration>) -> Result<(), Exit> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let too_late = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let mut too_late = std::pin::pin!(too_late);
    let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            biased;
            _ = &mut interrupted => return Err(Exit::new(Code::Interrupted, "interrupted")),
            () = &mut too_late => {
                let seconds = limit.unwrap_or_default().as_secs();
                return Err(Exit::new(Code::TimedOut, format!("the execution has not ended within {seconds} s")));
            }
            event = events.recv() => match event {
                Some(event) => live.apply(&event),
                None => return Ok(()),
            },
            _ = tick.tick() => live.tick(),
        }
    }
}
