//! What the resource does with a request.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{GrpcRefusal, ResourceKnobs};
use crate::{
    Acceptor,
    emulator::bearer,
    ledger::{Notes, Request},
    server::{self, Answer},
};

pub(super) struct Handler {
    pub(super) accepts: Acceptor,
    pub(super) knobs: Arc<Mutex<ResourceKnobs>>,
    pub(super) refused: Arc<AtomicUsize>,
}

impl server::Handler for Handler {
    fn answer(&self, request: &Request, _: &mut Notes) -> Answer {
        let good = bearer(request).is_some_and(|token| (self.accepts)(token));
        let mut knobs = self.knobs.lock().unwrap_or_else(PoisonError::into_inner);
        let unlucky = knobs.refuse_next > 0;
        if unlucky && knobs.refuse_next != usize::MAX {
            knobs.refuse_next -= 1;
        }
        let kind = request.header("content-type").unwrap_or_default();
        let grpc = kind.starts_with("application/grpc");
        let mut answer = match (good && !unlucky, grpc) {
            (true, false) => describe(request),
            (true, true) => echo(request),
            (false, grpc) => {
                self.refused.fetch_add(1, Ordering::SeqCst);
                if grpc {
                    knobs.refuse_grpc(request)
                } else {
                    knobs.refuse()
                }
            }
        };
        answer.headers.extend(knobs.headers.iter().cloned());
        answer
    }
}

fn describe(request: &Request) -> Answer {
    let hash = Sha256::digest(request.body());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let body = json!({
        "method": request.method(),
        "path": request.path(),
        "length": request.body().len(),
        "sha256": hash,
    });
    Answer::json(200, body.to_string())
}

fn echo(request: &Request) -> Answer {
    let mut answer = Answer::empty(200).header("content-type", "application/grpc");
    answer.body = request.body().clone();
    answer.trailers.push(("grpc-status".into(), "0".into()));
    answer
}

impl ResourceKnobs {
    fn refuse(&self) -> Answer {
        let answer = Answer::json(self.refusal_status, r#"{"message":"refused"}"#);
        match &self.challenge {
            Some(challenge) => answer.header("www-authenticate", challenge.clone()),
            None => answer,
        }
    }

    fn refuse_grpc(&self, request: &Request) -> Answer {
        let answer = Answer::empty(200).header("content-type", "application/grpc");
        // Code 16 is UNAUTHENTICATED.
        let status = [("grpc-status", "16"), ("grpc-message", "refused")];
        let mut answer = match self.grpc_refusal {
            GrpcRefusal::TrailersOnly => {
                let [first, second] = status;
                return answer.header(first.0, first.1).header(second.0, second.1);
            }
            GrpcRefusal::Trailers => answer,
            GrpcRefusal::TrailersAfterMessage => Answer {
                body: request.body().clone(),
                ..answer
            },
        };
        let trailers = status.map(|(name, value)| (name.to_owned(), value.to_owned()));
        answer.trailers.extend(trailers);
        answer
    }
}
