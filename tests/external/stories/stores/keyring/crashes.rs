//! A program that is killed while it saves and removes: afterwards the old login is there or the new one, whole.
//!
//! The full run, of 200 kills at random and 20 at each point:
//!
//! ```sh
//! AUTH_CRASH_RUNS_DIVISOR=1 cargo test -p external stores::keyring::crashes -- --nocapture
//! ```

use std::{
    collections::hash_map::RandomState,
    env,
    hash::{BuildHasher, Hasher},
};

use auth_core::{Secret, TokenStore, store::save_login};
use auth_store::{Durable, crash::POINTS};
use auth_store_keyring::KeyringStore;
use tokio::task::yield_now;

use super::{
    Stage,
    child::{Child, say},
    key, login,
};

/// How many changes a child makes before it ends by itself.
const CHANGES: u64 = 24;

#[tokio::test]
async fn a_program_that_dies_at_any_step_leaves_the_old_login_or_the_new_one() {
    let mut history = History::start();
    let own = |point: &&&str| point.starts_with("keyring:");
    for point in POINTS.iter().filter(own) {
        for time in 1..=runs(20) {
            let crash = format!("{point}#{time}");
            let mut child = history.child(Some(&crash));
            let survived = history.follow(&mut child, u64::MAX).await;
            assert!(!survived, "nobody died at {crash}");
        }
    }
    history.ends_tidy().await;
}

#[tokio::test]
async fn a_program_that_dies_at_any_moment_leaves_the_old_login_or_the_new_one() {
    let mut history = History::start();
    for _ in 0..runs(200) {
        let mut child = history.child(None);
        history.follow(&mut child, random() % CHANGES).await;
        for _ in 0..random() % 50_000 {
            yield_now().await;
        }
        child.kill().await;
        history.follow(&mut child, u64::MAX).await;
    }
    history.ends_tidy().await;
}

/// What may be stored after all that the children said.
struct History {
    stage: Stage,
    /// The number of each login that may be there; `None` where there may be none.
    possible: Vec<Option<u64>>,
    next: u64,
}

impl History {
    fn start() -> Self {
        Self {
            stage: Stage::start(),
            possible: vec![None],
            next: 1,
        }
    }

    fn child(&mut self, crash: Option<&str>) -> Child {
        let order = format!("churn {}", self.next);
        self.next += CHANGES;
        Child::start(&self.stage, &[&order], crash)
    }

    /// Takes in what the child says, until it made so many changes or ended. Returns whether it made all of them.
    async fn follow(&mut self, child: &mut Child, changes: u64) -> bool {
        let mut seen = 0;
        while seen <= changes {
            let Some(line) = child.line().await else {
                return false;
            };
            let (what, text) = line.split_once(' ').unwrap_or((&line, ""));
            match what {
                "begins" => self.possible.push(text.parse().ok()),
                "did" => {
                    self.possible = vec![text.parse().ok()];
                    seen += 1;
                }
                "found" => {
                    let found = text.parse().ok();
                    assert!(
                        self.possible.contains(&found),
                        "{text} of {:?}",
                        self.possible
                    );
                    self.possible = vec![found];
                }
                "survived" => return true,
                _ => panic!("a child said: {line}"),
            }
        }
        false
    }

    /// What the last one left over is gone once somebody saved again.
    async fn ends_tidy(&mut self) {
        let said = self.stage.play(&["save x", "save y", "load", "list"]).await;
        assert_eq!(said, ["saved", "saved", "found y", "list 1"]);
        let entries = self
            .stage
            .keyring
            .told()
            .matches("string \"Label\"")
            .count();
        assert_eq!(entries, 2, "more than a login and the list is left");
    }
}

/// Saves one login after the other, and removes some. The logins are numbered from `first`.
pub(super) async fn churn(store: &Durable<KeyringStore>, first: u64) {
    let found = store.load(&key()).await.unwrap();
    let listed = store.list().await.unwrap();
    assert_eq!(
        listed.len(),
        usize::from(found.is_some()),
        "the list differs"
    );
    let found = found.and_then(|record| record.set.refresh().cloned());
    say(&match found.as_ref().map(Secret::expose) {
        None => "found none".to_owned(),
        Some(text) => match text
            .split(':')
            .next()
            .and_then(|number| number.parse().ok())
        {
            Some(number) if text == numbered(number) => format!("found {number}"),
            _ => "mixed".to_owned(),
        },
    });
    for number in first..first + CHANGES {
        if number % 5 == 0 {
            say("begins none");
            let mut lease = store.lease(&key()).await.unwrap();
            if let Some(record) = lease.load().await.unwrap() {
                lease.remove(record.version).await.unwrap();
            }
            lease.release().await.unwrap();
            say("did none");
        } else {
            say(&format!("begins {number}"));
            save_login(store, &key(), &login(&numbered(number)))
                .await
                .unwrap();
            say(&format!("did {number}"));
        }
    }
    say("survived");
}

/// Returns a login that tells its number, in one entry or in several, and any part of another from its own.
fn numbered(number: u64) -> String {
    let lengths = [10, 1_500, 4_000];
    let length = lengths[usize::try_from(number % 3).unwrap()];
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap());
    format!("{number}:{}", letter.to_string().repeat(length))
}

/// Returns how many of the runs of the full count there are now: a twentieth, unless told otherwise.
fn runs(full: u64) -> u64 {
    let divisor = env::var("AUTH_CRASH_RUNS_DIVISOR").ok();
    let divisor = divisor.map_or(20, |divisor| divisor.parse().expect("it is a number"));
    (full / divisor.max(1)).max(1)
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
