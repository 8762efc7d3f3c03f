mod answers;
mod faults;
mod requests;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use auth_core::{Error, Sent, Transport};
use bytes::Bytes;
use http::{Request, Response};

use super::{
    clause::{Clause, PATIENCE},
    secrecy::texts,
};

/// A transport to hold to the contract of [`Transport`].
pub struct TransportFixture {
    transport: Arc<dyn Transport>,
    impatient: Option<Arc<dyn Transport>>,
    unsent: &'static [Sent],
    patience: Duration,
}

impl TransportFixture {
    /// Returns the fixture of `transport`, which must be able to send plain HTTP to loopback addresses.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self {
            transport: Arc::new(transport),
            impatient: None,
            unsent: &[Sent::No],
            patience: PATIENCE,
        }
    }

    /// Adds a transport of the same kind whose own time limit is short, half a second say, for the clause `deadline`.
    #[must_use]
    pub fn impatient(mut self, impatient: impl Transport + 'static) -> Self {
        self.impatient = Some(Arc::new(impatient));
        self
    }

    /// Lets a refused connection be told as maybe sent, for a transport over clients that do not tell it from a lost
    /// one. That costs a wait where another attempt would have been safe, and nothing else.
    #[must_use]
    pub fn blind(mut self) -> Self {
        self.unsent = &[Sent::No, Sent::Maybe];
        self
    }

    /// Says how long a call may take, in real time, before it counts as hanging: 10 s unless told otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn clause(&self, name: &'static str) -> Clause {
        Clause::new("transport", name, self.patience)
    }

    async fn send(
        &self,
        clause: Clause,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Error> {
        clause.soon(self.transport.send(request), "send()").await
    }
}

impl fmt::Debug for TransportFixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportFixture")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Holds a transport to the contract of [`Transport`], with small servers of its own on loopback addresses.
///
/// | clause | what it asks for |
/// | --- | --- |
/// | `intact` | method, path, query, headers and body arrive as they were, each once |
/// | `identity` | no compressed answer is asked for |
/// | `no_traces` | no Referer, no cookie from before |
/// | `any_status` | every answer is `Ok`, with its status, headers and body |
/// | `redirects` | a redirect is an answer, and is not followed |
/// | `largest_body` | a body of [`MAX_BODY`](auth_core::MAX_BODY) bytes is read |
/// | `body_limit` | a longer one is an error, also where it never ends |
/// | `not_sent` | a refused connection is told as nothing sent; see [`TransportFixture::blind`] |
/// | `lost` | a connection that ends before or within the answer is told as maybe sent |
/// | `once` | nothing is sent twice, not even where a connection that was kept has ended |
/// | `deadline` | a server that stays silent is given up; see [`TransportFixture::impatient`] |
/// | `configuration` | an address that cannot be sent to is an error of the configuration |
/// | `unavailable` | every other error is worth waiting for |
/// | `no_address` | no error names host, port, path, query or a secret |
///
/// # Panics
///
/// Where a clause is broken.
///
/// # Cancellation
///
/// Safe: the servers end with the suite.
pub async fn transport(fixture: &TransportFixture) {
    requests::run(fixture).await;
    answers::run(fixture).await;
    faults::run(fixture).await;
}

/// Returns a token request to `path` on the server at `root`, with a secret in each part.
fn request(root: &str, path: &str) -> Request<Bytes> {
    let body = Bytes::from_static(b"grant_type=refresh_token&refresh_token=contract-body-secret");
    Request::post(format!("{root}{path}?key=contract-query-secret"))
        .header("authorization", "Basic contract-header-secret")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-made-up", "one  two, \"three\"")
        .body(body)
        .expect("the parts of the address are made up of plain ASCII")
}

/// Checks that an error names nothing of the request.
fn quiet(fixture: &TransportFixture, root: &str, error: &Error) {
    let clause = fixture.clause("no_address");
    let texts = texts(error);
    let authority = root.trim_start_matches("http://");
    let port = authority.rsplit(':').next().unwrap_or(authority);
    for part in [authority, port, "contract-path", "-secret"] {
        clause.holds(
            !texts.contains(part),
            "an error names a part of the request",
        );
    }
}
