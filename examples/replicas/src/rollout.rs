//! One run: four replicas, of which each is replaced while the others serve.

use std::{env, process::Stdio, sync::Arc, time::Duration};

use auth_core::{SystemClock, TokenSet, store::save_login};
use auth_store::Keys;
use auth_testkit::{OAuth2Emulator, Resource};
use auth_tower::BoxError;
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

use crate::{
    replica,
    server::Server,
    settings::{Settings, login_key},
};

const REPLICAS: usize = 4;
/// How long an access token lives: short, so that the run need not be long.
const TTL: Duration = Duration::from_secs(2);
/// How many tokens pass between one change and the next.
const TOKENS: usize = 2;

/// Runs the service over one store, and checks how it went.
pub(crate) async fn run(name: &str, server: &Server) -> Result<(), BoxError> {
    println!("{REPLICAS} replicas share one login through {name}.");
    let emulator = OAuth2Emulator::start(Arc::new(SystemClock::new())).await?;
    emulator.configure(|knobs| knobs.access_ttl = TTL);
    let api = Resource::start(Arc::new(SystemClock::new()), emulator.acceptor()).await?;
    let settings = Settings {
        name: String::new(),
        token_url: emulator.token_url(),
        client_id: emulator.client_id(),
        client_secret: emulator.client_secret(),
        api: api.base_url(),
        store: server.url().to_owned(),
        keys: Keys::generate("2026-01")?.expose(),
    };
    let store = settings.open_store().await?;
    let login = TokenSet::login(emulator.issue_refresh_token());
    save_login(&*store, &login_key(), &login).await?;

    let mut service = Service::new(settings);
    for _ in 0..REPLICAS {
        service.start_one().await?;
    }
    tokens_pass(&emulator).await?;
    for _ in 0..REPLICAS {
        let new = service.start_one().await?;
        let old = service.stop_oldest().await?;
        println!("  {old} is replaced by {new}");
    }
    tokens_pass(&emulator).await?;
    while !service.replicas.is_empty() {
        service.stop_oldest().await?;
    }

    let entries = emulator.ledger().entries();
    let askers: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.header("user-agent"))
        .collect();
    println!("  token requests, in this order: {}", askers.join(", "));
    println!(
        "  {} calls, {} refused, {} failed; {} second uses of a refresh token",
        service.calls,
        service.refused,
        service.failed,
        emulator.reuses()
    );
    expect("a call was refused", service.refused == 0)?;
    expect("a call failed", service.failed == 0)?;
    expect("a refresh token was used twice", emulator.reuses() == 0)?;
    expect("the login was ended", emulator.families_revoked() == 0)?;
    expect(
        "a token request brought no token",
        emulator.access_tokens().len() == entries.len(),
    )
}

/// Waits until the provider has given out some more tokens.
async fn tokens_pass(emulator: &OAuth2Emulator) -> Result<(), BoxError> {
    let ledger = emulator.ledger();
    let more = ledger.wait_for(ledger.requests() + TOKENS);
    let waited = timeout(Duration::from_secs(60), more).await;
    waited.map_err(|_| "no token was asked for in a minute".into())
}

fn expect(otherwise: &str, good: bool) -> Result<(), BoxError> {
    if good { Ok(()) } else { Err(otherwise.into()) }
}

/// The processes, and what those said that have ended.
struct Service {
    settings: Settings,
    replicas: Vec<(String, Child)>,
    started: usize,
    calls: u64,
    refused: u64,
    failed: u64,
}

impl Service {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            replicas: Vec::new(),
            started: 0,
            calls: 0,
            refused: 0,
            failed: 0,
        }
    }

    async fn start_one(&mut self) -> Result<String, BoxError> {
        self.started += 1;
        let name = format!("replica {}", self.started);
        let mut process = Command::new(env::current_exe()?)
            .arg(replica::ROLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        self.settings.name.clone_from(&name);
        let input = process.stdin.as_mut().ok_or("a replica has no input")?;
        input.write_all(self.settings.to_line().as_bytes()).await?;
        self.replicas.push((name.clone(), process));
        Ok(name)
    }

    /// Ends the input of the oldest replica and waits for its report.
    async fn stop_oldest(&mut self) -> Result<String, BoxError> {
        let (name, mut process) = self.replicas.remove(0);
        drop(process.stdin.take());
        let ended = timeout(Duration::from_secs(60), process.wait_with_output()).await;
        let output = ended.map_err(|_| format!("{name} does not stop"))??;
        let report: Value =
            serde_json::from_slice(&output.stdout).map_err(|_| format!("{name} gave no report"))?;
        let count = |what: &str| report[what].as_u64().ok_or("a report is not complete");
        self.calls += count("calls")?;
        self.refused += count("refused")?;
        self.failed += count("failed")?;
        Ok(name)
    }
}
