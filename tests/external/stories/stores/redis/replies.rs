//! What a server may answer instead, word for word.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{Error, ErrorKind, TokenSource, TokenStore};
use auth_store::{Backend, Durable};
use auth_store_redis::RedisStore;
use auth_testkit::{ManualClock, ScriptedGrant, token_set};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{HOUR, access, key, serving, soon};

const LOADING: &str = "-LOADING Redis is loading the dataset in memory canary\r\n";
const READONLY: &str = "-READONLY You can't write against a read only replica. canary\r\n";
const MOVED: &str = "-MOVED 3999 127.0.0.1:6381 canary\r\n";

/// Answers connecting clients as a good server does, and all that concerns logins with one text.
struct Stub {
    address: SocketAddr,
    answer: Arc<Mutex<String>>,
    task: JoinHandle<()>,
}

impl Stub {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Arc<Mutex<String>> = Arc::default();
        let shared = Arc::clone(&answer);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            answer,
            task,
        }
    }

    fn answers(&self, text: &str) {
        text.clone_into(&mut self.answer.lock().unwrap());
    }

    async fn store(&self) -> Durable<RedisStore> {
        // Every answer comes, however busy the machine is.
        let store = self.patient(Duration::from_secs(60)).await;
        store.unwrap()
    }

    async fn patient(&self, limit: Duration) -> Result<Durable<RedisStore>, Error> {
        let store = RedisStore::builder(format!("redis://{}", self.address));
        let store = store.timeout(limit).connect().await?;
        Ok(store.in_plain_text())
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, answer: Arc<Mutex<String>>) {
    let mut stream = BufReader::new(stream);
    while let Some(words) = command(&mut stream).await {
        let text = match words[0].as_str() {
            "CLIENT" => "+OK\r\n".to_owned(),
            "INFO" => "$13\r\nrole:master\r\n\r\n".to_owned(),
            "CONFIG" => {
                let value = match words[2].as_str() {
                    "appendonly" => "yes",
                    "appendfsync" => "always",
                    "maxmemory-policy" => "noeviction",
                    _ => "no",
                };
                let bulk = |text: &str| format!("${}\r\n{text}\r\n", text.len());
                format!("*2\r\n{}{}", bulk(&words[2]), bulk(value))
            }
            _ => answer.lock().unwrap().clone(),
        };
        if text == "close" || stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn command(stream: &mut BufReader<TcpStream>) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for _ in 0..number(stream).await? {
        let mut word = vec![0; number(stream).await? + 2];
        stream.read_exact(&mut word).await.ok()?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8(word).ok()?);
    }
    Some(words)
}

async fn number(stream: &mut BufReader<TcpStream>) -> Option<usize> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    line.get(1..)?.trim().parse().ok()
}

#[tokio::test]
async fn fault_56_every_refusal_says_what_to_do_and_quotes_nothing() {
    use ErrorKind::{Configuration, Protocol, Unavailable};

    let stub = Stub::start().await;
    let store = stub.store().await;
    for (answer, kind, code) in [
        (LOADING, Unavailable, Some("LOADING")),
        (READONLY, Unavailable, Some("READONLY")),
        (MOVED, Configuration, Some("MOVED")),
        (
            "-ASK 3999 127.0.0.1:1 canary\r\n",
            Configuration,
            Some("ASK"),
        ),
        ("-CROSSSLOT canary\r\n", Configuration, Some("CROSSSLOT")),
        ("-TRYAGAIN canary\r\n", Unavailable, Some("TRYAGAIN")),
        ("-CLUSTERDOWN canary\r\n", Unavailable, Some("CLUSTERDOWN")),
        ("-MASTERDOWN canary\r\n", Unavailable, Some("MASTERDOWN")),
        ("-NOREPLICAS canary\r\n", Unavailable, Some("NOREPLICAS")),
        ("-BUSY canary\r\n", Unavailable, Some("BUSY")),
        ("-OOM canary\r\n", Unavailable, Some("OOM")),
        ("-MISCONF canary\r\n", Unavailable, Some("MISCONF")),
        ("-NOAUTH canary\r\n", Configuration, Some("NOAUTH")),
        ("-WRONGPASS canary\r\n", Configuration, Some("WRONGPASS")),
        ("-NOPERM canary\r\n", Configuration, Some("NOPERM")),
        ("-WRONGTYPE canary\r\n", Configuration, Some("WRONGTYPE")),
        ("-NOSCRIPT canary\r\n", Unavailable, Some("NOSCRIPT")),
        ("-ERR canary\r\n", Protocol, None),
        ("-CANARY canary\r\n", Protocol, None),
        ("$6\r\ncanary\r\n", Protocol, None),
        ("canary\r\n", Protocol, None),
        ("close", Unavailable, None),
    ] {
        stub.answers(answer);
        for outcome in [
            store.load(&key()).await.map(drop),
            store.lease(&key()).await.map(drop),
            store.list().await.map(drop),
        ] {
            let error = outcome.unwrap_err();
            // After what is no answer at all the driver gives up the connection, and the next call may find it closed.
            let closed = answer == "canary\r\n" && error.kind() == Unavailable;
            let expected = (error.kind(), error.code()) == (kind, code);
            assert!(expected || closed, "{answer}: {error}");
            let shown = format!("{error} {error:?} {error:#?}").to_lowercase();
            assert!(!shown.contains("canary"), "{shown}");
        }
        // It is over, and the same handle works again.
        stub.answers("*2\r\n$-1\r\n$-1\r\n");
        assert!(store.load(&key()).await.unwrap().is_none(), "{answer}");
    }
}

#[tokio::test]
async fn fault_56_a_server_that_says_nothing_is_waited_for_so_long_and_no_longer() {
    let stub = Stub::start().await;
    // A busy machine may take longer for an answer that comes; then it is asked again.
    let store = soon(async {
        loop {
            if let Ok(store) = stub.patient(Duration::from_millis(500)).await {
                return store;
            }
        }
    });
    let store = store.await;
    for outcome in [
        soon(store.load(&key())).await.map(drop),
        soon(store.lease(&key())).await.map(drop),
        soon(store.list()).await.map(drop),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, None));
    }
    stub.answers("*2\r\n$-1\r\n$-1\r\n");
    let found = soon(async {
        loop {
            if let Ok(found) = store.load(&key()).await {
                return found;
            }
        }
    });
    assert!(found.await.is_none());
}

#[tokio::test]
async fn fault_56_tokens_are_served_while_the_server_is_away_and_not_where_somebody_must_act() {
    for (answer, away) in [
        (LOADING, true),
        (READONLY, true),
        ("close", true),
        (MOVED, false),
    ] {
        let stub = Stub::start().await;
        let store = stub.store().await;
        let (clock, grant) = (ManualClock::new(), ScriptedGrant::new());
        grant.rotates_to("b", HOUR, "r-2");
        let held = token_set("a", HOUR, "r-1", &clock);
        stub.answers(answer);
        let source = serving(&grant, &clock)
            .store(store.clock(clock.clone()), key())
            .previous(held)
            .build();
        assert_eq!(access(&source).await, "a");
        assert_eq!(grant.calls(), 0);
        clock.advance(HOUR);
        if away {
            assert_eq!(soon(access(&source)).await, "b", "{answer}");
            assert!(grant.seen()[0].presents("r-1"));
            assert!(source.status().unsaved);
        } else {
            let error = soon(source.token()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(grant.calls(), 0, "nothing is spent");
        }
    }
}
