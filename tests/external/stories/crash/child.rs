//! A process that saves until it dies: this test binary, started again for one test.

use std::{
    env,
    io::{BufRead, BufReader, Write, stdout},
    os::unix::process::ExitStatusExt,
    process::{self, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use auth_core::{Intent, TokenStore};
use tokio::runtime;

use super::{
    login::{key, login, removes},
    open::open,
};

/// Names the store of a child, and its first step. Without it, the test below is none.
const STORE: &str = "AUTH_CRASH_STORE";
const FIRST: &str = "AUTH_CRASH_FIRST";

/// Names the point at which a child dies by itself.
const POINT: &str = "AUTH_STORE_CRASH_AT";

/// How many steps a child takes that never comes to its point. One that the parent kills goes on until then.
const STEPS: usize = 200;

/// How a child dies.
#[derive(Debug)]
pub(super) enum Death {
    /// By itself, at a point, `#` and which time.
    At(String),
    /// By the parent, so long after so many acknowledgements.
    After {
        acknowledged: u64,
        microseconds: u64,
    },
}

/// What a child said before it died.
#[derive(Debug, Default)]
pub(super) struct End {
    /// The last step that it began.
    pub(super) tried: Option<u64>,
    /// The last step that was acknowledged, and the version that it gave.
    pub(super) acknowledged: Option<(u64, Option<u64>)>,
    /// How many steps were acknowledged.
    pub(super) count: u64,
}

/// Runs a child until it is dead.
pub(super) fn killed(store: &str, first: u64, death: &Death) -> Result<End, String> {
    let (_, module) = module_path!().split_once("::").expect("a module");
    let mut command = Command::new(env::current_exe().expect("this test binary"));
    command
        .arg(format!("{module}::saves_until_it_is_killed"))
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .env(FIRST, first.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if let Death::At(point) = death {
        command.env(POINT, point);
    }
    let mut child = Guard(command.spawn().expect("a child"));
    let lines = BufReader::new(child.0.stdout.take().expect("its pipe")).lines();
    let mut end = End::default();
    // What it said before it died stays in the pipe.
    for line in lines {
        let line = line.expect("text");
        let words: Vec<_> = line.split(' ').collect();
        let number = |index: usize| words.get(index).and_then(|word| word.parse().ok());
        match words[0] {
            "try" => end.tried = number(1),
            "ack" => {
                end.acknowledged = number(1).map(|step| (step, number(2)));
                end.count += 1;
            }
            _ => {}
        }
        if let Death::After {
            acknowledged,
            microseconds,
        } = *death
            && words[0] == "ack"
            && end.count == acknowledged
        {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_micros(microseconds) {
                std::hint::spin_loop();
            }
            child.0.kill().expect("it can be killed");
        }
    }
    let status = child.0.wait().expect("its end");
    match status.signal() {
        Some(9) => Ok(end),
        _ => Err(format!(
            "the child was not killed but ended with {status}: {end:?}"
        )),
    }
}

struct Guard(process::Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a story of its own: what runs in a child. Elsewhere it has nothing to do.
#[test]
fn saves_until_it_is_killed() {
    let (Ok(store), Ok(first)) = (env::var(STORE), env::var(FIRST)) else {
        return;
    };
    let first: u64 = first.parse().unwrap();
    let steps = env::var_os(POINT).map_or(usize::MAX, |_| STEPS);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let store = open(&store).await.unwrap();
        for number in (first..).take(steps) {
            say(&format!("try {number}"));
            match step(&*store, number).await {
                Some(version) => say(&format!("ack {number} {version}")),
                None => say(&format!("ack {number}")),
            }
        }
    });
}

/// Saves the login of a number, or removes the one there is, and returns the version saved.
async fn step(store: &dyn TokenStore, number: u64) -> Option<u64> {
    let mut lease = store.lease(&key()).await.unwrap();
    let stored = lease.load().await.unwrap().map(|record| record.version);
    let mut saved = None;
    match stored {
        Some(version) if removes(number) => lease.remove(version).await.unwrap(),
        None if removes(number) => {}
        _ => {
            if let Some(version) = stored
                && number % 2 == 1
            {
                let intent = Intent::new(SystemTime::now(), lease.fence());
                lease.begin(version, &intent).await.unwrap();
            }
            saved = Some(lease.save(stored, &login(number)).await.unwrap());
        }
    }
    lease.release().await.unwrap();
    saved
}

/// Says one line, in one piece. The line before may be one of the test harness and have no end yet.
fn say(line: &str) {
    let line = format!("\n{line}\n");
    stdout().lock().write_all(line.as_bytes()).unwrap();
}
