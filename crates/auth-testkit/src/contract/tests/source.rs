use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use auth_core::{Clock, Error, Exchange, Grant, Held, Origin, Origins, Peek, Token, TokenSource};
use tokio::sync::watch;

use super::rejects;
use crate::{ManualClock, ScriptedGrant, contract::token_source};

#[tokio::test]
async fn accepts_an_honest_source() {
    accepted(Flaw::None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepts_an_honest_source_on_two_threads() {
    accepted(Flaw::None).await;
}

#[tokio::test]
async fn rejects_each_flaw() {
    let flaws = [
        ("first", Flaw::AsksAtOnce),
        ("held", Flaw::AsksAlways),
        ("one_attempt", Flaw::AttemptForEach),
        ("shared_failure", Flaw::FailureForEach),
        ("recovers", Flaw::FailsForEver),
        ("dropped_caller", Flaw::CallerOwnsAttempt),
        ("peek", Flaw::KeepsForeignHeld),
        ("peek", Flaw::ReadyWithoutToken),
        ("renew", Flaw::RenewsEachTime),
        ("renew_once", Flaw::AlwaysRenew),
        ("expired", Flaw::IgnoresEnd),
        ("suspended", Flaw::IgnoresWall),
        ("reject", Flaw::IgnoresRefusal),
        ("reject", Flaw::HeldOutlivesRefusal),
        ("late_reject", Flaw::RefusesAnything),
        ("origins", Flaw::OriginsAppear),
        ("secrecy", Flaw::Shows),
    ];
    let mut wrong = Vec::new();
    for (clause, flaw) in flaws {
        wrong.extend(rejects(clause, flaw, accepted(flaw)).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn accepted(flaw: Flaw) {
    token_source(move |grant, clock| {
        let source = Source(Arc::new(Inner {
            flaw,
            grant,
            clock,
            state: Mutex::default(),
            done: watch::Sender::new(0),
            looks: AtomicUsize::new(0),
            origins: [Origin::parse("https://api.example").unwrap()]
                .into_iter()
                .collect(),
        }));
        if flaw == Flaw::AsksAtOnce {
            source.start();
        }
        source
    })
    .await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    AsksAtOnce,
    AsksAlways,
    AttemptForEach,
    FailureForEach,
    FailsForEver,
    CallerOwnsAttempt,
    KeepsForeignHeld,
    ReadyWithoutToken,
    RenewsEachTime,
    AlwaysRenew,
    IgnoresEnd,
    IgnoresWall,
    IgnoresRefusal,
    HeldOutlivesRefusal,
    RefusesAnything,
    OriginsAppear,
    Shows,
}

/// A small source that does everything right, but for its flaw.
#[derive(Clone)]
struct Source(Arc<Inner>);

struct Inner {
    flaw: Flaw,
    grant: ScriptedGrant,
    clock: ManualClock,
    state: Mutex<State>,
    /// Counts the attempts that are over.
    done: watch::Sender<usize>,
    looks: AtomicUsize,
    origins: Origins,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    failed: Option<Error>,
    busy: bool,
    told: bool,
}

impl Source {
    fn usable(&self) -> Option<Token> {
        let state = self.0.state.lock().unwrap();
        let token = state.current.clone()?;
        let (ends, now) = (token.lifetime().unwrap().ends(), self.0.clock.now());
        let ended = match self.0.flaw {
            Flaw::IgnoresEnd => false,
            Flaw::IgnoresWall => now.monotonic >= ends.monotonic(),
            _ => ends.has_come(now),
        };
        (!ended).then_some(token)
    }

    /// Makes sure that an attempt is under way, in a task of its own.
    fn start(&self) {
        let mut state = self.0.state.lock().unwrap();
        if std::mem::replace(&mut state.busy, true) {
            return;
        }
        let source = self.clone();
        tokio::spawn(async move { source.attempt().await });
    }

    async fn attempt(&self) -> Result<Token, Error> {
        let ctx = Exchange::new(Arc::new(self.0.clock.clone()));
        let outcome = self.0.grant.exchange(&ctx).await;
        let outcome = outcome.map(|set| set.token().unwrap().clone());
        {
            let mut state = self.0.state.lock().unwrap();
            state.busy = false;
            state.failed = outcome.as_ref().err().cloned();
            state.told = false;
            if let Ok(token) = &outcome {
                state.current = Some(token.clone());
            }
        }
        self.0.done.send_modify(|done| *done += 1);
        outcome
    }

    fn failure(&self) -> Option<Error> {
        self.0.state.lock().unwrap().failed.clone()
    }
}

#[async_trait]
impl TokenSource for Source {
    async fn token(&self) -> Result<Token, Error> {
        match self.0.flaw {
            Flaw::AsksAlways | Flaw::AttemptForEach
                if self.0.flaw == Flaw::AsksAlways || self.usable().is_none() =>
            {
                return self.attempt().await;
            }
            Flaw::FailsForEver => {
                if let Some(error) = self.failure() {
                    return Err(error);
                }
            }
            _ => {}
        }
        if let Some(token) = self.usable() {
            return Ok(token);
        }
        if self.0.flaw == Flaw::CallerOwnsAttempt {
            let busy = std::mem::replace(&mut self.0.state.lock().unwrap().busy, true);
            if !busy {
                return self.attempt().await;
            }
        }
        let mut done = self.0.done.subscribe();
        self.start();
        done.changed().await.unwrap();
        match (self.usable(), self.failure()) {
            (_, Some(_)) if self.0.flaw == Flaw::FailureForEach => self.attempt().await,
            (Some(token), _) => Ok(token),
            (None, error) => Err(error.unwrap()),
        }
    }

    fn peek(&self, held: &mut Held) -> Peek {
        let look = self.0.looks.fetch_add(1, Ordering::Relaxed);
        let Some(token) = self.usable() else {
            let refused = self.0.state.lock().unwrap().current.is_none();
            let outlives = refused && self.0.flaw == Flaw::HeldOutlivesRefusal;
            let kept = held.token().is_some() && outlives;
            let ready = kept || self.0.flaw == Flaw::ReadyWithoutToken;
            return if ready { Peek::Ready } else { Peek::Absent };
        };
        if self.0.flaw != Flaw::KeepsForeignHeld || held.token().is_none() {
            held.keep(&token, token.generation(), None);
        }
        let left = token.lifetime().unwrap().ends().left(self.0.clock.now());
        let due = left < token.lifetime().unwrap().length() / 5;
        let told = std::mem::replace(&mut self.0.state.lock().unwrap().told, due);
        let again = self.0.flaw == Flaw::AlwaysRenew && look > 0;
        if due && (!told || again) {
            Peek::Renew
        } else {
            Peek::Ready
        }
    }

    fn renew(&self) {
        if self.0.flaw == Flaw::RenewsEachTime {
            self.0.state.lock().unwrap().busy = false;
        }
        self.start();
    }

    fn reject(&self, refused: &Token) {
        let mut state = self.0.state.lock().unwrap();
        let current = state.current.as_ref().map(Token::generation);
        let hit = current == Some(refused.generation()) && self.0.flaw != Flaw::IgnoresRefusal;
        if hit || self.0.flaw == Flaw::RefusesAnything {
            state.current = None;
        }
    }

    fn origins(&self) -> &Origins {
        let begun = self.0.grant.calls() == 0;
        if begun && self.0.flaw == Flaw::OriginsAppear {
            return Origins::none();
        }
        &self.0.origins
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.usable();
        let shown = token.as_ref().filter(|_| self.0.flaw == Flaw::Shows);
        f.write_str(shown.map_or("Source", |token| token.access().expose()))
    }
}
