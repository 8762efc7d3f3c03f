//! What surrounds the engine in a model, all of it scripted: time, a provider, a store that fails.
//!
//! It keeps its books in what the checker does not see, so that it adds no schedules of its own.

use std::{
    collections::{HashSet, VecDeque},
    future::{Future, poll_fn},
    panic::resume_unwind,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

use crate::{
    CachedBuilder, Clock, Error, ErrorKind, Exchange, Grant, Lifetime, Now, Origins, Policy,
    Secret, Sent, Sleep, Token, TokenSet,
};

/// How long every token lasts, in seconds. The advisory window are the last 200 of it, the mandatory one the last 30.
pub(super) const LIFE: u64 = 1_000;
/// Longer than any pause, and shorter than the life of a token.
pub(super) const LONG: u64 = 400;
/// Longer than the pause after a first failure, and shorter than whatever an exchange or a save may take.
#[cfg(auth_model = "loom")]
pub(super) const SHORT: u64 = 4;
/// Where the clock starts, so that there is a time before.
const START: u64 = 100_000;

/// A clock that stands still, but for leaps.
#[derive(Clone, Default)]
pub(super) struct Still(Arc<Time>);

#[derive(Default)]
struct Time {
    seconds: AtomicU64,
    asleep: Mutex<Vec<Waker>>,
}

impl Still {
    pub(super) fn leap(&self, seconds: u64) {
        self.0.seconds.fetch_add(seconds, Ordering::SeqCst);
        let asleep = std::mem::take(&mut *own(&self.0.asleep));
        asleep.into_iter().for_each(Waker::wake);
    }
}

impl Clock for Still {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(START + self.0.seconds.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let clock = self.clone();
        Box::pin(poll_fn(move |cx| {
            if clock.monotonic() >= deadline {
                return Poll::Ready(());
            }
            own(&clock.0.asleep).push(cx.waker().clone());
            Poll::Pending
        }))
    }
}

/// What the provider does with one exchange. Without a script it answers.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// Answers with the next token, in a second poll.
    Late,
    /// Is away.
    Down,
    /// Has a bug.
    Panic,
}

/// A provider whose refresh tokens are spent by one exchange, and who never sees two exchanges of one login at a time.
#[derive(Clone)]
pub(super) struct Provider(Arc<Books>);

struct Books {
    clock: Still,
    script: Mutex<VecDeque<Answer>>,
    exchanges: AtomicUsize,
    under_way: AtomicUsize,
    spent: Mutex<HashSet<String>>,
    /// What must not happen and did. The engine takes a panic of its grant for its own.
    broken: Mutex<Option<&'static str>>,
}

impl Provider {
    pub(super) fn new(clock: &Still, script: &[Answer]) -> Self {
        Self(Arc::new(Books {
            clock: clock.clone(),
            script: Mutex::new(script.iter().copied().collect()),
            exchanges: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            spent: Mutex::default(),
            broken: Mutex::default(),
        }))
    }

    /// Returns how many exchanges were begun.
    pub(super) fn exchanges(&self) -> usize {
        assert_eq!(*own(&self.0.broken), None);
        self.0.exchanges.load(Ordering::SeqCst)
    }

    /// Returns whether an exchange was answered for this refresh token.
    #[cfg(auth_model = "shuttle")]
    pub(super) fn has_spent(&self, refresh: &Secret) -> bool {
        own(&self.0.spent).contains(refresh.expose())
    }

    fn must(&self, holds: bool, rule: &'static str) {
        if !holds {
            *own(&self.0.broken) = Some(rule);
        }
    }
}

#[async_trait]
impl Grant for Provider {
    async fn exchange(&self, ctx: &Exchange) -> Result<TokenSet, Error> {
        let books = &*self.0;
        let others = books.under_way.fetch_add(1, Ordering::SeqCst);
        let _leaves = Leaves(&books.under_way);
        self.must(others == 0, "one exchange at a time");
        let number = books.exchanges.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = own(&books.script).pop_front();
        match answer {
            None => {}
            Some(Answer::Late) => later().await,
            Some(Answer::Panic) => resume_unwind(Box::new("a bug")),
            Some(Answer::Down) => {
                return Err(Error::new(ErrorKind::Unavailable, "away").with_sent(Sent::No));
            }
        }
        // What was not answered may be sent again; nobody can know.
        if let Some(refresh) = ctx.refresh_token() {
            let fresh = own(&books.spent).insert(refresh.expose().to_owned());
            self.must(fresh, "no refresh token is spent twice");
        }
        Ok(set(number as u64, books.clock.now()))
    }
}

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Is ready when it is polled for the second time.
pub(super) async fn later() {
    let mut polled = false;
    poll_fn(|cx| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Returns the login of this number, obtained at `now`.
pub(super) fn set(number: u64, now: Now) -> TokenSet {
    let token = Token::bearer(Secret::new(format!("t{number}"))).expect("plain text");
    let life = Lifetime::new(now, Duration::from_secs(LIFE));
    TokenSet::new(token.with_lifetime(life)).with_refresh(Some(Secret::new(format!("r{number}"))))
}

/// Returns the number of a token, after a look at all of its parts.
pub(super) fn number(token: &Token) -> u64 {
    let text = token.access().expose();
    let header = token.headers().next().map(|(_, value)| value.as_bytes());
    assert_eq!(header, Some(format!("Bearer {text}").as_bytes()));
    text[1..].parse().expect("a number")
}

/// Returns a source without a store that holds the token of number 0, which was obtained just now.
#[cfg(auth_model = "loom")]
pub(super) fn source(provider: &Provider) -> crate::Cached {
    let held = set(0, provider.0.clock.now());
    builder(provider).previous(held).build()
}

/// Returns a source that holds nothing.
#[cfg(auth_model = "loom")]
pub(super) fn empty(provider: &Provider) -> crate::Cached {
    builder(provider).build()
}

pub(super) fn builder(provider: &Provider) -> CachedBuilder {
    let origins = Origins::parse("https://api.example").expect("an origin");
    crate::Cached::builder(provider.clone(), origins)
        .clock(provider.0.clock.clone())
        .policy(policy())
}

pub(super) fn policy() -> Policy {
    Policy {
        jitter: 0.0,
        ..Policy::default()
    }
}

/// Lets a login serve that could not be saved.
#[cfg(auth_model = "loom")]
pub(super) fn serves() -> Policy {
    Policy {
        on_store_failure: crate::OnStoreFailure::Serve,
        ..policy()
    }
}

/// Leaves no pause after a failure.
#[cfg(auth_model = "loom")]
pub(super) fn at_once(mut policy: Policy) -> Policy {
    policy.backoff_initial = Duration::ZERO;
    policy
}

/// Polls once and drops.
pub(super) fn give_up<F: Future>(future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// The lock of what the checker does not see.
pub(super) fn own<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics under it")
}
