//! A client that sends exactly the bytes it is given, for tests of the emulators.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{DeviationKind, Server};

/// Sends `request`, with `\n` for the line ends of its head and `Connection: close` added, and returns the whole reply.
pub(crate) async fn send(address: SocketAddr, request: &str) -> String {
    let (head, body) = request.split_once("\n\n").expect("an empty line");
    let head = head.replace('\n', "\r\n");
    let whole = format!("{head}\r\nConnection: close\r\n\r\n{body}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(whole.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).into_owned()
}

/// Returns the status of a reply, or 0 if there is none.
pub(crate) fn status(reply: &str) -> u16 {
    reply
        .get(9..12)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// Returns a member of a JSON reply, as text.
pub(crate) fn member(reply: &str, name: &str) -> String {
    let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
    let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
    match &value[name] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Asserts that `server` notes that `request` is wrong about `name`, whatever else it notes.
pub(crate) async fn assert_recorded(
    server: &Server,
    request: &str,
    kind: DeviationKind,
    name: &str,
) {
    let before = server.ledger().deviations().len();
    send(server.address(), request).await;
    let found = server.ledger().deviations();
    let hit = found[before..]
        .iter()
        .any(|d| d.kind() == kind && d.name() == name);
    assert!(hit, "{kind:?} {name} is not in {found:?} for\n{request}");
}
