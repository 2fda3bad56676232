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

/// How often the counts of map runs are asked for.
const COUNT: Duration = Duration::from_secs(1);

/// Follows an execution on a host.
pub async fn on_host(client: &Client, id: &str, live: &mut Live, limit: Option<Duration>) -> Result<(), Exit> {
    let (sender, events) = unbounded_channel();
    let following = {
        let (client, id) = (client.clone(), id.to_owned());
        tokio::spawn(async move { client.follow(&id, &mut |event| drop(sender.send(event.clone()))).await })
    };
    let counts = async || client.get(&["api", "v1", "executions", id, "map-runs"], &[]).await.ok();
    let shown = show(live, events, limit, counts).await;
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

/// Shows events until there are no more of them. `counts` gives the map runs of the execution as
/// they stand, for as long as some are under way.
pub async fn show(
    live: &mut Live,
    mut events: UnboundedReceiver<Value>,
    limit: Option<Duration>,
    counts: impl AsyncFn() -> Option<Value>,
) -> Result<(), Exit> {
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
    let mut count = tokio::time::interval(COUNT);
    loop {
        tokio::select! {
            biased;
            _ = &mut interrupted => return Err(Exit::new(Code::Interrupted, "interrupted")),
            () = &mut too_late => {
                let seconds = limit.unwrap_or_default().as_secs();
                return Err(Exit::new(Code::TimedOut, format!("the execution has not ended within {seconds} s")));
            }
            event = events.recv() => match event {
                Some(event) => {
                    if is_run_end(&event) && let Some(runs) = counts().await {
                        live.count(&runs);
                    }
                    live.apply(&event);
                }
                None => return Ok(()),
            },
            _ = count.tick() => if live.has_map_run() && let Some(runs) = counts().await {
                live.count(&runs);
            },
            _ = tick.tick() => live.tick(),
        }
    }
}

/// The counts of a map run are final with this event.
fn is_run_end(event: &Value) -> bool {
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("");
    matches!(kind, "MapRunSucceeded" | "MapRunFailed" | "MapRunAborted")
}
