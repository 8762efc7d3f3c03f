//! For each documented field, a request that is wrong about it and must be recorded.

use super::*;
use crate::DeviationKind::*;

#[tokio::test]
async fn of_a_code_exchange() {
    let good = exchange("made-up");
    let form = |from: &str, to: &str| {
        let (_, body) = good.split_once("\n\n").expect("a body");
        post("token", &body.replace(from, to))
    };
    let (emulator, _) = start().await;
    for (request, kind, name) in [
        (good.replace("POST", "GET"), Method, "GET"),
        (
            good.replace("identity/token", "identity/code"),
            UnknownPath,
            "(hidden)",
        ),
        (
            good.replace("/token", "/token?scope=any"),
            UnexpectedParameter,
            "scope",
        ),
        (
            good.replace("/token", "/token?code=x"),
            MisplacedParameter,
            "code",
        ),
        (
            good.replace("/token", "/token?code=x"),
            RepeatedParameter,
            "code",
        ),
        (good.replace("/token", "/token#a"), Target, "target"),
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
            good.replace("Host", "Authorization: Basic eDp5\nHost"),
            UnexpectedHeader,
            "authorization",
        ),
        (
            good.replace("Host", "Cookie: a=b\nHost"),
            UnexpectedHeader,
            "cookie",
        ),
        (
            good.replace("Host", "Referer: https://a.example\nHost"),
            UnexpectedHeader,
            "referer",
        ),
        (
            good.replace("Host", "key: k\nHost"),
            UnexpectedHeader,
            "key",
        ),
        (
            good.replace("Host", "Accept-Encoding: gzip\nHost"),
            HeaderValue,
            "accept-encoding",
        ),
        (
            form("grant_type=code", "grant_type=authorization_code"),
            GrantName,
            "authorization_code",
        ),
        (form("&grant_type=code", ""), MissingParameter, "grant_type"),
        (
            form("client_secret=secret_demo_1", "client_secret="),
            EmptyParameter,
            "client_secret",
        ),
        (
            form("client_id=public_demo&", ""),
            MissingParameter,
            "client_id",
        ),
        (
            form("redirect_uri=", "redirect="),
            MissingParameter,
            "redirect_uri",
        ),
        (form("&code=made-up", ""), MissingParameter, "code"),
        (
            form("grant_type", "scope=any&grant_type"),
            UnexpectedParameter,
            "scope",
        ),
        (
            form("grant_type", "code_challenge=a&grant_type"),
            UnexpectedParameter,
            "code_challenge",
        ),
    ] {
        assert_recorded(emulator.server(), &request, kind, name).await;
    }
    let callback = emulator.approve(&page(&emulator)).unwrap();
    let other = exchange(&code(&callback)).replace("%2Fcb", "%2Fcc");
    assert_recorded(emulator.server(), &other, RedirectUri, "redirect_uri").await;
}

#[tokio::test]
async fn of_the_other_identity_endpoints() {
    let (emulator, _) = start().await;
    for (name, form, kind, field) in [
        ("refresh", CLIENT, MissingParameter, "refresh_token"),
        (
            "refresh",
            "refresh_token=a",
            MissingParameter,
            "client_secret",
        ),
        (
            "refresh",
            "refresh_token=a&grant_type=refresh_token",
            UnexpectedParameter,
            "grant_type",
        ),
        (
            "refresh",
            "refresh_token=a&notes=b",
            UnexpectedParameter,
            "notes",
        ),
        (
            "refresh",
            "refresh_token=a&refresh_token=a",
            RepeatedParameter,
            "refresh_token",
        ),
        ("apilogin", "client_id=a", MissingParameter, "client_secret"),
        (
            "apilogin",
            "grant_type=client_credentials",
            UnexpectedParameter,
            "grant_type",
        ),
        ("migrate", "accommodation=1", MissingHeader, "key"),
        ("migrate", "property=1", MissingParameter, "accommodation"),
        ("migrate", CLIENT, UnexpectedParameter, "client_secret"),
    ] {
        assert_recorded(emulator.server(), &post(name, form), kind, field).await;
    }
    emulator.configure(|knobs| knobs.grant_type_on_refresh = true);
    let before = emulator.ledger().deviations().len();
    let form = format!("{CLIENT}&refresh_token=a&grant_type=refresh_token");
    ask(&emulator, &post("refresh", &form)).await;
    assert_eq!(emulator.ledger().deviations().len(), before);
}

#[tokio::test]
async fn of_the_authorize_page_and_the_resources() {
    let (emulator, _) = start().await;
    let good = page(&emulator);
    for (address, kind, name) in [
        (
            good.replace("oauth.xhtml", "login"),
            UnknownPath,
            "(hidden)",
        ),
        (good.replace("&state=Zk3v", ""), MissingParameter, "state"),
        (
            good.replace("state=Zk3v", "state="),
            EmptyParameter,
            "state",
        ),
        (format!("{good}&state=b"), RepeatedParameter, "state"),
        (
            format!("{good}&response_type=code"),
            UnexpectedParameter,
            "response_type",
        ),
        (format!("{good}&scope=any"), UnexpectedParameter, "scope"),
        (format!("{good}#a"), Target, "target"),
        (good.replace("shop", "other"), RedirectUri, "redirect_uri"),
    ] {
        let before = emulator.ledger().deviations().len();
        emulator.approve(&address);
        let found = emulator.ledger().deviations();
        let hit = found[before..]
            .iter()
            .any(|d| d.kind() == kind && d.name() == name);
        assert!(hit, "{kind:?} {name} is not in {found:?}");
    }
    let admin = admin(&emulator).await;
    let path = "/connect/rest/v1/api/configuration";
    let request = |method: &str, kind: &str, body: &str| {
        format!(
            "{method} {path} HTTP/1.1\nHost: localhost\nAuthorization: Bearer {admin}\n\
             Content-Type: {kind}\nContent-Length: {}\n\n{body}",
            body.len(),
        )
    };
    let plain = r#"{"redirectUri":["http://a.example"]}"#;
    for (request, kind, name) in [
        (request("POST", "application/json", "{}"), Method, "POST"),
        (request("PATCH", "text/plain", "{}"), Body, "content-type"),
        (request("PATCH", "application/json", "{"), Body, "json"),
        (
            request("PATCH", "application/json", r#"{"active":false}"#),
            UnexpectedParameter,
            "active",
        ),
        (
            request("PATCH", "application/json", plain),
            ParameterValue,
            "redirectUri",
        ),
        (
            "GET /connect/rest/v1/demo HTTP/1.1\n\n".to_owned(),
            MissingHeader,
            "authorization",
        ),
    ] {
        assert_recorded(emulator.server(), &request, kind, name).await;
    }
}
