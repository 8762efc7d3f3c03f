//! What every flow is played on, and how it is judged.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use auth_core::{Cached, CachedBuilder, MemoryStore, Secret, StoreKey, TokenSource, TokenStore};
use auth_testkit::{
    InMemory, Ledger, ManualClock, OAuth2Emulator, OctorateEmulator, OrgApiEmulator, RatorEmulator,
};

use super::{
    Work, drop_after, ends, idle,
    stepped::{STEPS, SteppedStore},
    until_tasks,
};

/// An emulator, whichever it is.
pub(super) trait Issuer: Send + Sync {
    fn ledger(&self) -> &Ledger;
    fn refresh_tokens(&self) -> Vec<Secret>;
    fn accepts(&self, token: &str) -> bool;
    fn way(&self) -> InMemory;
}

/// What a run of drops came by.
pub(super) struct Met {
    /// How many polls the work takes.
    pub(super) polls: usize,
    /// Whether it was dropped before a request had arrived.
    pub(super) unsent: bool,
    /// Whether it was dropped when the server had done its work.
    pub(super) spent: bool,
}

macro_rules! issuers {
    ($($emulator:ty),*) => {$(
        impl Issuer for $emulator {
            fn ledger(&self) -> &Ledger {
                self.ledger()
            }

            fn refresh_tokens(&self) -> Vec<Secret> {
                self.refresh_tokens()
            }

            fn accepts(&self, token: &str) -> bool {
                self.accepts(token)
            }

            fn way(&self) -> InMemory {
                self.server().in_memory().steps(STEPS)
            }
        }
    )*};
}

issuers!(
    OAuth2Emulator,
    OctorateEmulator,
    OrgApiEmulator,
    RatorEmulator
);

/// A store that takes its time, and a clock for everybody.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) clock: ManualClock,
    pub(super) store: MemoryStore,
    pub(super) key: StoreKey,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            clock: ManualClock::new(),
            store: MemoryStore::new(),
            key: StoreKey::new(["story"]),
        }
    }

    pub(super) fn over(&self, builder: CachedBuilder) -> CachedBuilder {
        let store = SteppedStore(self.store.clone());
        builder
            .clock(self.clock.clone())
            .store(store, self.key.clone())
    }

    /// Returns the refresh token that is stored.
    pub(super) async fn stored(&self) -> Option<String> {
        let record = self.store.load(&self.key).await.unwrap()?;
        record.set.refresh().map(|token| token.expose().to_owned())
    }
}

/// A server, a source of its tokens, and what a caller is about to do.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) issuer: Arc<dyn Issuer>,
    pub(super) source: Cached,
    pub(super) work: Work,
}

/// One row: what is begun and dropped, and what it must have come to.
pub(super) struct Flow {
    pub(super) name: &'static str,
    pub(super) start: fn() -> Starting,
    /// Each kind of request, with how often it was sent once a fresh caller has its token; others not at all.
    pub(super) due: &'static [(&'static str, usize)],
    /// How long until the token must be replaced, and the grant that does it.
    pub(super) then: (Duration, &'static str),
}

pub(super) type Starting = std::pin::Pin<Box<dyn Future<Output = Scene>>>;

/// Drops the work of a flow after its first poll, its second, and so on to its end, each time on a new scene.
#[expect(clippy::future_not_send, reason = "a story is played on one thread")]
pub(super) async fn dropped_everywhere(flow: &Flow) -> Met {
    let (mut unsent, mut spent) = (false, false);
    for polls in 1.. {
        let at = format!("{}, dropped after poll {polls}", flow.name);
        let scene = (flow.start)().await;
        let (idle, sent) = (idle().await, counts(&scene));
        let outcome = drop_after(polls, scene.work).await;
        let scene = Judged {
            at,
            stage: scene.stage,
            issuer: scene.issuer,
            source: scene.source,
        };
        let arrived = !counted(&scene.issuer, &sent).is_empty();
        unsent |= !arrived;
        spent |= arrived && outcome.is_none();
        until_tasks(idle, &scene.at).await;
        scene.holds(flow, &sent).await;
        if let Some(outcome) = outcome {
            outcome.unwrap_or_else(|error| panic!("{}: {error}", scene.at));
            return Met {
                polls,
                unsent,
                spent,
            };
        }
    }
    unreachable!("the loop has no end of its own");
}

/// A scene whose work is over or dropped.
struct Judged {
    at: String,
    stage: Stage,
    issuer: Arc<dyn Issuer>,
    source: Cached,
}

impl Judged {
    async fn holds(&self, flow: &Flow, sent: &BTreeMap<String, usize>) {
        let at = &self.at;
        // No key is wedged, and whoever comes next has a token without another exchange.
        self.has_a_token().await;
        let due = flow
            .due
            .iter()
            .map(|(what, count)| ((*what).to_owned(), *count));
        assert_eq!(counted(&self.issuer, sent), due.collect(), "{at}");
        self.has_the_newest_login().await;
        // And the login goes on.
        let (life, grant) = flow.then;
        self.stage.clock.advance(life);
        let before = of(&self.issuer);
        self.has_a_token().await;
        let once = BTreeMap::from([(grant.to_owned(), 1)]);
        assert_eq!(counted(&self.issuer, &before), once, "{at}, later");
        self.has_the_newest_login().await;
        in_order(self.issuer.ledger(), at);
    }

    async fn has_a_token(&self) {
        let token = ends(self.source.token(), &self.at).await;
        let token = token.unwrap_or_else(|error| panic!("{}: {error}", self.at));
        let good = self.issuer.accepts(token.access().expose());
        assert!(good, "{}: the token is dead", self.at);
    }

    async fn has_the_newest_login(&self) {
        let issued = self.issuer.refresh_tokens();
        let newest = issued.last().map(|token| token.expose().to_owned());
        let stored = self.stage.stored().await;
        // Not by assert_eq, which would show both.
        assert!(stored == newest, "{}: a refresh token was lost", self.at);
    }
}

/// Checks that nothing was refused, as a spent token or code would be, and that everything was sent as documented.
pub(super) fn in_order(ledger: &Ledger, at: &str) {
    let refused = ledger.entries().into_iter().find(|entry| {
        let status = entry.status().unwrap_or_default();
        !(200..400).contains(&status)
    });
    assert!(refused.is_none(), "{at}: {refused:?}");
    assert_eq!(ledger.deviations(), [], "{at}");
    assert_eq!(ledger.secrets_out_of_place(), [], "{at}");
}

fn counts(scene: &Scene) -> BTreeMap<String, usize> {
    of(&scene.issuer)
}

/// What is asked with a token belongs to the caller who asks, so how often it was sent is not judged.
const OF_THE_CALLER: [&str; 2] = ["/rest-api-core/", "/connect/rest/v1/api/"];

/// Counts the requests that a server saw by grant, and by path where there is none.
fn of(issuer: &Arc<dyn Issuer>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in issuer.ledger().entries() {
        let path = entry.path();
        if OF_THE_CALLER.iter().any(|own| path.starts_with(own)) {
            continue;
        }
        let name = entry.grant().unwrap_or(path).to_owned();
        *counts.entry(name).or_default() += 1;
    }
    counts
}

fn counted(issuer: &Arc<dyn Issuer>, before: &BTreeMap<String, usize>) -> BTreeMap<String, usize> {
    let mut counts = of(issuer);
    for (name, count) in &mut counts {
        *count -= before.get(name).copied().unwrap_or_default();
    }
    counts.retain(|_, count| *count > 0);
    counts
}
