//! Following an execution as it goes.

use std::collections::VecDeque;

use stepwell_asl::HistoryEvent;
use tokio::sync::mpsc::UnboundedReceiver;

/// An execution's events in order from the first: those so far, then each as its entry
/// becomes durable; ends after the last one. An execution has at most 25,000 of them, which
/// bounds what a slow reader can let pile up.
#[derive(Debug)]
pub struct Watch {
    past: VecDeque<HistoryEvent>,
    coming: Option<UnboundedReceiver<HistoryEvent>>,
}

impl Watch {
    /// `past` holds everything up to `published`, and perhaps more that `coming` brings too.
    pub(crate) fn new(past: Vec<HistoryEvent>, live: Option<(u64, UnboundedReceiver<HistoryEvent>)>) -> Self {
        match live {
            Some((published, coming)) => {
                let past = past.into_iter().filter(|event| event.id <= published).collect();
                Self { past, coming: Some(coming) }
            }
            None => Self { past: past.into(), coming: None },
        }
    }

    /// The next event; `None` after the last, or when the host goes down.
    pub async fn next(&mut self) -> Option<HistoryEvent> {
        if let Some(event) = self.past.pop_front() {
            return Some(event);
        }
        self.coming.as_mut()?.recv().await
    }
}
