//! Disks that are full or cannot be written: the engine keeps the new token, says so, and saves it later.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{
    Cached, ErrorKind, Event, OnStoreFailure, Origins, Policy, TokenSource, TokenStore,
};
use auth_testkit::{ManualClock, ScriptedGrant, token_set};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{again, key, names, plain, soon, stored};

const HOUR: Duration = Duration::from_secs(3600);

/// A login over a store whose disk fills up in the middle of its second exchange.
struct Story {
    clock: Arc<ManualClock>,
    grant: ScriptedGrant,
    source: Cached,
    heard: Arc<Mutex<Vec<String>>>,
    logins: PathBuf,
}

impl Story {
    async fn begin(logins: PathBuf, on_store_failure: OnStoreFailure) -> Self {
        let (clock, grant) = (Arc::new(ManualClock::new()), ScriptedGrant::new());
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let mut policy = Policy::default();
        policy.jitter = 0.0;
        policy.on_store_failure = on_store_failure;
        let hears = Arc::clone(&heard);
        let source = Cached::builder(
            grant.clone(),
            Origins::parse("https://api.example").unwrap(),
        )
        .clock(Arc::clone(&clock))
        .policy(policy)
        .store(plain(&logins).clock(Arc::clone(&clock)), key())
        .observer(move |_: &str, event: &Event| {
            if let Event::Unsaved { error, .. } = event {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                hears.lock().unwrap().push(format!("unsaved: {error}"));
            } else if let Event::Saved = event {
                hears.lock().unwrap().push("saved".to_owned());
            }
        })
        .build();
        grant.rotates_to("access-1", HOUR, "refresh-1");
        assert_eq!(access(&source).await.unwrap(), "access-1");
        Self {
            clock,
            grant,
            source,
            heard,
            logins,
        }
    }

    /// The next exchange finds `trouble` after the provider has given a new refresh token.
    fn rotates_in(&self, trouble: impl FnOnce() + Send + 'static) {
        // Longer than the first one, so that it does not fit where that did.
        let refresh = format!("refresh-2-{}", "x".repeat(6_000));
        self.grant.acts(move |ctx| {
            trouble();
            Ok(token_set("access-2", HOUR, &refresh, &ctx.clock))
        });
        self.clock.advance(HOUR);
    }

    /// The new token is held in memory alone, and the old one is in the store as it was.
    async fn is_unsaved(&self, advice: &str) {
        assert!(self.source.status().unsaved);
        let heard = self.heard.lock().unwrap().clone();
        assert!(
            heard.iter().any(|event| event.contains(advice)),
            "{heard:?}"
        );
        let store = plain(&self.logins);
        assert_eq!(stored(&store).await.as_deref(), Some("refresh-1"));
        assert_eq!(names(&self.logins, ".temp"), [""; 0]);
    }

    /// There is room again: without another exchange, the new token is in the store and in use.
    async fn is_saved(&self, on_store_failure: OnStoreFailure) {
        match self.source.status().next_attempt {
            // The next caller saves it.
            Some(pause) => self.clock.advance(pause),
            // Nobody is needed for it.
            None if on_store_failure == OnStoreFailure::Serve => {
                self.clock.until_sleepers(1).await;
                self.clock.advance(Duration::from_secs(1));
                while self.source.status().unsaved {
                    tokio::task::yield_now().await;
                }
            }
            None => {}
        }
        assert_eq!(access(&self.source).await.unwrap(), "access-2");
        assert!(!self.source.status().unsaved);
        let store = plain(&self.logins);
        assert!(stored(&store).await.unwrap().starts_with("refresh-2"));
        assert_eq!(self.grant.calls(), 2, "no refresh token was spent twice");
    }

    /// Plays a disk that fills up, for both policies.
    async fn fills_up(
        logins: &Path,
        fill: impl Fn(&Path) + Copy + Send + 'static,
        empty: impl Fn(&Path),
        advice: &str,
    ) {
        for (name, policy) in [
            ("closed", OnStoreFailure::FailClosed),
            ("serve", OnStoreFailure::Serve),
        ] {
            let story = Self::begin(logins.join(name), policy).await;
            let place = logins.to_owned();
            story.rotates_in(move || fill(&place));
            let token = access(&story.source).await;
            match policy {
                OnStoreFailure::Serve => assert_eq!(token.unwrap(), "access-2"),
                _ => assert_eq!(token.unwrap_err().kind(), ErrorKind::Unavailable),
            }
            story.is_unsaved(advice).await;
            empty(logins);
            soon(story.is_saved(policy)).await;
            let saved = "saved".to_owned();
            assert!(story.heard.lock().unwrap().contains(&saved));
        }
    }
}

async fn access(source: &Cached) -> Result<String, auth_core::Error> {
    Ok(source.token().await?.access().expose().to_owned())
}

fn filler(place: &Path) -> PathBuf {
    place.join("filler")
}

#[tokio::test]
async fn fault_50_a_full_disk_loses_nothing() {
    let test = "fault_50_a_full_disk_loses_nothing";
    let Some(place) = again::under(again::SMALL, module_path!(), test) else {
        return;
    };
    let fill = |place: &Path| {
        let mut file = File::create(filler(place)).unwrap();
        while file.write_all(&[7; 512]).is_ok() {}
    };
    let empty = |place: &Path| fs::remove_file(filler(place)).unwrap();
    Story::fills_up(&place, fill, empty, "there is no room left").await;
}

#[tokio::test]
async fn fault_50_a_limit_of_the_process_loses_nothing() {
    let test = "fault_50_a_limit_of_the_process_loses_nothing";
    let Some(place) = again::under(again::LIMITED, module_path!(), test) else {
        return;
    };
    let limit = |most: Option<u64>| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = most.or(maximum);
        setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
    };
    let fill = move |_: &Path| limit(Some(2_000));
    let empty = move |_: &Path| limit(None);
    Story::fills_up(&place, fill, empty, "there is no room left").await;
}

#[tokio::test]
async fn fault_50_a_disk_that_is_full_from_the_start_spends_nothing() {
    let test = "fault_50_a_disk_that_is_full_from_the_start_spends_nothing";
    let Some(place) = again::under(again::SMALL, module_path!(), test) else {
        return;
    };
    let store = plain(&place.join("logins"));
    let mut file = File::create(filler(&place)).unwrap();
    while file.write_all(&[7; 512]).is_ok() {}
    let error = store.lease(&key()).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("there is no room left"),
        "{error}"
    );
    drop(file);
    fs::remove_file(filler(&place)).unwrap();
    store.lease(&key()).await.unwrap();
}

#[tokio::test]
async fn fault_51_a_disk_that_cannot_be_written_loses_nothing() {
    let test = "fault_51_a_disk_that_cannot_be_written_loses_nothing";
    let Some(place) = again::under(again::SMALL, module_path!(), test) else {
        return;
    };
    // Nobody can write, so that nobody gets the lease: who fails closed spends nothing.
    let story = Story::begin(place.join("closed"), OnStoreFailure::FailClosed).await;
    again::remount(&place, "ro");
    story.rotates_in(|| ());
    let error = access(&story.source).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("read-only"), "{error}");
    assert_eq!(story.grant.calls(), 1);
    again::remount(&place, "rw");
    soon(story.is_saved(OnStoreFailure::FailClosed)).await;

    let story = Story::begin(place.join("serve"), OnStoreFailure::Serve).await;
    again::remount(&place, "ro");
    story.rotates_in(|| ());
    assert_eq!(access(&story.source).await.unwrap(), "access-2");
    story.is_unsaved("read-only").await;
    // Reading goes on, also for who opens the folder anew.
    assert_eq!(plain(&place.join("serve")).list().await.unwrap(), [key()]);
    again::remount(&place, "rw");
    soon(story.is_saved(OnStoreFailure::Serve)).await;
}
