use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    DeviationKind::{self, *},
    ManualClock,
    wire::{assert_recorded, member, send, status},
};

// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

async fn start() -> (OAuth2Emulator, ManualClock) {
    let clock = ManualClock::new();
    let emulator = OAuth2Emulator::start(Arc::new(clock.clone()))
        .await
        .unwrap();
    emulator.client("client one", "s3cret:+%");
    (emulator, clock)
}

fn basic() -> String {
    let pair = "client+one:s3cret%3A%2B%25";
    format!("Authorization: Basic {}\n", STANDARD.encode(pair))
}

fn post(form: &str) -> String {
    format!(
        "POST /token HTTP/1.1\nHost: localhost\nAccept: application/json\n{}\
         Content-Type: application/x-www-form-urlencoded\nContent-Length: {}\n\n{form}",
        basic(),
        form.len(),
    )
}

fn refresh(token: &str) -> String {
    post(&format!("grant_type=refresh_token&refresh_token={token}"))
}

async fn ask(emulator: &OAuth2Emulator, request: &str) -> String {
    send(emulator.server().address(), request).await
}

fn page(emulator: &OAuth2Emulator) -> String {
    format!(
        "{}?response_type=code&client_id=client+one&state=xyz&scope=read&code_challenge={CHALLENGE}\
         &code_challenge_method=S256&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback",
        emulator.authorize_url(),
    )
}

async fn exchange(emulator: &OAuth2Emulator, verifier: &str) -> String {
    let callback = emulator.approve(&page(emulator)).unwrap();
    assert!(callback.ends_with("&state=xyz"), "{callback}");
    let code = callback.split(['=', '&']).nth(1).unwrap();
    let form = format!(
        "grant_type=authorization_code&code={code}&code_verifier={verifier}\
         &redirect_uri=https%3A%2F%2Fclient.example%2Fcallback"
    );
    ask(emulator, &post(&form)).await
}

#[tokio::test]
async fn a_spent_refresh_token_ends_its_family() {
    let (emulator, clock) = start().await;
    let first = emulator.issue_refresh_token();
    let reply = ask(&emulator, &refresh(first.expose())).await;
    assert_eq!(status(&reply), 200, "{reply}");
    let (access, second) = (
        member(&reply, "access_token"),
        member(&reply, "refresh_token"),
    );
    assert!(emulator.accepts(&access) && emulator.reuses() == 0);

    // Within the leeway it does no harm.
    emulator.configure(|knobs| knobs.reuse_leeway = Duration::from_secs(10));
    clock.advance(Duration::from_secs(9));
    assert_eq!(status(&ask(&emulator, &refresh(first.expose())).await), 200);
    clock.advance(Duration::from_secs(1));
    let other = emulator.issue_refresh_token();
    assert_eq!(status(&ask(&emulator, &refresh(first.expose())).await), 400);
    assert!(!emulator.accepts(&access));
    let reply = ask(&emulator, &refresh(&second)).await;
    assert_eq!(
        (status(&reply), member(&reply, "error")),
        (400, "invalid_grant".into())
    );
    assert_eq!((emulator.reuses(), emulator.families_revoked()), (2, 1));
    assert_eq!(status(&ask(&emulator, &refresh(other.expose())).await), 200);
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(emulator.ledger().secrets_out_of_place(), []);
}

#[tokio::test]
async fn every_grant_works_and_is_no_deviation() {
    let (emulator, clock) = start().await;
    let reply = exchange(&emulator, VERIFIER).await;
    assert_eq!(
        (status(&reply), member(&reply, "scope")),
        (200, "read".into()),
        "{reply}"
    );
    assert!(reply.contains("cache-control: no-store"));
    let reply = ask(&emulator, &post("grant_type=client_credentials&scope=a")).await;
    assert!(
        status(&reply) == 200 && !reply.contains("refresh_token"),
        "{reply}"
    );
    let (name, password) = emulator.user();
    let login = format!(
        "grant_type=password&username={name}&password={}",
        password.expose()
    );
    assert!(
        ask(&emulator, &post(&login))
            .await
            .contains("refresh_token")
    );
    let secret = "&client_id=client+one&client_secret=s3cret%3A%2B%25";
    let by_form = post(&format!("grant_type=client_credentials{secret}")).replace(&basic(), "");
    let reply = ask(&emulator, &by_form).await;
    let access = member(&reply, "access_token");
    assert!(emulator.acceptor()(&access));
    clock.advance(Duration::from_secs(300));
    assert!(!emulator.accepts(&access));
    assert_eq!(emulator.ledger().deviations(), []);
    assert_eq!(emulator.ledger().secrets_out_of_place(), []);
}

#[tokio::test]
async fn a_code_needs_its_verifier() {
    let (emulator, _) = start().await;
    let reply = exchange(&emulator, &VERIFIER.replace('d', "e")).await;
    assert_eq!(
        (status(&reply), member(&reply, "error")),
        (400, "invalid_grant".into())
    );
    let denied = emulator.deny(&page(&emulator)).unwrap();
    assert_eq!(
        denied,
        "https://client.example/callback?error=access_denied&state=xyz"
    );
    emulator.configure(|knobs| knobs.issuer = Some("https://as.example".into()));
    assert!(
        emulator
            .deny(&page(&emulator))
            .unwrap()
            .ends_with("&iss=https%3A%2F%2Fas.example")
    );
}

#[tokio::test]
async fn each_wrong_request_is_recorded() {
    let good = post("grant_type=client_credentials");
    let table: Vec<(String, DeviationKind, &str)> = vec![
        (good.replace("POST", "GET"), Method, "GET"),
        (good.replace("/token ", "/tokens "), UnknownPath, "(hidden)"),
        (
            good.replace("/token ", "/token?grant_type=a "),
            MisplacedParameter,
            "grant_type",
        ),
        (
            post("grant_type=password&username=a"),
            MissingParameter,
            "password",
        ),
        (
            post("grant_type=refresh_token"),
            MissingParameter,
            "refresh_token",
        ),
        (
            post("grant_type=authorization_code&code=a"),
            MissingParameter,
            "redirect_uri",
        ),
        (post("grant_type=code"), GrantName, "code"),
        (post("scope=a"), MissingParameter, "grant_type"),
        (
            post("grant_type=client_credentials&scope=a&scope=b"),
            RepeatedParameter,
            "scope",
        ),
        (
            post("grant_type=client_credentials&scope="),
            EmptyParameter,
            "scope",
        ),
        (
            post("grant_type=client_credentials&code=a"),
            UnexpectedParameter,
            "code",
        ),
        (
            post("grant_type=client_credentials&client_secret=a"),
            TwoCredentials,
            "client",
        ),
        (good.replace(&basic(), ""), MissingCredentials, "client"),
        (
            good.replace("Basic", "Bearer"),
            MalformedCredentials,
            "authorization",
        ),
        (
            good.replace("Accept: application/json\n", ""),
            MissingHeader,
            "accept",
        ),
        (
            good.replace("x-www-form-urlencoded", "json"),
            Body,
            "content-type",
        ),
        (
            good.replace("Host", "Cookie: a=b\nHost"),
            UnexpectedHeader,
            "cookie",
        ),
    ];
    let (emulator, _) = start().await;
    for (request, kind, name) in table {
        assert_recorded(emulator.server(), &request, kind, name).await;
    }
    let good = page(&emulator);
    for (address, kind, name) in [
        (good.replace("state=xyz&", ""), MissingParameter, "state"),
        (
            good.replace("response_type=code&", ""),
            MissingParameter,
            "response_type",
        ),
        (
            good.replace("S256", "plain"),
            ParameterValue,
            "code_challenge_method",
        ),
        (
            good.replace("code_challenge=", "challenge="),
            MissingParameter,
            "code_challenge",
        ),
        (
            good.replace("%2Fcallback", "%2Fother"),
            RedirectUri,
            "redirect_uri",
        ),
    ] {
        emulator.approve(&address);
        let found = emulator.ledger().deviations();
        let hit = found
            .last()
            .is_some_and(|d| d.kind() == kind && d.name() == name);
        assert!(hit, "{kind:?} {name} is not the last of {found:?}");
    }
}
