//! Stores that a series must find out, or it finds out nothing.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::PathBuf,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use auth_core::{Error, Secret, StoreKey};
use auth_store::{Backend, KeyLock, LockFolder, Numbers, Slot, Value, crash};

/// A store in one file with locks that hold, but written badly.
#[derive(Clone)]
pub(super) struct Flawed {
    locks: LockFolder,
    way: Way,
    writes: Arc<AtomicUsize>,
}

/// What is wrong.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    InPlace,
    Forgetful,
    Unsynced,
}

pub(super) struct FlawedSlot(Flawed, KeyLock);

impl Flawed {
    /// One that truncates the file and writes it anew.
    pub(super) fn in_place(place: &str) -> Result<Self, Error> {
        Self::new(place, Way::InPlace)
    }

    /// One that acknowledges each third write without doing it.
    pub(super) fn forgetful(place: &str) -> Result<Self, Error> {
        Self::new(place, Way::Forgetful)
    }

    /// One that survives every kill, but does not wait for the disk.
    pub(super) fn unsynced(place: &str) -> Result<Self, Error> {
        Self::new(place, Way::Unsynced)
    }

    fn new(place: &str, way: Way) -> Result<Self, Error> {
        Ok(Self {
            locks: LockFolder::open(place)?,
            way,
            writes: Arc::default(),
        })
    }

    fn file(&self) -> PathBuf {
        self.locks.folder().path().join("only.login")
    }

    fn value(&self) -> Option<Value> {
        match fs::read_to_string(self.file()) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            text => {
                let text = text.unwrap();
                let (version, body) = text.split_once(' ').unwrap_or(("0", &text));
                Some(Value::new(version.parse().unwrap_or(0), Secret::from(body)))
            }
        }
    }
}

#[async_trait]
impl Backend for Flawed {
    type Slot = FlawedSlot;

    async fn read(&self, _: &StoreKey) -> Result<Option<Value>, Error> {
        Ok(self.value())
    }

    async fn lock(&self, key: &StoreKey) -> Result<FlawedSlot, Error> {
        Ok(FlawedSlot(self.clone(), self.locks.lock(key).await?))
    }

    async fn keys(&self) -> Result<Vec<StoreKey>, Error> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Slot for FlawedSlot {
    async fn read(&mut self) -> Result<Option<Value>, Error> {
        Ok(self.0.value())
    }

    async fn write(&mut self, _: Option<u64>, value: &Value) -> Result<(), Error> {
        let text = format!("{} {}", value.version, value.body.expose());
        if self.0.way == Way::InPlace {
            let mut file = File::create(self.0.file()).unwrap();
            file.write_all(&text.as_bytes()[..text.len() / 2]).unwrap();
            crash::point("file:half-written");
            file.write_all(&text.as_bytes()[text.len() / 2..]).unwrap();
        } else if self.0.way == Way::Unsynced
            || self.0.writes.fetch_add(1, Ordering::Relaxed) % 3 < 2
        {
            let other = self.0.file().with_extension("temp");
            fs::write(&other, text).unwrap();
            crash::point("file:written");
            fs::rename(other, self.0.file()).unwrap();
            crash::point("file:renamed");
        }
        Ok(())
    }

    async fn erase(&mut self, _: u64) -> Result<(), Error> {
        fs::remove_file(self.0.file()).unwrap();
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn numbers(&mut self) -> &mut Numbers {
        self.1.numbers()
    }

    async fn release(self) -> Result<(), Error> {
        self.1.release().await;
        Ok(())
    }
}

/// A store that is torn by a kill half-way, or that acknowledges what it does not do, does not pass.
#[tokio::test]
async fn flawed_stores_are_found_out() {
    let place = tempfile::tempdir().unwrap();
    let name = |kind: &str| format!("{kind} {}", place.path().join(kind).display());
    let torn = super::at_every_point(&name("written-in-place"), &["file:half-written"], 2).await;
    let problem = torn.unwrap_err();
    assert!(problem.contains("cannot be read"), "{problem}");
    // Not each kill comes right after a write that was not done, but the first that does ends the series.
    let lost = super::at_random(&name("forgetful"), 50).await;
    let problem = lost.unwrap_err();
    assert!(problem.contains("is stored"), "{problem}");
    // Where it is killed at no bad moment, nothing is wrong with it.
    let place = name("written-in-place") + "-2";
    let tally = super::at_every_point(&place, &["lock:opened", "lock:releasing"], 2).await;
    assert_eq!(tally.unwrap().kills, 4);
}
