//! Processes that are killed while they save logins, over any store.
//!
//! A store is named by a text: its kind, a space, and what [`open`] needs to open it once more, in this process or
//! another: `file /tmp/logins`. One line in [`open`] plugs in a store. A story of a store then says:
//!
//! ```text
//! let points = crash::points(&["lock", "file"]);
//! let tally = crash::at_every_point("file /tmp/logins", &points, crash::share_of(50)).await.unwrap();
//! let tally = crash::at_random("file /tmp/logins", crash::share_of(5_000)).await.unwrap();
//! ```
//!
//! A child takes a lease, notes an intent now and then, saves or removes, releases, and says over a pipe what it is
//! about to do and what was acknowledged. It dies at a point of [`auth_store::crash`] or at any instant. Then the store
//! is opened again: what is stored must be what was acknowledged last or what was being done, whole, with its version;
//! the lock must be free, and the fence must rise. The first violation ends a series and is its error.
//!
//! [`Series`] says what else happens after each death, such as a loss of power.
//!
//! The usual run is a twentieth of the full one: `AUTH_CRASH_RUNS_DIVISOR=1 cargo test -p external stores::` runs all.

mod child;
mod flawed;
mod login;
mod open;
mod verdict;

use std::env;

use self::{
    child::{Death, killed},
    verdict::History,
};

/// What was counted in a series.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// How many processes were killed.
    pub(crate) kills: usize,
    /// How many saves and removals were acknowledged.
    pub(crate) acknowledged: u64,
    /// How often a kill came before the acknowledgement, and what was being done had been done all the same.
    pub(crate) done_unsaid: usize,
    /// How often it came before, and what was being done was undone.
    pub(crate) undone: usize,
}

/// Returns how many runs of `full` are due: all of them, divided by `AUTH_CRASH_RUNS_DIVISOR`, which is 20 unless set.
pub(crate) fn share_of(full: usize) -> usize {
    let divisor = env::var("AUTH_CRASH_RUNS_DIVISOR").ok();
    let divisor = divisor.map_or(20, |text| text.parse().expect("a divisor is a number"));
    full.div_ceil(divisor)
}

/// Returns the points whose names begin with one of `kinds` and a colon.
pub(crate) fn points(kinds: &[&str]) -> Vec<&'static str> {
    let points = auth_store::crash::POINTS.iter().copied();
    let points: Vec<_> = points
        .filter(|point| kinds.contains(&point.split_once(':').expect("a kind").0))
        .collect();
    assert!(!points.is_empty(), "no point is of {kinds:?}");
    points
}

/// Kills `runs` processes at each of `points`, now at the first time that it is passed, now at a later one.
pub(crate) async fn at_every_point(
    store: &str,
    points: &[&str],
    runs: usize,
) -> Result<Tally, String> {
    let series = Series { store, then: || () };
    series.at_every_point(points, runs).await
}

/// Kills `runs` processes at instants that nobody chose.
pub(crate) async fn at_random(store: &str, runs: usize) -> Result<Tally, String> {
    Series { store, then: || () }.at_random(runs).await
}

/// Kills that are followed by something else before the store is opened again.
pub(crate) struct Series<'a, F> {
    /// The name of the store.
    pub(crate) store: &'a str,
    /// What happens after each death.
    pub(crate) then: F,
}

impl<F: Fn() + Sync> Series<'_, F> {
    pub(crate) async fn at_every_point(
        &self,
        points: &[&str],
        runs: usize,
    ) -> Result<Tally, String> {
        let deaths = points.iter().flat_map(|point| {
            (0..runs).map(move |run| Death::At(format!("{point}#{}", 1 + run % 5)))
        });
        self.judged(deaths).await
    }

    pub(crate) async fn at_random(&self, runs: usize) -> Result<Tally, String> {
        let deaths = (0..runs as u64).map(|run| Death::After {
            acknowledged: 1 + dice(run) % 10,
            microseconds: dice(run ^ 0x5eed) % 8_000,
        });
        self.judged(deaths).await
    }

    async fn judged(&self, deaths: impl Iterator<Item = Death> + Send) -> Result<Tally, String> {
        let mut history = History::begin(self.store).await?;
        let mut tally = Tally::default();
        for death in deaths {
            let (place, first) = (self.store.to_owned(), history.next());
            let told = format!("{death:?}");
            let end = tokio::task::spawn_blocking(move || killed(&place, first, &death))
                .await
                .map_err(|error| format!("{told}: {error}"))?;
            (self.then)();
            let judged = match end {
                Ok(end) => history.judge(self.store, &end, &mut tally).await,
                Err(problem) => Err(problem),
            };
            judged.map_err(|problem| format!("{told}, after {tally:?}: {problem}"))?;
        }
        Ok(tally)
    }
}

/// Returns a number that does not look like its neighbours (SplitMix64).
fn dice(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
