//! One operating-system lock per key, as files in a private folder.

mod attempt;
mod folder;

use std::{fmt, fs::File, path::Path, sync::Arc, time::Duration};

use auth_core::{Clock, Error, StoreKey, SystemClock};

use crate::{Numbers, Turn, Turns, crash};

use self::attempt::{TryLock, attempt, keep};

pub use self::folder::PrivateFolder;

#[cfg(test)]
mod tests;

/// The first and the longest wait between two attempts, before jitter.
const WAITS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(32));

/// A folder of locks, one file per key, that processes of one machine share. Cheap to clone.
///
/// A lock is one of the operating system and belongs to an open file (`flock`): it ends with the process, however that
/// ends, so a lock file that is left behind is free at once. Lock files are never deleted: who waits on a deleted one
/// would hold a lock that nobody else sees. They are empty but for a number, and as many as there are keys.
///
/// # Example
///
/// ```
/// use auth_core::StoreKey;
/// use auth_store::LockFolder;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let place = tempfile::tempdir()?;
/// let folder = LockFolder::open(place.path().join("logins"))?;
/// let mut lock = folder.lock(&StoreKey::new(["example", "alice"])).await?;
/// let fence = lock.numbers().fence();
/// lock.release().await;
///
/// let mut lock = folder.lock(&StoreKey::new(["example", "alice"])).await?;
/// assert!(lock.numbers().fence() > fence);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LockFolder {
    folder: PrivateFolder,
    turns: Turns,
    clock: Arc<dyn Clock>,
    try_lock: TryLock,
}

impl LockFolder {
    /// Opens the folder at `path`, as [`PrivateFolder::open`] does.
    ///
    /// Open a path once in a process and clone what you get: clones wait in the order in which they came.
    ///
    /// # Errors
    ///
    /// As [`PrivateFolder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self::within(PrivateFolder::open(path)?))
    }

    /// Returns the locks in a folder that is open already. Their files end in `.lock`.
    pub fn within(folder: PrivateFolder) -> Self {
        Self {
            folder,
            turns: Turns::default(),
            clock: Arc::new(SystemClock::new()),
            try_lock: File::try_lock,
        }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &PrivateFolder {
        &self.folder
    }

    /// Waits until nobody else holds the lock of `key`, in this process or another, and takes it.
    ///
    /// It must be polled within a Tokio runtime that has its timer enabled.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](auth_core::ErrorKind::Configuration) where the file system has no locks, or where something else than a lock file that
    /// only this user can open is in its place; [`ErrorKind::Unavailable`](auth_core::ErrorKind::Unavailable) where the folder cannot be written now.
    ///
    /// # Cancellation
    ///
    /// Whoever stops waiting holds nothing.
    pub async fn lock(&self, key: &StoreKey) -> Result<KeyLock, Error> {
        let turn = self.turns.wait(key).await;
        let name = format!("{}.lock", PrivateFolder::name_of(key));
        let (mut wait, longest) = WAITS;
        loop {
            if let Some((file, numbers)) = self.attempt(name.clone()).await? {
                return Ok(KeyLock {
                    file,
                    numbers,
                    folder: self.folder.clone(),
                    _turn: turn,
                });
            }
            // Processes that wait for the same lock must not ask in step.
            let jittered = wait.mul_f64(0.5 + random());
            let then = self.clock.monotonic().saturating_add(jittered);
            self.clock.sleep_until(then).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// Tries once, on a thread that may block: a file is opened, read and written.
    async fn attempt(&self, name: String) -> Result<Option<(File, Numbers)>, Error> {
        let (clock, try_lock) = (Arc::clone(&self.clock), self.try_lock);
        // Where nobody waits for the outcome any more, the file is closed with it, and the lock is free.
        self.folder
            .run(move |folder| attempt(folder, &name, &*clock, try_lock))
            .await
    }
}

impl fmt::Debug for LockFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockFolder")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The lock of one key. Dropping it unlocks the key.
pub struct KeyLock {
    file: File,
    numbers: Numbers,
    folder: PrivateFolder,
    // The last one: the next in line may find the file locked no more.
    _turn: Turn,
}

impl KeyLock {
    /// Returns the numbers of this lock, all higher than those of every earlier lock of the key.
    pub fn numbers(&mut self) -> &mut Numbers {
        &mut self.numbers
    }

    /// Makes sure that the numbers are above `version`, which was found stored.
    ///
    /// They are, unless the lock files were lost or the clock went back.
    ///
    /// # Errors
    ///
    /// As [`LockFolder::lock`].
    pub fn raise(&mut self, version: u64) -> Result<(), Error> {
        if self.numbers.fence() <= version {
            let numbers = Numbers::after(version);
            keep(&self.folder, &self.file, numbers.number())?;
            self.numbers = numbers;
        }
        Ok(())
    }

    /// Unlocks the key.
    ///
    /// # Cancellation
    ///
    /// As dropping the lock.
    pub async fn release(self) {
        drop(self);
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        crash::point("lock:releasing");
        // Said aloud, because a process that was forked and has not become another program yet holds the file too.
        // What cannot be unlocked is unlocked when the file is closed.
        let _ = self.file.unlock();
    }
}

impl fmt::Debug for KeyLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLock")
            .field("numbers", &self.numbers)
            .finish_non_exhaustive()
    }
}

/// Returns a number below one. Without the system's generator, processes ask in step, which is no more than slow.
fn random() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / 2f64.powi(32)
}
