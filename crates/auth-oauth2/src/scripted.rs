//! A transport and a clock that do as the tests say.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use auth_core::{Clock, Error, ErrorKind, Exchange, Secret, Sent, Sleep, TokenSet, Transport};
use bytes::Bytes;
use http::{Request, Response};

use crate::{Basic, Dialect, Endpoint, TokenClient};

/// Answers requests from a list and keeps what it was sent.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    /// `None` never answers.
    replies: VecDeque<Option<Result<Response<Bytes>, Error>>>,
    sent: Vec<Request<Bytes>>,
}

impl Script {
    pub(crate) fn reply(self, status: u16, body: &'static str) -> Self {
        let reply = Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .unwrap();
        self.0.lock().unwrap().replies.push_back(Some(Ok(reply)));
        self
    }

    pub(crate) fn fail(self, sent: Sent) -> Self {
        let error = Error::new(ErrorKind::Unavailable, "the connection broke").with_sent(sent);
        self.0.lock().unwrap().replies.push_back(Some(Err(error)));
        self
    }

    pub(crate) fn silence(self) -> Self {
        self.0.lock().unwrap().replies.push_back(None);
        self
    }

    /// Returns the body, or else the query, of every request so far.
    pub(crate) fn sent(&self) -> Vec<String> {
        let text = |request: &Request<Bytes>| match request.body() {
            body if body.is_empty() => request.uri().query().unwrap_or_default().to_owned(),
            body => String::from_utf8(body.to_vec()).unwrap(),
        };
        self.0.lock().unwrap().sent.iter().map(text).collect()
    }

    pub(crate) fn client(&self, dialect: Dialect) -> TokenClient {
        let endpoint = Endpoint::parse("https://login.example/token").unwrap();
        let client = Basic::raw("demo-client", &Secret::new("demo-secret")).unwrap();
        TokenClient::new(endpoint, client, self.clone(), dialect)
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let over = || Some(Err(Error::new(ErrorKind::Protocol, "the script is over")));
        let line = {
            let mut lines = self.0.lock().unwrap();
            lines.sent.push(request);
            lines.replies.pop_front().unwrap_or_else(over)
        };
        match line {
            Some(reply) => reply,
            None => std::future::pending().await,
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
pub(crate) struct Stopped(Arc<Mutex<Duration>>);

impl Stopped {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn exchange(&self, previous: Option<TokenSet>) -> Exchange {
        let mut ctx = Exchange::new(Arc::new(self.clone()));
        ctx.previous = previous;
        ctx
    }
}

impl Clock for Stopped {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000) + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep_until(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}
