//! A clock that a story moves and its processes read.

use std::{
    env,
    fs::{self, File, OpenOptions},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use auth_core::{Clock, Sleep, SystemClock};
use auth_testkit::ManualClock;

/// The story's side: a manual clock whose time also stands in a file.
pub(super) struct StoryClock {
    manual: ManualClock,
    file: File,
    path: PathBuf,
}

impl StoryClock {
    pub(super) fn start() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("auth-stories-{}-{number}.clock", process::id()));
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .unwrap();
        let clock = Self {
            manual: ManualClock::new(),
            file,
            path,
        };
        clock.advance(Duration::ZERO);
        clock
    }

    /// Returns the clock for whoever runs in this process.
    pub(super) fn manual(&self) -> ManualClock {
        self.manual.clone()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.clone()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.manual.advance(by);
        let nanoseconds = u64::try_from(self.manual.monotonic().as_nanos()).unwrap();
        self.file
            .write_all_at(&nanoseconds.to_ne_bytes(), 0)
            .unwrap();
    }
}

impl Drop for StoryClock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The side of a process that was started by the story.
#[derive(Clone)]
pub(super) struct SharedClock {
    /// Kept open, because a process without free file descriptors reads its clock too.
    file: Arc<File>,
    start: SystemTime,
}

impl SharedClock {
    pub(super) fn open(path: &Path) -> Self {
        Self {
            file: Arc::new(File::open(path).unwrap()),
            start: ManualClock::new().wall(),
        }
    }
}

impl Clock for SharedClock {
    fn wall(&self) -> SystemTime {
        self.start + self.monotonic()
    }

    fn monotonic(&self) -> Duration {
        let mut nanoseconds = [0; 8];
        self.file.read_exact_at(&mut nanoseconds, 0).unwrap();
        Duration::from_nanos(u64::from_ne_bytes(nanoseconds))
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let (shared, real) = (self.clone(), SystemClock::new());
        // Nobody in this process hears when the story moves the time, so it looks again and again.
        Box::pin(async move {
            while shared.monotonic() < deadline {
                let tick = real.monotonic() + Duration::from_millis(5);
                real.sleep_until(tick).await;
            }
        })
    }
}
