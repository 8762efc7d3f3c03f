//! What arrives at the server.

use super::{
    TransportFixture, request,
    wire::{Answer, Received, Wire, answer},
};
use crate::contract::clause::Clause;

pub(super) async fn run(fixture: &TransportFixture) {
    let server = Wire::start(|_, _| {
        Answer::Write(answer("200 OK", "set-cookie: made-up=1; Path=/\r\n", b"{}"))
    });
    let server = server.await;
    let clause = fixture.clause("intact");
    for _ in 0..2 {
        let sent = fixture
            .send(clause, request(&server.root, "/contract-path"))
            .await;
        clause.succeeds(sent, "sending");
    }
    let all = server.received();
    clause.holds(all.len() == 2, "not every request arrived once");
    for received in &all {
        intact(clause, received);
    }

    let clause = fixture.clause("identity");
    for received in &all {
        let asked = received.header("accept-encoding");
        clause.holds(
            asked.iter().all(|asked| *asked == "identity"),
            format_args!("encodings are asked for: {asked:?}"),
        );
    }

    let clause = fixture.clause("no_traces");
    for received in &all {
        for name in ["referer", "cookie"] {
            let none = received.header(name).is_empty();
            clause.holds(none, format_args!("the header {name} was added"));
        }
    }
}

fn intact(clause: Clause, received: &Received) {
    clause.holds(
        received.line == "POST /contract-path?key=contract-query-secret HTTP/1.1",
        "method, path or query were changed",
    );
    let headers = [
        ("authorization", "Basic contract-header-secret"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-made-up", "one  two, \"three\""),
    ];
    for (name, value) in headers {
        let same = received.header(name) == [value];
        clause.holds(same, format_args!("the header {name} was changed"));
    }
    let hosts = received.header("host").len();
    clause.holds(hosts == 1, "the header host is not there once");
    clause.holds(
        received.body == b"grant_type=refresh_token&refresh_token=contract-body-secret",
        "the body was changed",
    );
}
