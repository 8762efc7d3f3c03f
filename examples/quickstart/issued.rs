//! An observer, so that the example knows when a renewal beside its calls is done.

use std::sync::Arc;

use auth_core::{Event, Observer};
use tokio::sync::watch;

/// Counts the tokens that a source put into use; clones share the count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issued(Arc<watch::Sender<usize>>);

impl Issued {
    /// Waits until so many tokens were put into use.
    pub(crate) async fn until(&self, count: usize) {
        // The sender lives in this very value, so the wait cannot end early.
        let _ = self.0.subscribe().wait_for(|seen| *seen >= count).await;
    }
}

impl Observer for Issued {
    fn event(&self, _: &str, event: &Event) {
        if let Event::Issued { .. } = event {
            self.0.send_modify(|count| *count += 1);
        }
    }
}
