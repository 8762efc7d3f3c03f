//! What becomes of whole answers.

use auth_core::MAX_BODY;

use super::{
    TransportFixture, quiet, request,
    wire::{Answer, Wire, answer},
};

pub(super) async fn run(fixture: &TransportFixture) {
    any_status(fixture).await;
    redirects(fixture).await;
    largest_body(fixture).await;
    body_limit(fixture).await;
}

async fn any_status(fixture: &TransportFixture) {
    let clause = fixture.clause("any_status");
    for status in [
        200, 201, 299, 300, 400, 401, 403, 404, 407, 418, 429, 500, 503, 599,
    ] {
        let server = Wire::start(move |_, _| {
            let headers = "x-made-up: yes\r\nwww-authenticate: Basic\r\n";
            Answer::Write(answer(&format!("{status} Made up"), headers, b"{\"a\":1}"))
        });
        let server = server.await;
        let sent = fixture
            .send(clause, request(&server.root, "/contract-path"))
            .await;
        let response = clause.succeeds(sent, &format!("an answer with status {status}"));
        let whole = response.status() == status
            && response.body() == "{\"a\":1}"
            && response
                .headers()
                .get("x-made-up")
                .is_some_and(|value| value == "yes");
        clause.holds(
            whole,
            format_args!("the answer with status {status} was changed"),
        );
        let times = server.received().len();
        clause.holds(
            times == 1,
            format_args!("status {status} was asked for {times} times"),
        );
    }
}

async fn redirects(fixture: &TransportFixture) {
    let clause = fixture.clause("redirects");
    let elsewhere = Wire::start(|_, _| Answer::Write(answer("200 OK", "", b"{}"))).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("location: {}/elsewhere\r\n", elsewhere.root);
        let server =
            Wire::start(move |_, _| Answer::Write(answer(&format!("{status} Made up"), &to, b"")));
        let server = server.await;
        let sent = fixture
            .send(clause, request(&server.root, "/contract-path"))
            .await;
        let response = clause.succeeds(sent, &format!("a redirect with status {status}"));
        let followed = !elsewhere.received().is_empty() || response.status() != status;
        clause.holds(!followed, format_args!("status {status} was followed"));
    }
}

async fn largest_body(fixture: &TransportFixture) {
    let clause = fixture.clause("largest_body");
    let server = Wire::start(|_, _| Answer::Write(answer("200 OK", "", &[b'x'; MAX_BODY]))).await;
    let sent = fixture
        .send(clause, request(&server.root, "/contract-path"))
        .await;
    let response = clause.succeeds(sent, "reading the largest body");
    clause.holds(
        response.body().len() == MAX_BODY,
        "the largest body was cut",
    );
}

async fn body_limit(fixture: &TransportFixture) {
    let clause = fixture.clause("body_limit");
    let over = |_: usize, _: &_| Answer::Write(answer("200 OK", "", &[b'x'; MAX_BODY + 1]));
    let endless = |_: usize, _: &_| {
        Answer::Flood(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec())
    };
    for server in [Wire::start(over).await, Wire::start(endless).await] {
        let sent = fixture
            .send(clause, request(&server.root, "/contract-path"))
            .await;
        let error = clause.fails(sent, "reading a body that is too long");
        quiet(fixture, &server.root, &error);
    }
}
