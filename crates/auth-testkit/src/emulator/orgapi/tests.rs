use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    ManualClock,
    wire::{assert_recorded, member, send, status},
};

mod deviations;

async fn start() -> (OrgApiEmulator, ManualClock) {
    let clock = ManualClock::new();
    let emulator = OrgApiEmulator::start(Arc::new(clock.clone()))
        .await
        .unwrap();
    emulator.client("id_demo", "s3cret-demo");
    (emulator, clock)
}

fn basic() -> String {
    format!(
        "Authorization: Basic {}",
        STANDARD.encode("id_demo:s3cret-demo")
    )
}

fn grant(query: &str) -> String {
    format!(
        "POST /oauth2/token?{query} HTTP/1.1\nHost: localhost\nAccept: application/json\n{}\nContent-Length: 0\n\n",
        basic()
    )
}

async fn ask(emulator: &OrgApiEmulator, request: &str) -> String {
    send(emulator.server().address(), request).await
}

async fn call(emulator: &OrgApiEmulator, token: &str) -> u16 {
    let request = format!(
        "GET /api/v1/organization/demo HTTP/1.1\nHost: localhost\nAuthorization: Bearer {token}\n\n"
    );
    status(&ask(emulator, &request).await)
}

#[tokio::test]
async fn the_documented_flow_works_and_is_no_deviation() {
    let (emulator, clock) = start().await;
    let first = ask(&emulator, &grant("grant_type=client_credentials")).await;
    assert_eq!(status(&first), 200, "{first}");
    assert_eq!(member(&first, "token_type"), "Bearer");
    assert_eq!(member(&first, "expires_in"), "86400");
    let (access, refresh) = (
        member(&first, "access_token"),
        member(&first, "refresh_token"),
    );
    assert_eq!((access.len(), refresh.len()), (40, 40));
    assert_eq!(call(&emulator, &access).await, 200);

    let refresh = grant(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    let second = ask(&emulator, &refresh).await;
    assert_eq!(status(&second), 200);
    assert_eq!(call(&emulator, &access).await, 401);
    let third = ask(&emulator, &refresh).await;
    assert_eq!(
        (status(&third), member(&third, "error")),
        (400, "invalid_grant".into())
    );

    let access = member(&second, "access_token");
    assert_eq!(call(&emulator, &access).await, 200);
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(call(&emulator, &access).await, 401);

    let ledger = emulator.ledger();
    assert_eq!(ledger.deviations(), []);
    assert_eq!(ledger.secrets_out_of_place(), []);
    assert_eq!(ledger.count("client_credentials"), 1);
    assert_eq!(ledger.count("refresh_token"), 2);
    assert_eq!(ledger.answered(401), 2);
    let raw = ledger.entries()[0].raw().clone();
    assert!(raw.starts_with(b"POST /oauth2/token?grant_type=client_credentials HTTP/1.1\r\n"));
}

#[tokio::test]
async fn knobs_change_the_answers() {
    let (emulator, _) = start().await;
    let good = grant("grant_type=client_credentials");
    emulator.configure(|knobs| knobs.issue_refresh_token = IssueRefreshToken::Null);
    assert!(
        ask(&emulator, &good)
            .await
            .contains("\"refresh_token\":null")
    );
    emulator.configure(|knobs| knobs.issue_refresh_token = IssueRefreshToken::Absent);
    assert!(!ask(&emulator, &good).await.contains("refresh_token"));

    emulator.configure(|knobs| knobs.invalid_client_status = 401);
    let wrong = good.replace(&basic(), "Authorization: Basic eDp5");
    let reply = ask(&emulator, &wrong).await;
    assert_eq!(
        (status(&reply), member(&reply, "error")),
        (401, "invalid_client".into())
    );

    emulator.configure(|knobs| knobs.wrong_region = Some("fra1.example".into()));
    let reply = ask(&emulator, &good).await;
    let location = "location: https://fra1.example/oauth2/token?grant_type=client_credentials";
    assert!(status(&reply) == 308 && reply.contains(location), "{reply}");

    emulator.configure(|knobs| {
        knobs.wrong_region = None;
        knobs.rate_limit = Some(0);
        knobs.retry_after = Some("7".into());
    });
    let reply = ask(&emulator, &good).await;
    assert!(
        status(&reply) == 429 && reply.contains("retry-after: 7"),
        "{reply}"
    );
    assert!(emulator.ledger().deviations().is_empty());
    let wrong = good.replace("POST", "GET");
    assert_eq!(status(&ask(&emulator, &wrong).await), 429);
    assert_eq!(emulator.ledger().deviations().len(), 1);
}

#[tokio::test]
async fn an_old_access_token_can_live_and_hooks_can_end_it() {
    let (emulator, _) = start().await;
    emulator.configure(|knobs| {
        knobs.old_access_token_after_refresh = OldAccessToken::Lives;
        knobs.refresh_single_use = false;
    });
    let first = ask(&emulator, &grant("grant_type=client_credentials")).await;
    let (access, refresh) = (
        member(&first, "access_token"),
        member(&first, "refresh_token"),
    );
    let refresh = grant(&format!("grant_type=refresh_token&refresh_token={refresh}"));
    let second = ask(&emulator, &refresh).await;
    assert_eq!(status(&ask(&emulator, &refresh).await), 200);
    assert_eq!(call(&emulator, &access).await, 200);
    assert!(emulator.revoke_access_token(&access));
    assert_eq!(call(&emulator, &access).await, 401);
    let access = member(&second, "access_token");
    assert!(emulator.accepts(&access));
    emulator.expire_all_access_tokens();
    assert_eq!(call(&emulator, &access).await, 401);
    emulator.revoke_refresh_tokens();
    assert_eq!(status(&ask(&emulator, &refresh).await), 400);
}
