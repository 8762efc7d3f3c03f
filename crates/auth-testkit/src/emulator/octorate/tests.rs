use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    ManualClock,
    wire::{assert_recorded, member, send, status},
};

mod deviations;
mod resources;

const CLIENT: &str = "client_id=public_demo&client_secret=secret_demo_1";

async fn start() -> (OctorateEmulator, ManualClock) {
    let clock = ManualClock::new();
    let emulator = OctorateEmulator::start(Arc::new(clock.clone()))
        .await
        .unwrap();
    emulator.client("public_demo", "secret_demo_1");
    emulator.add_redirect_uri("https://shop.example/cb");
    (emulator, clock)
}

fn post(name: &str, form: &str) -> String {
    format!(
        "POST /connect/rest/v1/identity/{name} HTTP/1.1\nHost: localhost\nAccept: application/json\n\
         Content-Type: application/x-www-form-urlencoded\nContent-Length: {}\n\n{form}",
        form.len(),
    )
}

fn page(emulator: &OctorateEmulator) -> String {
    let address = emulator.authorize_url();
    format!(
        "{address}?client_id=public_demo&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&state=Zk3v"
    )
}

fn exchange(code: &str) -> String {
    let form = format!(
        "{CLIENT}&redirect_uri=https%3A%2F%2Fshop.example%2Fcb&grant_type=code&code={code}"
    );
    post("token", &form)
}

fn code(callback: &str) -> String {
    let (_, query) = callback.split_once('?').expect("a query");
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "code").expect("a code");
    code.into_owned()
}

async fn ask(emulator: &OctorateEmulator, request: &str) -> String {
    send(emulator.server().address(), request).await
}

async fn call(
    emulator: &OctorateEmulator,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> String {
    let request = format!(
        "{method} /connect{path} HTTP/1.1\nHost: localhost\nAuthorization: Bearer {token}\n\
         Content-Type: application/json\nContent-Length: {}\n\n{body}",
        body.len(),
    );
    ask(emulator, &request).await
}

async fn login(emulator: &OctorateEmulator) -> (String, String) {
    let callback = emulator.approve(&page(emulator)).expect("a callback");
    let reply = ask(emulator, &exchange(&code(&callback))).await;
    assert_eq!(status(&reply), 200, "{reply}");
    (
        member(&reply, "access_token"),
        member(&reply, "refresh_token"),
    )
}

async fn admin(emulator: &OctorateEmulator) -> String {
    member(
        &ask(emulator, &post("apilogin", CLIENT)).await,
        "access_token",
    )
}

#[tokio::test]
async fn the_documented_flow_works_and_is_no_deviation() {
    let (emulator, clock) = start().await;
    let callback = emulator.approve(&page(&emulator)).unwrap();
    assert!(
        callback.starts_with("https://shop.example/cb?code=") && callback.ends_with("&state=Zk3v")
    );
    let reply = ask(&emulator, &exchange(&code(&callback))).await;
    let access = member(&reply, "access_token");
    assert!(
        !reply.contains("expires_in") && reply.contains("date: ") && reply.contains("request-id: ")
    );
    assert_eq!(
        member(&reply, "expireDate").len(),
        "2031-03-17T17:41:51.178Z".len()
    );
    assert_eq!(
        status(&call(&emulator, "GET", "/rest/v1/demo", &access, "").await),
        200
    );
    // A code is good once.
    assert_eq!(
        status(&ask(&emulator, &exchange(&code(&callback))).await),
        403
    );

    clock.advance(Duration::from_secs(86_400));
    let reply_401 = call(&emulator, "GET", "/rest/v1/demo", &access, "").await;
    assert_eq!(
        (status(&reply_401), member(&reply_401, "type")),
        (401, "ApiKeyInvalid".into())
    );
    let refresh = post(
        "refresh",
        &format!("{CLIENT}&refresh_token={}", member(&reply, "refresh_token")),
    );
    for _ in 0..2 {
        let renewed = ask(&emulator, &refresh).await;
        assert!(
            status(&renewed) == 200 && !renewed.contains("refresh_token"),
            "{renewed}"
        );
    }
    emulator.revoke_refresh_token("16997");
    assert_eq!(status(&ask(&emulator, &refresh).await), 403);
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(emulator.ledger().secrets_out_of_place(), []);
    assert_eq!(
        (
            emulator.ledger().count("code"),
            emulator.ledger().count("refresh")
        ),
        (2, 3)
    );
}

#[tokio::test]
async fn codes_end_and_new_logins_end_old_ones() {
    let (emulator, clock) = start().await;
    let callback = emulator.approve(&page(&emulator)).unwrap();
    clock.advance(Duration::from_secs(60));
    assert_eq!(
        status(&ask(&emulator, &exchange(&code(&callback))).await),
        403
    );

    let (_, first) = login(&emulator).await;
    let (_, second) = login(&emulator).await;
    for (token, expected) in [(first, 403), (second, 200)] {
        let refresh = post("refresh", &format!("{CLIENT}&refresh_token={token}"));
        assert_eq!(status(&ask(&emulator, &refresh).await), expected);
    }
    emulator.configure(|knobs| knobs.error_status_bad_credentials = 400);
    assert_eq!(status(&ask(&emulator, &exchange("made-up")).await), 400);
}

#[tokio::test]
async fn users_refuse_or_are_left_on_the_page() {
    let (emulator, _) = start().await;
    let denied = emulator.deny(&page(&emulator)).unwrap();
    assert_eq!(
        denied,
        "https://shop.example/cb?error=access_denied&state=Zk3v"
    );
    assert_eq!(
        emulator.approve(&page(&emulator).replace("public_demo", "other")),
        None
    );
    assert_eq!(
        emulator.approve(&page(&emulator).replace("shop", "evil")),
        None
    );

    emulator.add_redirect_uri("https://shop.example/cb?x=1");
    let page = page(&emulator).replace("%2Fcb", "%2Fcb%3Fx%3D1");
    assert!(emulator.approve(&page).unwrap().contains("/cb?x=1&code="));
    emulator.configure(|knobs| knobs.append_blindly = true);
    assert!(emulator.approve(&page).unwrap().contains("/cb?x=1?code="));
}

#[tokio::test]
async fn replies_come_in_generations_and_date_styles() {
    let (emulator, clock) = start().await;
    clock.set_wall(std::time::UNIX_EPOCH + Duration::from_millis(1_900_000_000_178));
    let login = post("apilogin", CLIENT);
    for (style, date) in [
        (DateStyle::Millis, "2030-03-18T17:46:40.178Z"),
        (DateStyle::Seconds, "2030-03-18T17:46:40Z"),
        (DateStyle::IxdtfUtc, "2030-03-18T17:46:40.178Z[UTC]"),
    ] {
        emulator.configure(|knobs| knobs.date_style = style);
        let reply = ask(&emulator, &login).await;
        assert_eq!(member(&reply, "expireDate"), date);
        assert!(
            reply.contains("date: Sun, 17 Mar 2030 17:46:40 GMT"),
            "{reply}"
        );
    }
    emulator.configure(|knobs| {
        knobs.generation = ReplyGeneration::Modern;
        knobs.server_clock_offset = -3600;
    });
    let reply = ask(&emulator, &login).await;
    assert_eq!(member(&reply, "expires_in"), "86400");
    assert_eq!(
        member(&reply, "accessToken"),
        member(&reply, "access_token")
    );
    assert!(
        reply.contains("date: Sun, 17 Mar 2030 16:46:40 GMT"),
        "{reply}"
    );
    emulator.configure(|knobs| {
        knobs.generation = ReplyGeneration::Mixed;
        knobs.send_date_header = false;
    });
    let replies = [ask(&emulator, &login).await, ask(&emulator, &login).await];
    assert_ne!(
        replies[0].contains("expires_in"),
        replies[1].contains("expires_in")
    );
    assert!(!replies[0].contains("\ndate: "));
}

#[tokio::test]
async fn a_key_migrates_each_property_once() {
    let (emulator, _) = start().await;
    let key = emulator.add_legacy_key();
    let request = post("migrate", "accommodation=16997");
    let request = request.replace("Host", &format!("key: {}\nHost", key.expose()));
    let reply = ask(&emulator, &request).await;
    assert!(
        status(&reply) == 200 && reply.contains("refresh_token"),
        "{reply}"
    );
    assert_eq!(status(&ask(&emulator, &request).await), 403);
    let other = request.replace("16997", "16998");
    assert_eq!(status(&ask(&emulator, &other).await), 200);
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(emulator.ledger().secrets_out_of_place(), []);
}
