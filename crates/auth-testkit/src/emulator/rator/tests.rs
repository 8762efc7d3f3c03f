use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    ManualClock,
    wire::{assert_recorded, member, send, status},
};

mod deviations;

const LOGIN: &str = "grant_type=password&username=alice&password=pw-alice";
const OPERATOR: &str = "grant_type=operator_password&username=op.demo&password=pw-operator";

async fn start(profile: RatorProfile) -> (RatorEmulator, ManualClock) {
    let clock = ManualClock::new();
    let emulator = RatorEmulator::start(Arc::new(clock.clone())).await.unwrap();
    emulator.configure(|knobs| *knobs = RatorKnobs::of(profile));
    emulator.client("demo-client", "demo-secret");
    emulator.add_user("alice", "pw-alice");
    emulator.add_operator("op.demo", "pw-operator");
    (emulator, clock)
}

fn post(query: &str, form: &str) -> String {
    format!(
        "POST /rest-api-auth/oauth/token{query} HTTP/1.1\nHost: localhost\nAccept: application/json\n\
         Authorization: Basic {}\nContent-Type: application/x-www-form-urlencoded\nContent-Length: {}\n\n{form}",
        STANDARD.encode("demo-client:demo-secret"),
        form.len(),
    )
}

fn login(form: &str) -> String {
    post("?brand_key=BRAND1", form)
}

fn refresh(token: &str) -> String {
    login(&format!("grant_type=refresh_token&refresh_token={token}"))
}

async fn ask(emulator: &RatorEmulator, request: &str) -> String {
    send(emulator.server().address(), request).await
}

async fn call(emulator: &RatorEmulator, token: &str, brand: &str) -> String {
    let request = format!(
        "GET /rest-api-core/api/billing-groups/1/balance HTTP/1.1\nHost: localhost\n\
         Authorization: Bearer {token}\nX-RATOR-brand-key: {brand}\n\n"
    );
    ask(emulator, &request).await
}

#[tokio::test]
async fn the_same_token_comes_back_until_a_refresh_kills_it() {
    let (emulator, clock) = start(RatorProfile::LegacyUuid).await;
    let first = ask(&emulator, &login(LOGIN)).await;
    assert_eq!(status(&first), 200, "{first}");
    assert_eq!(member(&first, "token_type"), "bearer");
    assert_eq!(member(&first, "expires_in"), "43199");
    let access = member(&first, "access_token");
    assert_eq!(access.len(), 36);
    assert_eq!(status(&call(&emulator, &access, "BRAND1").await), 200);

    clock.advance(Duration::from_secs(100));
    let again = ask(&emulator, &login(LOGIN)).await;
    assert_eq!(member(&again, "access_token"), access);
    assert_eq!(member(&again, "expires_in"), "43099");

    let token = member(&first, "refresh_token");
    let renewed = ask(&emulator, &refresh(&token)).await;
    assert_eq!(member(&renewed, "refresh_token"), token);
    assert_ne!(member(&renewed, "access_token"), access);
    assert_eq!(status(&call(&emulator, &access, "BRAND1").await), 401);
    let access = member(&renewed, "access_token");
    assert_eq!(
        member(&ask(&emulator, &login(LOGIN)).await, "access_token"),
        access
    );

    clock.advance(Duration::from_secs(43_200));
    let reply = call(&emulator, &access, "BRAND1").await;
    assert!(reply.contains("Bearer realm=") && reply.contains(&format!("expired: {access}")));
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(emulator.ledger().secrets_out_of_place(), []);
    assert_eq!(emulator.ledger().count("password"), 3);
}

#[tokio::test]
async fn operators_and_clients_log_in_too() {
    let (emulator, _) = start(RatorProfile::LegacyQuiet).await;
    assert_eq!(status(&ask(&emulator, &login(OPERATOR)).await), 200);
    let crossed = OPERATOR.replace("operator_password&", "password&");
    assert_eq!(
        member(&ask(&emulator, &login(&crossed)).await, "error"),
        "invalid_grant"
    );

    let client = login("grant_type=client_credentials&operator=op.demo");
    let reply = ask(&emulator, &client).await;
    assert_eq!(
        (status(&reply), member(&reply, "error")),
        (401, "invalid_client".into())
    );
    emulator.configure(|knobs| knobs.grants.push("client_credentials".into()));
    // The operator's own access token, which is the same user's.
    let reply = ask(&emulator, &client).await;
    assert_eq!(status(&reply), 200);
    assert_eq!(member(&reply, "access_token").len(), 27);
    assert_eq!(emulator.ledger().deviations(), []);
    let bare = login("grant_type=client_credentials");
    assert_eq!(status(&ask(&emulator, &bare).await), 400);
    emulator.configure(|knobs| knobs.client_credentials_requires_operator = false);
    let reply = ask(&emulator, &bare).await;
    assert!(
        status(&reply) == 200 && !reply.contains("refresh_token"),
        "{reply}"
    );
}

#[tokio::test]
async fn errors_are_worded_by_the_profile() {
    for (profile, echo) in [
        (RatorProfile::LegacyUuid, true),
        (RatorProfile::LegacyEcho, true),
        (RatorProfile::LegacyQuiet, false),
    ] {
        let (emulator, clock) = start(profile).await;
        let token = member(&ask(&emulator, &login(LOGIN)).await, "refresh_token");
        clock.advance(Duration::from_secs(2_592_000));
        let expired = ask(&emulator, &refresh(&token)).await;
        assert_eq!(
            (status(&expired), member(&expired, "error")),
            (401, "invalid_token".into())
        );
        let unknown = ask(&emulator, &refresh("made-up-token")).await;
        assert_eq!(
            (status(&unknown), member(&unknown, "error")),
            (400, "invalid_grant".into())
        );
        assert_eq!(
            expired.contains(&token) && unknown.contains("made-up-token"),
            echo
        );
    }
    let (emulator, _) = start(RatorProfile::Sas).await;
    let reply = ask(&emulator, &refresh("made-up-token")).await;
    assert!(
        status(&reply) == 400 && reply.contains("error_uri"),
        "{reply}"
    );
    let reply = ask(&emulator, &login(LOGIN)).await;
    assert_eq!(
        (member(&reply, "token_type"), member(&reply, "expires_in")),
        ("Bearer".into(), "299".into())
    );
    let again = ask(&emulator, &login(LOGIN)).await;
    assert_ne!(
        member(&again, "access_token"),
        member(&reply, "access_token")
    );
}

#[tokio::test]
async fn the_newer_library_drops_what_the_query_names() {
    let (emulator, _) = start(RatorProfile::Sas).await;
    emulator.configure(|knobs| {
        knobs.brands.insert("username".into(), "USERNAME".into());
    });
    let reply = ask(&emulator, &post("?brand_key=username", LOGIN)).await;
    assert_eq!(member(&reply, "error"), "invalid_grant");
    let reply = ask(&emulator, &post(&format!("?brand_key=BRAND1&{LOGIN}"), "")).await;
    assert_eq!(member(&reply, "error"), "invalid_request");
}

#[tokio::test]
async fn brands_are_read_where_the_knobs_say() {
    let (emulator, _) = start(RatorProfile::LegacyUuid).await;
    let (query, body) = (login(LOGIN), post("", &format!("{LOGIN}&brand_key=brand1")));
    let read = async |place| {
        emulator.configure(|knobs| knobs.brand_param_place = place);
        [
            status(&ask(&emulator, &query).await),
            status(&ask(&emulator, &body).await),
        ]
    };
    assert_eq!(read(BrandPlace::QueryOrBody).await, [200, 200]);
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(read(BrandPlace::QueryOnly).await, [200, 400]);
    assert_eq!(read(BrandPlace::BodyOnly).await, [400, 200]);
    emulator.configure(|knobs| knobs.brand_param_names = vec!["brandKey".into()]);
    assert_eq!(status(&ask(&emulator, &body).await), 400);

    let token = emulator.access_tokens()[0].expose().to_owned();
    for (brand, expected) in [("BRAND1", 200), ("brand1", 404), ("OTHER", 404)] {
        assert_eq!(
            status(&call(&emulator, &token, brand).await),
            expected,
            "{brand}"
        );
    }
}

#[tokio::test]
async fn a_refused_client_gets_no_oauth_error() {
    let (emulator, _) = start(RatorProfile::LegacyUuid).await;
    let wrong = login(LOGIN).replace("Basic ", "Basic eDp5");
    let reply = ask(&emulator, &wrong).await;
    assert!(
        status(&reply) == 401 && reply.contains("text/html"),
        "{reply}"
    );
    assert!(reply.contains("www-authenticate: Basic realm=\"oauth2/client\""));
    emulator.configure(|knobs| knobs.basic_failure_body = BasicFailureBody::FrameworkJson);
    assert_eq!(
        member(&ask(&emulator, &wrong).await, "error"),
        "Unauthorized"
    );
}

#[tokio::test]
async fn what_is_accepted_decides_the_form_of_an_answer() {
    let (emulator, _) = start(RatorProfile::LegacyUuid).await;
    let wrong = refresh("made-up");
    let json = "Accept: application/json";
    let reply = ask(&emulator, &wrong.replace(json, "Accept: application/xml")).await;
    assert!(
        reply.contains("<oauth><error_description>") && status(&reply) == 400,
        "{reply}"
    );
    let reply = ask(&emulator, &wrong.replace("Accept: application/json\n", "")).await;
    assert!(reply.contains("<oauth>"), "{reply}");
    let reply = ask(&emulator, &wrong.replace(json, "Accept: text/html")).await;
    assert!(
        status(&reply) == 406 && reply.ends_with("\r\n\r\n"),
        "{reply}"
    );
}

#[tokio::test]
async fn wrong_passwords_lock_a_name() {
    let (emulator, _) = start(RatorProfile::LegacyUuid).await;
    emulator.configure(|knobs| knobs.lock_after_failures = Some(2));
    for _ in 0..2 {
        assert!(!emulator.is_locked("alice"));
        ask(&emulator, &login(&LOGIN.replace("pw-alice", "wrong"))).await;
    }
    assert!(emulator.is_locked("alice"));
    assert_eq!(status(&ask(&emulator, &login(LOGIN)).await), 400);
}
