//! A token that a process reads back whose clocks are not those of the process that stored it.

use std::time::{Duration, SystemTime};

use auth_core::{Clock, MemoryStore, StoreKey, TokenStore};
use auth_store::{Keys, Sealed};
use auth_testkit::ManualClock;

use super::front::{BACK, FORWARD, Front, HOUR, Numbered, YEAR, builder};

fn key() -> StoreKey {
    StoreKey::new(["faults", "restored"])
}

/// A store whose records are text, read by the clock of the process that has it.
fn store(disk: &MemoryStore, keys: &Keys, clock: &ManualClock) -> Sealed<MemoryStore> {
    Sealed::new(disk.clone(), keys.clone()).clock(clock.clone())
}

struct Story {
    disk: MemoryStore,
    keys: Keys,
    grant: Numbered,
    wall: SystemTime,
}

impl Story {
    /// Stores a token that lasts `length`, by a process that ends then.
    async fn stored(length: Duration) -> Self {
        let (disk, keys) = (MemoryStore::new(), Keys::generate("story").unwrap());
        let (clock, grant) = (ManualClock::new(), Numbered::new(length));
        clock.advance(HOUR);
        let source = builder(&grant, &clock)
            .store(store(&disk, &keys, &clock), key())
            .build();
        assert_eq!(Front::new(&source).sends().await, "t-1");
        Self {
            disk,
            keys,
            grant,
            wall: clock.wall(),
        }
    }

    /// Starts the next process, whose monotonic clock begins anew.
    fn restart(&self) -> (ManualClock, impl Fn(&ManualClock) -> Front) {
        let clock = ManualClock::new();
        clock.set_wall(self.wall);
        let (disk, keys, grant) = (self.disk.clone(), self.keys.clone(), self.grant.clone());
        let start = move |clock: &ManualClock| {
            let store = store(&disk, &keys, clock);
            Front::new(&builder(&grant, clock).store(store, key()).build())
        };
        (clock, start)
    }
}

#[tokio::test]
async fn fault_41_a_restored_token_does_not_outlive_the_time_it_was_asleep() {
    for (name, jump) in FORWARD {
        let story = Story::stored(HOUR).await;
        let (clock, start) = story.restart();
        jump(&clock);
        assert_eq!(
            start(&clock).sends().await,
            "t-2",
            "{name} before it came up"
        );

        let story = Story::stored(HOUR).await;
        let (clock, start) = story.restart();
        let mut front = start(&clock);
        assert_eq!(front.sends().await, "t-1", "it is as good as it was");
        jump(&clock);
        assert_eq!(front.sends().await, "t-2", "{name} while it was up");
        assert_eq!(story.grant.calls(), 2);
    }
}

#[tokio::test]
async fn fault_42_a_restored_token_lasts_no_longer_by_a_clock_that_went_back() {
    for (name, jump) in BACK {
        let story = Story::stored(HOUR).await;
        let (clock, start) = story.restart();
        jump(&clock);
        let mut front = start(&clock);
        assert_eq!(front.sends().await, "t-1", "{name}");
        clock.advance(HOUR - Duration::from_secs(301));
        assert_eq!(front.sends().await, "t-1", "{name}");
        clock.advance(Duration::from_secs(301));
        assert_eq!(front.sends().await, "t-2", "{name}");
        assert_eq!(story.grant.calls(), 2, "{name}");
        story.grant.spent_each_once();
    }
}

#[tokio::test]
async fn fault_42_a_restored_token_counts_what_passed_while_nobody_was_up() {
    let story = Story::stored(HOUR).await;
    let (clock, start) = story.restart();
    clock.advance_wall_only(HOUR / 2);
    let mut front = start(&clock);
    assert_eq!(front.sends().await, "t-1");
    // The monotonic clock alone ends it, half an hour from here on.
    let wall = clock.wall();
    clock.advance(HOUR / 2);
    clock.set_wall(wall);
    assert_eq!(front.sends().await, "t-2");
}

#[tokio::test]
async fn fault_17_a_lifetime_of_136_years_is_stored_as_ten() {
    for length in [
        136 * YEAR,
        Duration::from_secs(u32::MAX.into()),
        Duration::MAX,
    ] {
        let story = Story::stored(length).await;
        let record = {
            let (clock, _) = story.restart();
            let store = store(&story.disk, &story.keys, &clock);
            store.load(&key()).await.unwrap().unwrap()
        };
        let life = record.set.token().unwrap().lifetime().unwrap();
        assert_eq!(life.length(), 10 * YEAR);
        let (clock, start) = story.restart();
        let mut front = start(&clock);
        clock.advance(10 * YEAR - Duration::from_secs(301));
        assert_eq!(front.sends().await, "t-1");
        clock.advance(Duration::from_secs(301));
        assert_eq!(front.sends().await, "t-2");
    }
}
