//! A process of its own on a disk of its own: this test binary, started again for one test in a namespace of mounts.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// Names the folder of the story. Without it, the tests that play a child are none.
const FOLDER: &str = "AUTH_STORIES_SQLITE_FOLDER";

/// Plays the test `name` of the module `module` in a process that `script` prepares, which ends in running `"$@"`.
pub(super) fn play(module: &str, name: &str, folder: &Path, script: &str) {
    let (_, module) = module.split_once("::").unwrap();
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-euc",
            script,
            "sh",
        ])
        .arg(env::current_exe().unwrap())
        .arg(format!("{module}::{name}"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .output()
        .expect("there is no program unshare; apt-get install util-linux");
    let (told, wrong) = (output.stdout, output.stderr);
    let told = format!(
        "{}\n{}",
        String::from_utf8_lossy(&told),
        String::from_utf8_lossy(&wrong)
    );
    assert!(output.status.success(), "{told}");
    // A name with a mistake in it would run no test, which succeeds.
    assert!(told.contains("1 passed"), "{told}");
}

/// Returns the folder of the story, in a child.
pub(super) fn folder() -> Option<PathBuf> {
    env::var_os(FOLDER).map(PathBuf::from)
}

/// Changes how the folder is mounted, in a child.
pub(super) fn remount(folder: &Path, options: &str) {
    let done = Command::new("mount")
        .args(["-o", &format!("remount,{options}")])
        .arg(folder)
        .status();
    assert!(done.unwrap().success(), "{options}");
}
