//! Everything that is logged, at the finest level.

use std::{
    io,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tracing::{Dispatch, subscriber::DefaultGuard};
use tracing_subscriber::{
    fmt::{MakeWriter, format::FmtSpan},
    util::SubscriberInitExt,
};

/// What this thread logs, through `tracing` and through `log`, for as long as the guard lives.
///
/// The stories run on a runtime of one thread, so tasks and servers log here as well.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

/// With one subscriber alone, a callsite that a thread without one meets first is switched off for all threads.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

impl Log {
    pub(super) fn start() -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let log = Self::default();
        let guard = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish()
            .set_default();
        (log, guard)
    }

    /// Returns what was logged since the last call.
    pub(super) fn take(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *bytes)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn what_is_logged_is_seen_at_every_level() {
    let (log, guard) = Log::start();
    tracing::trace!(secret = "kanarievogel_pass_word", "careless");
    tracing::error_span!("outer", code = "kanarievogel_brought_back").in_scope(|| {
        tracing::debug!("inside");
    });
    drop(guard);
    tracing::error!("not for this log");
    let mut surfaces = super::Surfaces::default();
    let text = log.take();
    assert!(!text.contains("not for this log"));
    assert!(log.take().is_empty());
    surfaces.text("log", text);
    let leaks = surfaces.leaks(&super::Planted::like_error_codes().canaries());
    assert_eq!(
        leaks,
        ["log shows the password (raw)", "log shows the code (raw)"]
    );
}
