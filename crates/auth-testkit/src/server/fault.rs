//! What can go wrong on the way, on demand.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

/// One way in which a server lets its client down.
///
/// *Processed* means that the emulator did what was asked (issued a token, spent a refresh token) before the answer
/// was spoiled. Over HTTP/2 the faults that concern single bytes reset the stream instead.
#[derive(Clone)]
#[non_exhaustive]
pub enum Fault {
    /// Waits, then processes and answers. Time is on the server's clock.
    Delay(Duration),
    /// Processes, then waits, then answers.
    DelayAnswer(Duration),
    /// Never answers and does not process. The connection stays open.
    Hang,
    /// Processes and never answers. The connection stays open.
    HangAfter,
    /// Resets the connection once the head of the request is there; neither reads the body nor processes.
    ResetBefore,
    /// Processes, then resets the connection without an answer.
    ResetAfter,
    /// Processes, sends the head and half of the body, then resets the connection.
    ResetMidBody,
    /// Processes, then sends the answer one byte at a time with a pause before each.
    SlowBytes {
        /// The pause, on the server's clock.
        every: Duration,
    },
    /// Processes, sends half of the body that the head promised, and closes in good order.
    Truncated,
    /// Answers 200 with a JSON text that never ends. Not processed.
    HugeBody,
    /// Answers 200 with headers that never end. Not processed.
    EndlessHeaders,
    /// Answers 200 with a small `Content-Encoding: gzip` body that unpacks to 64 MiB. Not processed.
    GzipBomb,
    /// Answers with a web page. Not processed.
    Html(u16),
    /// Answers without a body. Not processed.
    Empty(u16),
    /// Answers with this text as `application/json`. Not processed.
    Json(u16, String),
    /// Answers 200 with a token reply in which every member has the wrong type. Not processed.
    WrongTypes,
    /// Answers 429 with this `Retry-After`. Not processed.
    TooMany {
        /// The value of the header: seconds, a date, or nonsense.
        retry_after: String,
    },
    /// Answers with this status and a short JSON body that is no OAuth error. Not processed.
    Status(u16),
    /// Answers with a redirect. The ledger reports whoever follows it. Not processed.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        status: u16,
        /// The value of the `Location` header.
        location: String,
    },
    /// Writes these bytes and closes in good order. Not processed.
    Raw(Bytes),
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts may hold planted secrets, so only the name of the fault is told.
        f.write_str(match self {
            Self::Delay(_) => "Delay",
            Self::DelayAnswer(_) => "DelayAnswer",
            Self::Hang => "Hang",
            Self::HangAfter => "HangAfter",
            Self::ResetBefore => "ResetBefore",
            Self::ResetAfter => "ResetAfter",
            Self::ResetMidBody => "ResetMidBody",
            Self::SlowBytes { .. } => "SlowBytes",
            Self::Truncated => "Truncated",
            Self::HugeBody => "HugeBody",
            Self::EndlessHeaders => "EndlessHeaders",
            Self::GzipBomb => "GzipBomb",
            Self::Html(_) => "Html",
            Self::Empty(_) => "Empty",
            Self::Json(..) => "Json",
            Self::WrongTypes => "WrongTypes",
            Self::TooMany { .. } => "TooMany",
            Self::Status(_) => "Status",
            Self::Redirect { .. } => "Redirect",
            Self::Raw(_) => "Raw",
        })
    }
}

/// The faults planned for one server.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Plan>>);

#[derive(Default)]
struct Plan {
    next: VecDeque<Planned>,
    always: Vec<Planned>,
}

struct Planned {
    path: Option<String>,
    fault: Fault,
}

impl Planned {
    fn new(path: Option<&str>, fault: Fault) -> Self {
        let path = path.map(str::to_owned);
        Self { path, fault }
    }

    fn concerns(&self, path: &str) -> bool {
        self.path.as_deref().is_none_or(|own| own == path)
    }
}

impl Faults {
    pub(super) fn next(&self, path: Option<&str>, fault: Fault) {
        self.plan().next.push_back(Planned::new(path, fault));
    }

    pub(super) fn always(&self, path: Option<&str>, fault: Fault) {
        self.plan().always.push(Planned::new(path, fault));
    }

    pub(super) fn clear(&self) {
        *self.plan() = Plan::default();
    }

    pub(super) fn planned(&self) -> usize {
        self.plan().next.len()
    }

    /// Takes what is planned for a request for `path`.
    pub(super) fn take(&self, path: &str) -> Option<Fault> {
        let mut plan = self.plan();
        if let Some(at) = plan.next.iter().position(|p| p.concerns(path)) {
            return plan.next.remove(at).map(|planned| planned.fault);
        }
        let always = plan.always.iter().find(|p| p.concerns(path));
        always.map(|planned| planned.fault.clone())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
