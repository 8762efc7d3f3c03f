//! A program that uses the keyring: this test binary, started again for one test.

use std::{
    env, io,
    io::{BufRead, Write},
    path::Path,
    process::Stdio,
    time::Duration,
};

use auth_core::{Error, Secret, TokenStore, store::save_login};
use auth_store::{Backend, Durable};
use auth_store_keyring::KeyringStore;
use auth_testkit::contract::{StoreFixture, token_store};
use linux_keyutils_keyring_store::Store;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{self, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{Stage, crashes, key, login};

/// Holds the orders, one in a line. Without it, the test below is none.
const ORDERS: &str = "AUTH_KEYRING_ORDERS";
/// Names the folder of locks.
const LOCKS: &str = "AUTH_KEYRING_LOCKS";

/// Says that the keyring is that of the kernel.
const KERNEL: &str = "AUTH_KEYRING_OF_KERNEL";

/// A running child. It is killed when this is dropped.
pub(super) struct Child {
    process: process::Child,
    said: Lines<BufReader<ChildStdout>>,
    input: ChildStdin,
}

impl Child {
    pub(super) fn start(stage: &Stage, orders: &[&str], crash: Option<&str>) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &stage.address)
            .envs(crash.map(|point| ("AUTH_STORE_CRASH_AT", point)));
        Self::spawn(command, stage.locks.path(), orders)
    }

    /// Starts a child in a session of its own, which the kernel keeps keys for.
    pub(super) fn of_kernel(locks: &Path, orders: &[&str]) -> Self {
        let mut command = Command::new("keyctl");
        command
            .args(["session", "-"])
            .arg(env::current_exe().unwrap())
            .env(KERNEL, "yes");
        Self::spawn(command, locks, orders)
    }

    fn spawn(mut command: Command, locks: &Path, orders: &[&str]) -> Self {
        let (_, module) = module_path!().split_once("::").unwrap();
        let process = command
            .arg(format!("{module}::plays_a_program"))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(ORDERS, orders.join("\n"))
            .env(LOCKS, locks.join("locks"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let program = command.as_std().get_program().display();
        let mut process =
            process.unwrap_or_else(|error| panic!("{program}: {error}; apt-get install keyutils"));
        Self {
            said: BufReader::new(process.stdout.take().unwrap()).lines(),
            input: process.stdin.take().unwrap(),
            process,
        }
    }

    /// Waits for what the child says next. One that ended says nothing.
    pub(super) async fn line(&mut self) -> Option<String> {
        loop {
            let line = timeout(Duration::from_secs(120), self.said.next_line());
            let line = line.await.expect("the child says something").unwrap()?;
            // The harness of the tests speaks too.
            if let Some((_, said)) = line.split_once("> ") {
                return Some(said.to_owned());
            }
        }
    }

    /// Waits for all that the child says until its end.
    pub(super) async fn rest(mut self) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(line) = self.line().await {
            said.push(line);
        }
        let ended = self.process.wait().await.unwrap();
        assert!(ended.success(), "the child failed after {said:?}");
        said
    }

    /// Ends the order to wait.
    pub(super) async fn go_on(&mut self) {
        self.input.write_all(b"\n").await.unwrap();
    }

    /// Kills the child with no chance to tidy up.
    pub(super) async fn kill(&mut self) {
        // It may have killed itself.
        let _ = self.process.kill().await;
    }
}

/// Not a story of its own: what runs in a child. Elsewhere it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plays_a_program() {
    let (Ok(orders), Some(locks)) = (env::var(ORDERS), env::var_os(LOCKS)) else {
        return;
    };
    let store = match open(locks.as_ref()).await {
        Ok(store) => store,
        Err(error) => return say(&refused(&error)),
    };
    for order in orders.lines() {
        let (order, text) = order.split_once(' ').unwrap_or((order, ""));
        let plain = store.clone().in_plain_text();
        match order {
            "contract" => contract(&store).await,
            "churn" => crashes::churn(&plain, text.parse().unwrap()).await,
            "wait" => {
                say("waiting");
                io::stdin().lock().read_line(&mut String::new()).unwrap();
            }
            // The kernel takes 32,767 bytes in a key.
            "large" => {
                let large = store.clone().chunk(40_000).in_plain_text();
                let saved = one(&large, "save", &"x".repeat(80_000)).await;
                say(&saved.unwrap_or_else(|error| refused(&error)));
            }
            _ => say(&one(&plain, order, text)
                .await
                .unwrap_or_else(|error| refused(&error))),
        }
    }
}

async fn one(store: &Durable<KeyringStore>, order: &str, text: &str) -> Result<String, Error> {
    Ok(match order {
        "open" => "opened".to_owned(),
        "save" => {
            save_login(store, &key(), &login(text)).await?;
            "saved".to_owned()
        }
        "load" => match store.load(&key()).await? {
            Some(record) => format!("found {}", record.set.refresh().map_or("", Secret::expose)),
            None => "nothing".to_owned(),
        },
        "list" => format!("list {}", store.list().await?.len()),
        other => format!("there is no order {other}"),
    })
}

async fn open(locks: &Path) -> Result<KeyringStore, Error> {
    if env::var_os(KERNEL).is_some() {
        KeyringStore::with_store("stories", Store::new().unwrap(), locks)
    } else {
        KeyringStore::open("stories", locks).await
    }
}

async fn contract(store: &KeyringStore) {
    let other = open(env::var_os(LOCKS).unwrap().as_ref()).await.unwrap();
    let other = other.chunk(4_000).in_plain_text();
    let fixture = StoreFixture::new(store.clone().in_plain_text(), other);
    // Each call goes through two other processes and to the disk.
    let fixture = fixture
        .patience(Duration::from_secs(100))
        .largest(64 * 1024)
        .tasks(16);
    token_store(&fixture).await;
    say("held");
}

fn refused(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!(
        "{:?} {} {error} {cause:?}",
        error.kind(),
        error.code().unwrap_or("-")
    )
}

pub(super) fn say(line: &str) {
    let mut out = io::stdout().lock();
    // A parent that is gone hears nothing.
    let _ = writeln!(out, "> {line}").and_then(|()| out.flush());
}
