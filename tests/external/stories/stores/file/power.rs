//! Losses of power: whatever was not on the disk is gone.
//!
//! The folder is on a file system in an image of its own. What its programs write is in the image once the system put
//! it on that disk, and not before. So a copy of the image, made right after a process was killed, is the disk as it
//! would be after a loss of power at that moment; the next process works on the copy.

use std::{ffi::OsStr, fs, path::Path};

use super::again;
use crate::crash::{self, Series};

struct Disk<'a>(&'a Path);

impl Disk<'_> {
    /// Mounts the disk so that a rename alone does not put data on it, as it would on many file systems.
    fn mount(&self) {
        let (disk, mounted) = (self.0.join("disk"), self.0.join("mounted"));
        let options = OsStr::new("loop,noauto_da_alloc");
        again::run(
            "mount",
            &["-o".as_ref(), options, disk.as_ref(), mounted.as_ref()],
        );
    }

    fn loses_power(&self) {
        let (disk, copy) = (self.0.join("disk"), self.0.join("copy"));
        fs::copy(&disk, &copy).unwrap();
        // This writes everything to the old disk, which nobody sees again.
        again::run("umount", &[self.0.join("mounted").as_ref()]);
        fs::rename(&copy, &disk).unwrap();
        self.mount();
    }
}

#[tokio::test]
async fn a_loss_of_power_loses_nothing_that_was_acknowledged() {
    let test = "a_loss_of_power_loses_nothing_that_was_acknowledged";
    let Some(place) = again::under(again::DISK, module_path!(), test) else {
        return;
    };
    let disk = Disk(&place);
    disk.mount();
    let store = |kind: &str| format!("{kind} {}", place.join("mounted").join(kind).display());
    let series = |store| Series {
        store,
        then: || disk.loses_power(),
    };
    let file = store("file");
    let points = crash::points(&["file"]);
    let runs = crash::share_of(50);
    let tally = series(&file).at_every_point(&points, runs).await.unwrap();
    eprintln!("power lost at each of {} points: {tally:?}", points.len());
    let tally = series(&file).at_random(crash::share_of(1_000)).await;
    eprintln!("power lost at any instant: {:?}", tally.unwrap());

    // A store that does not wait for the disk survives kills alone, but no loss of power.
    let unsynced = store("unsynced");
    let survived = crash::at_every_point(&unsynced, &["file:renamed"], 2).await;
    assert_eq!(survived.unwrap().kills, 2);
    let lost = series(&unsynced).at_random(20).await;
    let problem = lost.unwrap_err();
    eprintln!("without waiting for the disk: {problem}");
    // The write is gone, or its file is there and has nothing in it.
    let reasons = ["is stored", "it cannot be read: what is stored"];
    assert!(
        reasons.iter().any(|reason| problem.contains(reason)),
        "{problem}"
    );
    // The lock that was held when the series failed may not be closed yet.
    let mounted = place.join("mounted");
    again::run("umount", &["--lazy".as_ref(), mounted.as_ref()]);
}
