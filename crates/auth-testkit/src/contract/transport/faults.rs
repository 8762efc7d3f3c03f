//! What becomes of broken connections.

use auth_core::{Error, ErrorKind, Sent};
use bytes::Bytes;
use http::Request;

use super::{
    TransportFixture, quiet, request,
    wire::{Answer, Wire, answer, nobody},
};

pub(super) async fn run(fixture: &TransportFixture) {
    not_sent(fixture).await;
    lost(fixture).await;
    once(fixture).await;
    deadline(fixture).await;
    configuration(fixture).await;
}

async fn not_sent(fixture: &TransportFixture) {
    let clause = fixture.clause("not_sent");
    let root = nobody().await;
    let sent = fixture.send(clause, request(&root, "/contract-path")).await;
    let error = clause.fails(sent, "sending to nobody");
    let found = error.sent();
    clause.holds(
        fixture.unsent.contains(&found),
        format_args!("a refused connection is told as sent {found:?}"),
    );
    plain(fixture, &root, &error);
}

async fn lost(fixture: &TransportFixture) {
    let clause = fixture.clause("lost");
    let cuts: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"access\r\n",
    ];
    for cut in cuts {
        let server = Wire::start(move |_, _| Answer::WriteAndClose(cut.to_vec())).await;
        let sent = fixture
            .send(clause, request(&server.root, "/contract-path"))
            .await;
        let doing = format!("an answer that ends after {} bytes", cut.len());
        let error = clause.fails(sent, &doing);
        let found = error.sent();
        // Once the head was read it may as well say that the server answered.
        let right = found == Sent::Maybe || (found == Sent::Answered && cut.len() > 20);
        clause.holds(right, format_args!("{doing} is told as sent {found:?}"));
        plain(fixture, &server.root, &error);
        let times = server.received().len();
        let clause = fixture.clause("once");
        clause.holds(
            times == 1,
            format_args!("{doing} was asked for {times} times"),
        );
    }
}

async fn once(fixture: &TransportFixture) {
    let clause = fixture.clause("once");
    let server = Wire::start(|before, _| match before {
        0 => Answer::Write(answer("200 OK", "", b"{}")),
        _ => Answer::WriteAndClose(Vec::new()),
    });
    let server = server.await;
    let first = fixture
        .send(clause, request(&server.root, "/contract-path"))
        .await;
    clause.succeeds(first, "sending");
    let second = fixture
        .send(clause, request(&server.root, "/contract-path"))
        .await;
    let error = clause.fails(second, "sending over a connection that ends");
    plain(fixture, &server.root, &error);
    let times = server.received().len() - 1;
    clause.holds(
        times == 1,
        format_args!("one request arrived {times} times"),
    );
}

async fn deadline(fixture: &TransportFixture) {
    let Some(impatient) = &fixture.impatient else {
        return;
    };
    let clause = fixture.clause("deadline");
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec();
    let silent = Wire::start(|_, _| Answer::Silence).await;
    let halting = Wire::start(move |_, _| Answer::Write(half.clone())).await;
    for server in [silent, halting] {
        let send = impatient.send(request(&server.root, "/contract-path"));
        let sent = clause
            .soon(send, "waiting for a server that stays silent")
            .await;
        let error = clause.fails(sent, "waiting for a server that stays silent");
        let found = error.sent();
        clause.holds(found != Sent::No, "silence is told as nothing sent");
        plain(fixture, &server.root, &error);
    }
}

async fn configuration(fixture: &TransportFixture) {
    let clause = fixture.clause("configuration");
    for address in ["/contract-path", "gopher://127.0.0.1:9/contract-path"] {
        let request = Request::post(address).body(Bytes::from_static(b"contract-body-secret"));
        let Ok(request) = request else { continue };
        let sent = fixture.send(clause, request).await;
        let doing = "sending to what is no address on the web";
        let error = clause.fails(sent, doing);
        clause.kind(&error, ErrorKind::Configuration, doing);
        clause.holds(
            error.sent() == Sent::No,
            "what cannot be sent is told as sent",
        );
        quiet(fixture, "http://127.0.0.1:9", &error);
    }
}

/// Checks what holds for every fault of the network.
fn plain(fixture: &TransportFixture, root: &str, error: &Error) {
    let clause = fixture.clause("unavailable");
    clause.kind(error, ErrorKind::Unavailable, "a fault of the network");
    quiet(fixture, root, error);
}
