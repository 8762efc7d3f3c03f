//! A client in a process of its own: this test binary, started again for one test.

use std::{
    env,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    time::Duration,
};

use auth_core::{Cached, CachedBuilder, Origins, Policy, Secret, TokenSource};
use auth_oauth2::{Basic, ClientCredentials, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_reqwest::ReqwestTransport;
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, getrlimit, kill_process, setrlimit, waitpid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime,
    sync::mpsc,
};

use super::{key, shared_clock::SharedClock, shared_store::SharedStore, soon};

/// Names the address at which a child finds its story. Without it, the test below is none.
const STORY: &str = "AUTH_STORIES_CHILD_OF";

/// What a child is told at its start.
pub(super) struct Setup {
    pub(super) grant: String,
    pub(super) token_url: String,
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) store: SocketAddr,
    pub(super) clock: PathBuf,
}

/// A running child. It is killed and waited for when this is dropped.
pub(super) struct Child {
    process: process::Child,
    replies: Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
}

impl Child {
    pub(super) async fn start(setup: &Setup) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (_, module) = module_path!().split_once("::").unwrap();
        let process = Command::new(env::current_exe().unwrap())
            .arg(format!("{module}::plays_the_other_process"))
            .args(["--exact", "--nocapture", "--test-threads=1"])
            .env(STORY, listener.local_addr().unwrap().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut process = Guard(Some(process));
        let (stream, _) = soon(listener.accept()).await.unwrap();
        let (read, orders) = stream.into_split();
        let mut child = Self {
            process: process.0.take().unwrap(),
            replies: BufReader::new(read).lines(),
            orders,
        };
        let clock = setup.clock.to_str().unwrap();
        child
            .order(&format!(
                "{} {} {} {} {} {clock}",
                setup.grant, setup.token_url, setup.id, setup.secret, setup.store
            ))
            .await;
        child
    }

    /// Tells the child to do something and does not wait for it.
    pub(super) async fn order(&mut self, order: &str) {
        let line = format!("{order}\n");
        self.orders.write_all(line.as_bytes()).await.unwrap();
    }

    /// Waits for the child's next reply. A child that died has none.
    pub(super) async fn reply(&mut self) -> String {
        let reply = soon(self.replies.next_line()).await.unwrap();
        reply.expect("the child died")
    }

    pub(super) async fn ask(&mut self, order: &str) -> String {
        self.order(order).await;
        self.reply().await
    }

    /// Asks for a token that there must be.
    pub(super) async fn token(&mut self) -> String {
        let reply = self.ask("token").await;
        let token = reply.strip_prefix("token ");
        token.unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Stops the child and waits until it stands still.
    pub(super) fn stop(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
        let stopped = waitpid(Some(self.pid()), WaitOptions::UNTRACED).unwrap();
        assert!(stopped.unwrap().1.stopped());
    }

    pub(super) fn go_on(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// Kills the child with no chance to tidy up, and waits for its end.
    pub(super) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Ends a child that never called.
struct Guard(Option<process::Child>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            end(process);
        }
    }
}

fn end(process: &mut process::Child) {
    // It may have ended by itself.
    let _ = process.kill();
    let _ = process.wait();
}

/// Not a story of its own: what runs in a child. Elsewhere it has nothing to do.
#[test]
fn plays_the_other_process() {
    let Ok(story) = env::var(STORY) else { return };
    // One thread, so that the limits of the process are met where the test can see it.
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(play(&story));
}

async fn play(story: &str) {
    let (read, mut replies) = TcpStream::connect(story).await.unwrap().into_split();
    let mut lines = BufReader::new(read).lines();
    let source = source(&lines.next_line().await.unwrap().unwrap());
    let (tell, mut orders) = mpsc::unbounded_channel();
    // A task of its own, because the story may end while an order is being carried out.
    tokio::spawn(async move {
        while let Ok(Some(order)) = lines.next_line().await {
            tell.send(order).unwrap();
        }
        process::exit(0);
    });
    let mut files = Vec::new();
    while let Some(order) = orders.recv().await {
        let reply = match order.split_once(' ').unwrap_or((&order, "")) {
            ("token", _) => match source.token().await {
                Ok(token) => format!("token {}", token.access().expose()),
                Err(error) => format!("error {:?} {:?} {error}", error.kind(), error.sent()),
            },
            ("files", count) => {
                limit(Resource::Nofile, count.parse().unwrap());
                files.extend(std::iter::from_fn(|| File::open("/dev/null").ok()));
                format!("opened {}", files.len())
            }
            ("more", _) => {
                let most = limit(Resource::Nofile, u64::MAX);
                format!("raised{}", if most > 64 { "" } else { " not" })
            }
            ("memory", more) => {
                limit(Resource::As, memory() + more.parse::<u64>().unwrap());
                "limited".to_owned()
            }
            (other, _) => format!("there is no order {other}"),
        };
        let line = format!("{reply}\n");
        replies.write_all(line.as_bytes()).await.unwrap();
    }
}

fn source(setup: &str) -> Cached {
    let words: Vec<_> = setup.splitn(6, ' ').collect();
    let &[grant, url, id, secret, store, clock] = &words[..] else {
        panic!("a setup has six parts");
    };
    // Each request opens a connection, so that none is left over from better times.
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0);
    let tokens = TokenClient::new(
        Endpoint::parse(url).unwrap(),
        Basic::encoded(id, &Secret::from(secret)).unwrap(),
        ReqwestTransport::from_builder(client).unwrap(),
        match grant {
            "lenient" => lenient(),
            "lasting" => lasting(),
            _ => Dialect::default(),
        },
    );
    let clock = SharedClock::open(Path::new(clock));
    let builder = match grant {
        "login" | "lenient" | "lasting" => {
            let store = SharedStore(store.parse().unwrap(), clock.clone());
            over(Cached::builder(RefreshToken::new(tokens), origins())).store(store, key())
        }
        _ => over(Cached::builder(ClientCredentials::new(tokens), origins())),
    };
    builder.clock(clock).build()
}

/// A provider that takes a spent refresh token once more for an hour.
pub(super) fn lenient() -> Dialect {
    let mut dialect = Dialect::default();
    dialect.reuse_leeway = Duration::from_secs(3600);
    dialect
}

/// A provider whose refresh tokens are not spent.
fn lasting() -> Dialect {
    let mut dialect = Dialect::default();
    dialect.rotates = false;
    dialect
}

fn over(builder: CachedBuilder) -> CachedBuilder {
    let mut policy = Policy::default();
    policy.jitter = 0.0;
    builder.policy(policy)
}

fn origins() -> Origins {
    Origins::parse("https://api.example").unwrap()
}

/// Limits what this process may have, up to where its own upper limit is.
fn limit(resource: Resource, most: u64) -> u64 {
    let maximum = getrlimit(resource).maximum;
    let most = maximum.map_or(most, |maximum| most.min(maximum));
    let current = Some(most);
    setrlimit(resource, Rlimit { current, maximum }).unwrap();
    most
}

/// Returns how many bytes of addresses this process uses.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<u64>().unwrap() * 1024
}
