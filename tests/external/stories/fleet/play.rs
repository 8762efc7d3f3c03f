//! What runs in a process of the fleet: a source, a client with it, and tasks that call the resource.

use std::{env, path::Path, sync::Arc, time::Duration};

use auth_core::{
    Cached, Clock, Error, Event, Lifetime, Origins, Policy, Secret, Token, TokenSource,
};
use auth_oauth2::{Basic, Dialect, Endpoint, RefreshToken, TokenClient};
use auth_reqwest::{HttpService, ReqwestTransport};
use auth_testkit::{FailingStore, Gate, StoreCall, StoreFault};
use auth_tower::{Auth, AuthError, AuthLayer};
use bytes::Bytes;
use http_body_util::Empty;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    runtime,
    sync::{mpsc::UnboundedSender, mpsc::unbounded_channel, watch},
    task::JoinSet,
};
use tower::ServiceExt;

use super::{ENDING, TASKS, home, key, shared_clock::SharedClock};

/// Names the address at which a process finds its story. Without it, the test below is none.
pub(super) const STORY: &str = "AUTH_FLEET_REPLICA_OF";

/// Returns the name of the test below.
pub(super) fn test_name() -> String {
    let (_, module) = module_path!().split_once("::").unwrap();
    format!("{module}::plays_a_replica")
}

/// Not a story of its own: what runs in a process of the fleet. Elsewhere it has nothing to do.
#[test]
fn plays_a_replica() {
    let Ok(story) = env::var(STORY) else { return };
    // A process that was stopped would outlive a story that was killed.
    set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
    let mut builder = runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(play(&story));
}

async fn play(story: &str) {
    let (read, mut write) = TcpStream::connect(story).await.unwrap().into_split();
    let mut lines = BufReader::new(read).lines();
    let setup = lines.next_line().await.unwrap().unwrap();
    let (tell, mut replies) = unbounded_channel::<String>();
    let writer = tokio::spawn(async move {
        while let Some(reply) = replies.recv().await {
            let line = format!("{reply}\n");
            write.write_all(line.as_bytes()).await.unwrap();
        }
    });
    let member = Member::new(&serde_json::from_str(&setup).unwrap(), tell).await;
    let gate = Gate::new();
    let mut rounds = JoinSet::new();
    // Without its story the process ends, whatever it is doing.
    while let Ok(Some(order)) = lines.next_line().await {
        match order.split_once(' ').unwrap_or((&order, "")) {
            ("round", _) => {
                rounds.spawn(Arc::clone(&member).round());
            }
            ("hang", place) => {
                member.hang(place, &gate);
                let (member, gate) = (Arc::clone(&member), gate.clone());
                tokio::spawn(async move {
                    gate.until_waiting(1).await;
                    member.tell("hanging");
                });
            }
            ("open", _) => gate.open(),
            ("end", _) => {
                while let Some(ended) = rounds.join_next().await {
                    ended.unwrap();
                }
                member.tell("bye");
                drop(member);
                writer.await.unwrap();
                return;
            }
            _ => panic!("there is no order {order:?}"),
        }
    }
    std::process::exit(1);
}

struct Member {
    source: Cached,
    service: Auth<HttpService>,
    resource: String,
    store: FailingStore,
    clock: SharedClock,
    /// Moves with everything that happens to the login, and counts what failed.
    events: watch::Sender<usize>,
    tell: UnboundedSender<String>,
}

impl Member {
    async fn new(setup: &Value, tell: UnboundedSender<String>) -> Arc<Self> {
        let text = |name: &str| setup[name].as_str().unwrap().to_owned();
        let clock = SharedClock::open(Path::new(&text("clock")));
        let client = reqwest::Client::builder()
            .no_proxy()
            .user_agent(text("name"));
        let mut dialect = Dialect::default();
        dialect.reuse_leeway = Duration::from_secs(setup["leeway"].as_u64().unwrap());
        let tokens = TokenClient::new(
            Endpoint::parse(&text("token_url")).unwrap(),
            Basic::encoded(&text("id"), &Secret::from(text("secret").as_str())).unwrap(),
            ReqwestTransport::from_builder(client).unwrap(),
            dialect,
        );
        let grant = RefreshToken::new(tokens);
        let store = FailingStore::new(home::open(&text("store"), clock.clone()).await);
        let events = watch::Sender::new(0);
        let (moved, told) = (events.clone(), tell.clone());
        let source = Cached::builder(grant, Origins::parse(&text("resource")).unwrap())
            .name(text("name"))
            .store(store.clone(), key())
            .clock(clock.clone())
            .policy(policy(setup))
            .observer(move |_: &str, event: &Event| {
                if let Event::Failed { error, .. }
                | Event::LoginRequired { error, .. }
                | Event::Unsaved { error, .. } = event
                {
                    say(&told, &format!("failed {}", words(error)));
                    moved.send_modify(|failures| *failures += 1);
                } else {
                    moved.send_modify(|_| ());
                }
            })
            .build();
        Arc::new(Self {
            service: auth_layer(&source),
            source,
            resource: text("resource"),
            store,
            clock,
            events,
            tell,
        })
    }

    /// Calls the resource once from each task, and waits for a token that is not about to end.
    async fn round(self: Arc<Self>) {
        let mut events = self.events.subscribe();
        let failures = *events.borrow();
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            tasks.spawn(Arc::clone(&self).call());
        }
        self.tell("started");
        let mut refused = 0;
        while let Some(called) = tasks.join_next().await {
            refused += usize::from(called.unwrap());
        }
        let token = loop {
            events.mark_unchanged();
            // A failure has been told by the observer.
            let Ok(token) = self.source.token().await else {
                break "-".to_owned();
            };
            if self.is_fresh(&token) {
                break token.access().expose().to_owned();
            }
            // Asking for it was enough to have it renewed, or to hear why that is not possible now.
            if *events.borrow() > failures {
                break "-".to_owned();
            }
            events.changed().await.unwrap();
        };
        self.tell(&format!("done {refused} {token}"));
    }

    fn is_fresh(&self, token: &Token) -> bool {
        let left = |life: Lifetime| life.ends().left(self.clock.now());
        token.lifetime().map(left).unwrap_or_default() > ENDING
    }

    /// Calls the resource; returns whether it refused the token in the end.
    async fn call(self: Arc<Self>) -> bool {
        let request = http::Request::get(format!("{}/things", self.resource));
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        match self.service.clone().oneshot(request).await {
            Ok(response) => response.status() == 401,
            Err(error) => {
                // Why there is no token has been told by the observer.
                if AuthError::find(&*error).is_none() {
                    self.tell(&format!("failed call: {error}"));
                }
                false
            }
        }
    }

    fn hang(&self, place: &str, gate: &Gate) {
        gate.close();
        let (before, after) = (
            StoreFault::HangBefore(gate.clone()),
            StoreFault::HangAfter(gate.clone()),
        );
        match place {
            "locked" => self.store.on(StoreCall::LeaseLoad, after),
            "answered" => self.store.on(StoreCall::Save, before),
            "saved" => self.store.on(StoreCall::Save, after),
            _ => panic!("there is no place {place:?}"),
        }
    }

    fn tell(&self, reply: &str) {
        say(&self.tell, reply);
    }
}

/// Where the stories kill a process it is dead for sure, and most want to hear of it without a pause.
fn policy(setup: &Value) -> Policy {
    let mut policy = Policy::default();
    if setup["told_at_once"].as_bool().unwrap() {
        policy.abandoned_after = Duration::ZERO;
    }
    policy
}

fn auth_layer(source: &Cached) -> Auth<HttpService> {
    use tower::Layer;
    AuthLayer::new(source.clone()).layer(HttpService::new().unwrap())
}

fn say(tell: &UnboundedSender<String>, reply: &str) {
    // The story may be over.
    let _ = tell.send(reply.to_owned());
}

fn words(error: &Error) -> String {
    format!("{:?} {} {error}", error.kind(), error.code().unwrap_or("-"))
}
