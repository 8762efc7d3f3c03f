use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use auth_core::{Error, ErrorKind, Held, Origins, Peek, Token, TokenSource};
use tokio::sync::watch;

use super::{Gate, script::lock};

/// A source that a test leads by hand; clones share everything.
///
/// It starts without a token. [`issue`](Self::issue) gives it one; [`queue`](Self::queue) lays up the outcomes of the
/// waits to come, for a test of what happens after a refusal.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Held, Origins, Peek, TokenSource};
/// use auth_testkit::{ManualClock, ScriptedSource, token};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), auth_core::Error> {
/// let clock = ManualClock::new();
/// let source = ScriptedSource::new(Origins::parse("https://api.example")?);
/// let first = token("first", Duration::from_secs(60), &clock);
/// source.issue(first.clone());
/// source.queue(Ok(token("second", Duration::from_secs(60), &clock)));
///
/// assert_eq!(source.peek(&mut Held::new()), Peek::Ready);
/// source.reject(&first);
/// assert_eq!(source.peek(&mut Held::new()), Peek::Absent);
/// assert_eq!(source.token().await?.access().expose(), "second");
/// assert!(source.refused(&first));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ScriptedSource(Arc<Scripted>);

struct Scripted {
    origins: Origins,
    state: Mutex<State>,
    waits: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    due: bool,
    queue: VecDeque<Result<Token, Error>>,
    gate: Option<Gate>,
    refused: Vec<u64>,
    renewals: usize,
}

impl ScriptedSource {
    /// Returns a source without a token, whose tokens may go to `origins`.
    pub fn new(origins: Origins) -> Self {
        Self(Arc::new(Scripted {
            origins,
            state: Mutex::default(),
            waits: watch::Sender::new(0),
        }))
    }

    /// Makes `token` the current one.
    pub fn issue(&self, token: Token) {
        self.state(|state| {
            state.current = Some(token);
            state.due = false;
        });
    }

    /// Makes one look at the current token answer [`Peek::Renew`].
    pub fn make_due(&self) {
        self.state(|state| state.due = true);
    }

    /// Takes the current token away, as its end does.
    pub fn expire(&self) {
        self.state(|state| state.current = None);
    }

    /// Lays up the outcome of a coming wait for a token; a token becomes the current one.
    pub fn queue(&self, outcome: Result<Token, Error>) {
        self.state(|state| state.queue.push_back(outcome));
    }

    /// Makes whoever waits for a token wait at `gate`.
    pub fn hold(&self, gate: &Gate) {
        self.state(|state| state.gate = Some(gate.clone()));
    }

    /// Returns how often [`renew`](TokenSource::renew) was called.
    pub fn renewals(&self) -> usize {
        self.state(|state| state.renewals)
    }

    /// Returns how often [`token`](TokenSource::token) was called.
    pub fn waits(&self) -> usize {
        *self.0.waits.borrow()
    }

    /// Waits until [`token`](TokenSource::token) was called `count` times.
    ///
    /// # Cancellation
    ///
    /// Safe: watching changes nothing.
    pub async fn until_waits(&self, count: usize) {
        let mut changes = self.0.waits.subscribe();
        // The sender lives in `self`, so this ends only by the count being reached.
        drop(changes.wait_for(|waits| *waits >= count).await);
    }

    /// Returns how often any token was rejected, late rejections included.
    pub fn rejections(&self) -> usize {
        self.state(|state| state.refused.len())
    }

    /// Returns whether `token` was rejected.
    pub fn refused(&self, token: &Token) -> bool {
        self.state(|state| state.refused.contains(&token.generation()))
    }

    fn state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut lock(&self.0.state))
    }
}

#[async_trait]
impl TokenSource for ScriptedSource {
    async fn token(&self) -> Result<Token, Error> {
        self.0.waits.send_modify(|waits| *waits += 1);
        if let Some(token) = self.state(|state| state.current.clone()) {
            return Ok(token);
        }
        if let Some(gate) = self.state(|state| state.gate.clone()) {
            gate.pass().await;
        }
        self.state(|state| {
            if let Some(token) = &state.current {
                return Ok(token.clone());
            }
            let outcome = state.queue.pop_front().unwrap_or_else(|| {
                let why = "the script of this test has no further token; queue one";
                Err(Error::new(ErrorKind::Protocol, why))
            });
            state.current = outcome.as_ref().ok().cloned();
            outcome
        })
    }

    fn peek(&self, held: &mut Held) -> Peek {
        self.state(|state| {
            let Some(token) = &state.current else {
                return Peek::Absent;
            };
            held.keep(token, token.generation(), None);
            if std::mem::take(&mut state.due) {
                Peek::Renew
            } else {
                Peek::Ready
            }
        })
    }

    fn renew(&self) {
        self.state(|state| state.renewals += 1);
    }

    fn reject(&self, refused: &Token) {
        self.state(|state| {
            state.refused.push(refused.generation());
            let current = state.current.as_ref().map(Token::generation);
            if current == Some(refused.generation()) {
                state.current = None;
            }
        });
    }

    fn origins(&self) -> &Origins {
        &self.0.origins
    }
}

impl fmt::Debug for ScriptedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedSource")
            .field("origins", &self.0.origins)
            .finish_non_exhaustive()
    }
}

/// A source of one token that never ends; once refused, it has none.
pub struct StaticSource {
    token: Token,
    origins: Origins,
    refused: AtomicBool,
}

impl StaticSource {
    /// Returns a source of `token`, which may go to `origins`.
    pub fn new(token: Token, origins: Origins) -> Self {
        Self {
            token,
            origins,
            refused: AtomicBool::new(false),
        }
    }
}

#[async_trait]
impl TokenSource for StaticSource {
    async fn token(&self) -> Result<Token, Error> {
        if self.refused.load(Ordering::Acquire) {
            let why = "the only token of this source was refused; give it another";
            return Err(Error::new(ErrorKind::Configuration, why));
        }
        Ok(self.token.clone())
    }

    fn peek(&self, held: &mut Held) -> Peek {
        if self.refused.load(Ordering::Acquire) {
            return Peek::Absent;
        }
        held.keep(&self.token, self.token.generation(), None);
        Peek::Ready
    }

    fn reject(&self, refused: &Token) {
        if refused.generation() == self.token.generation() {
            self.refused.store(true, Ordering::Release);
        }
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}

impl fmt::Debug for StaticSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticSource")
            .field("token", &self.token)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// A source that always fails with the same error.
#[derive(Debug)]
pub struct FailingSource {
    error: Error,
    origins: Origins,
    calls: AtomicUsize,
}

impl FailingSource {
    /// Returns a source that fails with `error`, and whose tokens could go to `origins`.
    pub fn new(error: Error, origins: Origins) -> Self {
        Self {
            error,
            origins,
            calls: AtomicUsize::new(0),
        }
    }

    /// Returns how often a token was asked for.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl TokenSource for FailingSource {
    async fn token(&self) -> Result<Token, Error> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Err(self.error.clone())
    }

    fn origins(&self) -> &Origins {
        &self.origins
    }
}
