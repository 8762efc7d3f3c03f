//! What the server shows of what it keeps.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    thread::{self, JoinHandle},
};

use auth_core::{Intent, Secret, Token, TokenSet, TokenStore, store::save_login};
use auth_store::{Backend, Keys};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::{key, open};
use crate::servers::redis::RedisServer;

const ACCESS: &str = "canary4f81a7c05e93access";
const REFRESH: &str = "canary9d26b3e81f70refresh";

/// Returns the secret as it may be written down.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![
        secret.to_owned(),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for offset in 0..3 {
        let text = STANDARD_NO_PAD.encode(format!("{}{secret}", &"xx"[..offset]));
        // What also depends on the neighbours is left out.
        let (from, to) = ([0, 2, 3][offset], (offset + secret.len()) * 8 / 6);
        forms.push(text[from..to].to_owned());
    }
    forms
}

/// Returns where secrets are seen.
fn seen(surfaces: &[(String, Vec<u8>)]) -> Vec<&str> {
    let needles: Vec<_> = [ACCESS, REFRESH].into_iter().flat_map(forms).collect();
    let shows = |text: &[u8]| {
        needles.iter().any(|needle| {
            text.windows(needle.len())
                .any(|part| part == needle.as_bytes())
        })
    };
    let shown = surfaces.iter().filter(|(_, text)| shows(text));
    shown.map(|(name, _)| name.as_str()).collect()
}

/// Does with a store all that can be done, and returns all that the server shows of it.
async fn surfaces(server: &RedisServer, store: impl TokenStore) -> Vec<(String, Vec<u8>)> {
    let monitor = monitor(server);
    let token = Token::bearer(Secret::from(ACCESS)).unwrap();
    let set = TokenSet::new(token).with_refresh(Some(Secret::from(REFRESH)));
    let version = save_login(&store, &key(), &set).await.unwrap();
    let mut lease = store.lease(&key()).await.unwrap();
    assert!(lease.load().await.unwrap().is_some());
    let intent = Intent::new(std::time::SystemTime::now(), lease.fence());
    lease.begin(version, &intent).await.unwrap();
    lease.settle(version).await.unwrap();
    lease.renew().await.unwrap();
    lease.remove(version).await.unwrap();
    lease.save(None, &set).await.unwrap();
    lease.release().await.unwrap();
    assert!(store.load(&key()).await.unwrap().is_some());
    assert_eq!(store.list().await.unwrap(), [key()]);
    let _: String = server.run("SAVE").await;
    let slow: redis::Value = server.run("SLOWLOG GET -1").await;
    let slow = text(&slow);
    let _: u64 = server.run("CLIENT KILL TYPE normal SKIPME no").await;
    let mut surfaces = vec![
        ("MONITOR".to_owned(), monitor.join().unwrap()),
        ("SLOWLOG".to_owned(), slow),
        ("log".to_owned(), server.log().into_bytes()),
    ];
    files(server.folder(), &mut surfaces);
    surfaces
}

/// Collects what the server shows to whoever watches it, until it closes the connection.
fn monitor(server: &RedisServer) -> JoinHandle<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let password = server.url().split(['@', ':']).nth(2).unwrap().to_owned();
    let command = format!("AUTH {password}\r\nMONITOR\r\n");
    stream.write_all(command.as_bytes()).unwrap();
    let mut answers = [0; 10];
    stream.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"+OK\r\n+OK\r\n");
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stream.read_to_end(&mut text);
        text
    })
}

fn text(value: &redis::Value) -> Vec<u8> {
    match value {
        redis::Value::Array(values) => values.iter().flat_map(text).collect(),
        redis::Value::BulkString(bytes) => bytes.clone(),
        _ => b" ".to_vec(),
    }
}

fn files(folder: &Path, surfaces: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, surfaces);
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            surfaces.push((name, fs::read(&path).unwrap()));
        }
    }
}

#[tokio::test]
async fn a_sealed_login_is_seen_nowhere_and_a_plain_one_everywhere() {
    let settings = [("rdbcompression", "no"), ("slowlog-max-len", "100000")];
    let server = RedisServer::with(&settings);
    let plain = surfaces(&server, open(&server).await.in_plain_text()).await;
    let mut names = plain.iter().map(|(name, _)| name.as_str());
    let log = names.find(|name| name.ends_with(".incr.aof")).unwrap();
    // The places are looked at well enough to find what is there.
    for place in ["MONITOR", "SLOWLOG", "dump.rdb", log] {
        assert!(seen(&plain).contains(&place), "{place}: {:?}", seen(&plain));
    }

    let server = RedisServer::with(&settings);
    let keys = Keys::generate("1").unwrap();
    let sealed = surfaces(&server, open(&server).await.sealed(keys)).await;
    assert_eq!(sealed.len(), plain.len());
    assert_eq!(seen(&sealed), Vec::<&str>::new());
}

#[tokio::test]
async fn nothing_of_the_store_shows_the_password() {
    let server = RedisServer::start();
    let store = open(&server).await;
    let slot = store.lock(&key()).await.unwrap();
    let builder = auth_store_redis::RedisStore::builder(server.url());
    let mut shown = format!("{store:?} {store:#?} {slot:?} {builder:?} {builder:#?}");
    drop(server);
    let error = builder.connect().await.unwrap_err();
    shown += &format!("{error} {error:?} {error:#?}");
    assert!(!shown.contains("made-up-password"), "{shown}");
}
