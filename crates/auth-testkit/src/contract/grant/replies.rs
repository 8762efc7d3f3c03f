//! What becomes of the replies of a token endpoint.

use std::{collections::HashSet, time::Duration};

use auth_core::{Clock, Error, ErrorKind, Grant, Secret, Sent};
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{ACCESS, EARLIER, GrantFixture, LATER, Stage};

pub(super) async fn run<F: GrantFixture>(fixture: &F) {
    complete(Stage::new("complete", fixture)).await;
    keeps_refresh(Stage::new("keeps_refresh", fixture)).await;
    rotates(Stage::new("rotates", fixture)).await;
    lifetime(Stage::new("lifetime", fixture)).await;
    once(fixture).await;
    refusals(fixture).await;
    garbage(fixture).await;
    unavailable(fixture).await;
}

async fn complete<F: GrantFixture>(stage: Stage<'_, F>) {
    stage.issue(Some(LATER));
    let set = stage.succeed().await;
    let Some(token) = set.token() else {
        stage.clause.broken("the set has no access token");
    };
    let right = token.access().expose() == ACCESS;
    stage
        .clause
        .holds(right, "the access token is not the one issued");
    let known = [LATER, EARLIER];
    if let Some(refresh) = set.refresh() {
        let right = known.contains(&refresh.expose());
        stage.clause.holds(
            right,
            "the refresh token is neither the one issued nor the one before",
        );
    }
}

async fn keeps_refresh<F: GrantFixture>(stage: Stage<'_, F>) {
    let previous = stage.fixture.previous(Secret::from(EARLIER));
    let held = previous.is_some_and(|set| set.refresh().is_some());
    stage.issue(None);
    let set = stage.succeed().await;
    // A grant that did not send it logs in anew, and owes nothing to the login before.
    if held && stage.presented() > 0 {
        let kept = set
            .refresh()
            .is_some_and(|refresh| refresh.expose() == EARLIER);
        let (right, why) = if stage.fixture.keeps_refresh() {
            (kept, "the refresh token from before is missing in the set")
        } else {
            (!kept, "the refresh token in the set is spent")
        };
        stage.clause.holds(right, why);
    }
}

async fn rotates<F: GrantFixture>(stage: Stage<'_, F>) {
    stage.issue(Some(LATER));
    let set = stage.succeed().await;
    let replaced = set
        .refresh()
        .is_some_and(|refresh| refresh.expose() == LATER);
    if stage.presented() > 0 && replaced {
        let says = stage.grant.rotates();
        stage.clause.holds(
            says,
            "the refresh token was replaced, but rotates() says it is not spent",
        );
    }
}

async fn lifetime<F: GrantFixture>(stage: Stage<'_, F>) {
    stage.clock.advance(Duration::from_secs(100));
    let asked = stage.clock.now();
    let (clock, reply) = (stage.clock.clone(), stage.reply(ACCESS, Some(LATER)));
    stage.transport.always(move |_| {
        clock.advance(Duration::from_secs(7));
        Ok(reply.clone())
    });
    let set = stage.succeed().await;
    let life = set.token().and_then(|token| token.lifetime());
    if let Some(life) = life {
        let early = life.ends().monotonic() <= asked.monotonic + Duration::from_secs(3600);
        stage.clause.holds(
            early || stage.transport.calls() > 1,
            "the token is believed to last longer than from the request on",
        );
    }
}

async fn once<F: GrantFixture>(fixture: &F) {
    for sent in [Sent::No, Sent::Maybe] {
        let stage = Stage::new("once", fixture);
        let lost = Error::new(ErrorKind::Unavailable, "the contract suite lets this fail");
        stage.transport.fails(lost.with_sent(sent));
        stage.issue(Some(LATER));
        let outcome = stage.exchange().await;
        if sent == Sent::Maybe {
            let all = stage.transport.requests();
            // Some put all that they say into the query, and nothing into the body.
            let said = all.iter().map(|sent| sent.request());
            let different: HashSet<_> = said.map(|one| (one.uri(), one.body())).collect();
            // Another way to log in may follow, where the grant knows one.
            let once = different.len() == all.len() && stage.presented() < 2;
            stage
                .clause
                .holds(once, "a request of unknown outcome was sent again");
        }
        let stage = Stage {
            clause: Stage::new("sent", fixture).clause,
            ..stage
        };
        // What is known not to have been sent may be tried again at once.
        let Err(error) = outcome else { continue };
        let doing = "a transport that failed";
        stage.clause.kind(&error, ErrorKind::Unavailable, doing);
        let found = error.sent();
        stage.clause.holds(
            found == sent,
            format_args!("the transport said sent {sent:?}, the grant says {found:?}"),
        );
    }
}

async fn refusals<F: GrantFixture>(fixture: &F) {
    for (response, kind) in fixture.refusals() {
        let stage = Stage::new("refusals", fixture);
        let status = response.status();
        stage.answer(response);
        let doing = format!("a refusal with status {status}");
        let error = stage.clause.fails(stage.exchange().await, &doing);
        stage.clause.kind(&error, kind, &doing);
        stage.answered(&error, &doing);
    }
}

async fn garbage<F: GrantFixture>(fixture: &F) {
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 9] = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html>maintenance</html>",
        b"{\"access_token\":",
        b"{\"access_token\":17}",
        b"\xFF\xFE\x00",
        deep.as_bytes(),
    ];
    for body in bodies {
        for status in [StatusCode::OK, StatusCode::NO_CONTENT, StatusCode::FOUND] {
            let stage = Stage::new("garbage", fixture);
            stage.answer(response(status, body));
            let doing = format!("status {status} with {} bytes of nonsense", body.len());
            let error = stage.clause.fails(stage.exchange().await, &doing);
            let kind = error.kind();
            stage.clause.holds(
                kind != ErrorKind::LoginRequired,
                format_args!("{doing} was taken for the end of the login"),
            );
            stage.answered(&error, &doing);
        }
    }
}

async fn unavailable<F: GrantFixture>(fixture: &F) {
    for status in [429, 500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        for body in [&b""[..], b"<html>oops</html>"] {
            let stage = Stage::new("unavailable", fixture);
            stage.answer(response(status, body));
            let doing = format!("status {status}");
            let error = stage.clause.fails(stage.exchange().await, &doing);
            stage.clause.kind(&error, ErrorKind::Unavailable, &doing);
            stage.answered(&error, &doing);
        }
    }
}

fn response(status: StatusCode, body: &[u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = status;
    response
}
