//! What nobody may see.

use auth_core::{Error, Secret};
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{ACCESS, EARLIER, GrantFixture, LATER, Stage};
use crate::contract::secrecy::Planted;

pub(super) async fn run<F: GrantFixture>(fixture: &F) {
    let own = fixture.secrets();
    let issued = [ACCESS, EARLIER, LATER];
    let all: Vec<&str> = own.iter().map(Secret::expose).chain(issued).collect();
    let planted = Planted::new(all.iter().copied());

    let stage = Stage::new("secrecy", fixture);
    let clause = stage.clause;
    clause.holds(
        !planted.shows_in(&stage.grant),
        "Debug of the grant shows a secret",
    );
    stage.issue(Some(LATER));
    let set = stage.succeed().await;
    clause.holds(!planted.shows_in(&set), "Debug of the set shows a secret");
    clause.holds(
        !planted.shows_in(&stage.grant),
        "Debug of the grant shows a secret",
    );

    // Only what the client sends can be quoted back to it.
    let mut sent: Vec<&str> = own.iter().map(Secret::expose).collect();
    if stage.presented() > 0 {
        sent.push(EARLIER);
    }
    for secret in sent {
        for response in echoes(secret) {
            let stage = Stage::new("secrecy", fixture);
            stage.answer(response);
            if let Err(error) = stage.exchange().await {
                quiet(&stage, &planted, &error);
            }
        }
    }
    for (response, _) in fixture.refusals() {
        let stage = Stage::new("secrecy", fixture);
        stage.answer(response);
        if let Err(error) = stage.exchange().await {
            quiet(&stage, &planted, &error);
        }
    }
}

fn quiet<F: GrantFixture>(stage: &Stage<'_, F>, planted: &Planted, error: &Error) {
    let shows = planted.shows_in_error(error);
    stage
        .clause
        .holds(!shows, "an error shows a secret that the server quoted");
}

/// Replies of servers that quote what they were sent, as some do.
fn echoes(secret: &str) -> Vec<Response<Bytes>> {
    let bodies = [
        format!(r#"{{"error":"invalid_grant","error_description":"no such token: {secret}"}}"#),
        format!(r#"{{"error":"{secret}"}}"#),
        format!(r#"{{"error":{{"message":"{secret}"}}}}"#),
        format!(r#"{{"access_token":["{secret}"]}}"#),
        format!(r#"{{"access_token":"{secret}\u0001"}}"#),
        format!(r#""{secret}""#),
        secret.to_owned(),
    ];
    let statuses = [
        StatusCode::OK,
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
    ];
    let reply = |status: StatusCode, body: &str| {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = status;
        response
    };
    let all = bodies
        .iter()
        .flat_map(|body| statuses.map(|status| reply(status, body)));
    all.collect()
}
