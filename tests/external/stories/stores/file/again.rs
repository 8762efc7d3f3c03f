//! A story in a process of its own, which a shell prepares.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the folder of a story that runs in a process of its own.
const PLACE: &str = "AUTH_FILE_STORE_PLACE";

/// A file system in memory with room for little, at the folder of the story and seen by its process alone.
pub(super) const SMALL: &str = r#"exec unshare -rm sh -c '
    mount -t tmpfs -o size=64k,mode=0700 none "$AUTH_FILE_STORE_PLACE" && exec "$@"' sh "$@""#;

/// A disk of the story's own, which the story mounts. Only root may.
pub(super) const DISK: &str = r#"
    mkfs.ext4 -q "$AUTH_FILE_STORE_PLACE/disk" 16M && mkdir "$AUTH_FILE_STORE_PLACE/mounted" || exit 1
    [ "$(id -u)" = 0 ] || set -- sudo -n --preserve-env=AUTH_FILE_STORE_PLACE,AUTH_CRASH_RUNS_DIVISOR "$@"
    exec unshare -m "$@""#;

/// Files may not grow over a limit that the process sets itself, and it is not killed for trying.
pub(super) const LIMITED: &str = r#"trap "" XFSZ; exec "$@""#;

/// Files are made with every right that is not taken from them.
pub(super) const OPEN: &str = r#"umask 000; exec "$@""#;

/// Runs the story `test` of `module` once more, in a process that `shell` prepares. There it returns the folder of the
/// story; here, nothing once that process has ended well.
pub(super) fn under(shell: &str, module: &str, test: &str) -> Option<PathBuf> {
    if let Some(place) = env::var_os(PLACE) {
        return Some(place.into());
    }
    let place = tempfile::tempdir().unwrap();
    let (_, module) = module.split_once("::").unwrap();
    let status = Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(env::current_exe().unwrap())
        .arg(format!("{module}::{test}"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .env(PLACE, place.path())
        .status()
        .unwrap();
    assert!(
        status.success(),
        "{test} ended with {status}; where nothing else is said above, it needs programs and the right to mount: \
         apt-get install util-linux mount e2fsprogs",
    );
    None
}

/// Mounts the file system of a story once more with other options.
pub(super) fn remount(place: &Path, options: &str) {
    let options = format!("remount,{options}");
    run("mount", &["-o".as_ref(), options.as_ref(), place.as_ref()]);
}

/// Runs a program that must succeed.
pub(super) fn run(program: &str, arguments: &[&OsStr]) {
    let status = Command::new(program).args(arguments).status();
    assert!(status.unwrap().success(), "{program} {arguments:?}");
}
