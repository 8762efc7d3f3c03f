//! A strict inner service, a scripted token source, and a way to poll by hand.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Held, Origins, Peek, Secret, Token, TokenSource};
use http::{HeaderMap, Request, Response, Uri, header::AUTHORIZATION};
use tower_service::Service;

use crate::BoxError;

pub(crate) const API: &str = "https://api.example/v1/things";

pub(crate) fn get<B>(uri: &'static str, body: B) -> Request<B> {
    let mut request = Request::new(body);
    *request.uri_mut() = Uri::from_static(uri);
    request
}

pub(crate) fn status(code: u16) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = code.try_into().unwrap();
    response
}

pub(crate) fn token(text: &str) -> Token {
    Token::bearer(Secret::new(text)).unwrap()
}

/// Polls `work` to its end. Everything in these tests wakes itself, so a long wait is a bug.
pub(crate) fn run<F: Future>(work: F) -> F::Output {
    let mut work = pin!(work);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(output) = work.as_mut().poll(&mut cx) {
            return output;
        }
    }
    panic!("the future does not end");
}

/// Polls `work` at most `times`, then drops it. Returns whether it ended.
pub(crate) fn run_for<F: Future>(work: F, times: usize) -> bool {
    let mut work = pin!(work);
    let mut cx = Context::from_waker(Waker::noop());
    (0..times).any(|_| work.as_mut().poll(&mut cx).is_ready())
}

/// Waits until `service` is ready, then calls it and waits for the answer.
pub(crate) fn send<S, B>(service: &mut S, request: Request<B>) -> Result<S::Response, S::Error>
where
    S: Service<Request<B>>,
{
    run(poll_fn(|cx| service.poll_ready(cx)))?;
    run(service.call(request))
}

async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What the inner service saw of one request.
#[derive(Clone, Debug)]
pub(crate) struct Seen<B> {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: B,
    pub(crate) noted: Option<u32>,
}

impl<B> Seen<B> {
    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get(AUTHORIZATION)?.to_str().ok()
    }
}

/// An inner service that panics when called without readiness. A clone is not ready, and none is ready at once.
pub(crate) struct Strict<B, R = ()> {
    shared: Arc<Shared<B, R>>,
    ready: bool,
    asked: bool,
}

struct Shared<B, R> {
    replies: Mutex<VecDeque<Result<Response<R>, BoxError>>>,
    seen: Mutex<Vec<Seen<B>>>,
}

impl<B, R> Strict<B, R> {
    pub(crate) fn new(replies: impl IntoIterator<Item = Response<R>>) -> Self {
        Self::scripted(replies.into_iter().map(Ok))
    }

    pub(crate) fn scripted(
        replies: impl IntoIterator<Item = Result<Response<R>, BoxError>>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                replies: Mutex::new(replies.into_iter().collect()),
                seen: Mutex::new(Vec::new()),
            }),
            ready: false,
            asked: false,
        }
    }
}

impl<B: Clone, R> Strict<B, R> {
    pub(crate) fn seen(&self) -> Vec<Seen<B>> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Returns the token that each request carried.
    pub(crate) fn tokens(&self) -> Vec<String> {
        let text = |seen: Seen<B>| seen.authorization().unwrap_or("none").to_owned();
        self.seen().into_iter().map(text).collect()
    }
}

impl<B, R> Clone for Strict<B, R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            ready: false,
            asked: false,
        }
    }
}

type Reply<R> = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

impl<B, R: Send + 'static> Service<Request<B>> for Strict<B, R> {
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Reply<R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if !self.asked {
            self.asked = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Reply<R> {
        assert!(self.ready, "called without readiness");
        self.ready = false;
        self.asked = false;
        let (head, body) = request.into_parts();
        self.shared.seen.lock().unwrap().push(Seen {
            uri: head.uri,
            headers: head.headers,
            body,
            noted: head.extensions.get().copied(),
        });
        let reply = self.shared.replies.lock().unwrap().pop_front();
        Box::pin(async {
            pause().await;
            reply.expect("an unexpected request")
        })
    }
}

/// A token source that hands out a list of tokens, a next one whenever the current one is rejected.
pub(crate) struct Scripted {
    origins: Origins,
    state: Mutex<State>,
}

struct State {
    next: VecDeque<Result<Token, Error>>,
    current: Option<Token>,
    peek: Peek,
    rejected: Vec<u64>,
    waits: usize,
    renewals: usize,
}

impl Scripted {
    /// Returns a source that holds nothing yet and will obtain tokens of these texts.
    pub(crate) fn new<const N: usize>(texts: [&str; N]) -> Arc<Self> {
        Self::with(
            "https://api.example",
            texts.into_iter().map(|text| Ok(token(text))),
        )
    }

    pub(crate) fn with(
        origin: &str,
        tokens: impl IntoIterator<Item = Result<Token, Error>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            origins: Origins::parse(origin).unwrap_or_default(),
            state: Mutex::new(State {
                next: tokens.into_iter().collect(),
                current: None,
                peek: Peek::Ready,
                rejected: Vec::new(),
                waits: 0,
                renewals: 0,
            }),
        })
    }

    pub(crate) fn failing(kind: ErrorKind) -> Arc<Self> {
        Self::with("https://api.example", [Err(Error::new(kind, "scripted"))])
    }

    /// Obtains the first token, so that the source holds one.
    pub(crate) fn warm(self: Arc<Self>) -> Arc<Self> {
        run(self.token()).unwrap();
        self.state.lock().unwrap().waits = 0;
        self
    }

    pub(crate) fn answer(&self, peek: Peek) {
        self.state.lock().unwrap().peek = peek;
    }

    pub(crate) fn rejected(&self) -> Vec<u64> {
        self.state.lock().unwrap().rejected.clone()
    }

    pub(crate) fn waits(&self) -> usize {
        self.state.lock().unwrap().waits
    }

    pub(crate) fn renewals(&self) -> usize {
        self.state.lock().unwrap().renewals
    }

    pub(crate) fn replace(&self, token: Token) {
        self.state.lock().unwrap().current = Some(token);
    }

    pub(crate) fn current(&self) -> Option<Token> {
        self.state.lock().unwrap().current.clone()
    }
}

#[async_trait]
impl TokenSource for Scripted {
    async fn token(&self) -> Result<Token, Error> {
        self.state.lock().unwrap().waits += 1;
        pause().await;
        let mut state = self.state.lock().unwrap();
        if let Some(token) = &state.current {
            return Ok(token.clone());
        }
        let next = state.next.pop_front();
        let token = next.unwrap_or_else(|| Err(Error::new(ErrorKind::LoginRequired, "used up")))?;
        state.current = Some(token.clone());
        Ok(token)
    }

    fn peek(&self, held: &mut Held) -> Peek {
        let state = self.state.lock().unwrap();
        match &state.current {
            Some(token) => {
                held.keep(token, token.generation(), None);
                state.peek
            }
            None => Peek::Absent,
        }
    }

    fn renew(&self) {
        self.state.lock().unwrap().renewals += 1;
    }

    fn reject(&self, refused: &Token) {
        let mut state = self.state.lock().unwrap();
        state.rejected.push(refused.generation());
        if state.current.as_ref().map(Token::generation) == Some(refused.generation()) {
            state.current = None;
        }
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}
