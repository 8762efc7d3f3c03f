//! For each documented field, a request that is wrong about it and must be recorded.

use super::*;
use crate::DeviationKind::{self, *};

#[tokio::test]
async fn each_wrong_request_is_recorded() {
    let good = grant("grant_type=client_credentials");
    let form = "Content-Type: application/x-www-form-urlencoded";
    let refresh = |rest: &str| good.replace("client_credentials", rest);
    let table: Vec<(String, DeviationKind, &str)> = vec![
        (good.replace("POST", "GET"), Method, "GET"),
        (good.replace("POST", "PUT"), Method, "PUT"),
        (
            good.replace("/oauth2/token", "/oauth/token"),
            UnknownPath,
            "(hidden)",
        ),
        (good.replace(" HTTP", "#part HTTP"), Target, "target"),
        (
            good.replace(" /oauth2", " http://localhost/oauth2"),
            UnknownPath,
            "(hidden)",
        ),
        (
            refresh("client_credentials&grant_type=client_credentials"),
            RepeatedParameter,
            "grant_type",
        ),
        (
            refresh("client_credentials&scope=all"),
            UnexpectedParameter,
            "scope",
        ),
        (
            refresh("client_credentials&refresh_token=x"),
            UnexpectedParameter,
            "refresh_token",
        ),
        (refresh("refresh_token"), MissingParameter, "refresh_token"),
        (
            refresh("refresh_token&refresh_token="),
            EmptyParameter,
            "refresh_token",
        ),
        (refresh("code"), GrantName, "code"),
        (
            good.replace("grant_type=client_credentials", ""),
            MissingParameter,
            "grant_type",
        ),
        (
            good.replace("Accept: application/json\n", ""),
            MissingHeader,
            "accept",
        ),
        (
            good.replace("Accept: application/json", "Accept: text/html"),
            HeaderValue,
            "accept",
        ),
        (
            good.replace("Content-Length: 0\n", ""),
            MissingHeader,
            "content-length",
        ),
        (
            good.replace("Content-Length: 0", &format!("Content-Length: 0\n{form}")),
            Body,
            "body",
        ),
        (
            good.replace("Host", "Accept: */*\nHost"),
            RepeatedHeader,
            "accept",
        ),
        (
            good.replace("Host", "Referer: http://localhost/\nHost"),
            UnexpectedHeader,
            "referer",
        ),
        (
            good.replace("Host", "Cookie: a=b\nHost"),
            UnexpectedHeader,
            "cookie",
        ),
        (
            good.replace("Host", "Origin: http://localhost\nHost"),
            UnexpectedHeader,
            "origin",
        ),
        (
            good.replace("Host", "Accept-Encoding: gzip\nHost"),
            HeaderValue,
            "accept-encoding",
        ),
        (
            good.replace(&format!("{}\n", basic()), ""),
            MissingCredentials,
            "client",
        ),
        (
            good.replace("Basic", "Bearer"),
            MalformedCredentials,
            "authorization",
        ),
        (
            refresh("client_credentials&client_id=id_demo"),
            TwoCredentials,
            "client",
        ),
        (
            good.replace("?grant_type=client_credentials", "")
                .replace("Content-Length: 0", &format!("Content-Length: 29\n{form}"))
                + "grant_type=client_credentials",
            Body,
            "body",
        ),
    ];
    for (request, kind, name) in table {
        let (emulator, _) = start().await;
        assert_recorded(emulator.server(), &request, kind, name).await;
    }
}

#[tokio::test]
async fn secrets_are_found_wherever_they_do_not_belong() {
    let (emulator, _) = start().await;
    let reply = ask(&emulator, &grant("grant_type=client_credentials")).await;
    let token = member(&reply, "access_token");
    let resource = "GET /api/v1/organization/demo HTTP/1.1\nHost: localhost\n";
    let hexadecimal: String = token.bytes().map(|b| format!("{b:02x}")).collect();
    for (request, place) in [
        (
            format!("GET /api/v1/organization/{token} HTTP/1.1\nHost: localhost\n\n"),
            "path",
        ),
        (
            format!("GET /api/v1/organization/demo?t={token} HTTP/1.1\nHost: localhost\n\n"),
            "query t",
        ),
        (
            format!("{resource}User-Agent: x {token}\n\n"),
            "header user-agent",
        ),
        (
            format!("{resource}Referer: http://localhost/?{hexadecimal}\n\n"),
            "header referer",
        ),
        (
            format!(
                "{resource}X-Debug: {}\n\n",
                STANDARD.encode(format!("a{token}"))
            ),
            "header x-debug",
        ),
        (format!("{resource}Content-Length: 40\n\n{token}"), "body"),
        (
            format!(
                "{resource}Authorization: Basic {}\n\n",
                STANDARD.encode("a:s3cret-demo")
            ),
            "header authorization",
        ),
    ] {
        let before = emulator.ledger().secrets_out_of_place().len();
        ask(&emulator, &request).await;
        let found = emulator.ledger().secrets_out_of_place();
        assert_eq!(found.len(), before + 1, "{place}: {found:?}");
        assert_eq!(found[before].place(), place);
        let shown = format!(
            "{:?} {:?} {found:?}",
            emulator.ledger(),
            emulator.ledger().entries()
        );
        assert!(
            !shown.contains(&token) && !shown.contains("s3cret"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn what_a_fault_keeps_from_being_processed_is_recorded_all_the_same() {
    let (emulator, _) = start().await;
    let wrong = grant("grant_type=client_credentials&scope=all");
    emulator.server().next(crate::Fault::Status(503));
    emulator
        .server()
        .next(crate::Fault::Raw(Default::default()));
    for _ in 0..2 {
        ask(&emulator, &wrong).await;
    }
    let ledger = emulator.ledger();
    let found: Vec<String> = ledger
        .deviations()
        .iter()
        .map(ToString::to_string)
        .collect();
    let expected = [
        "request 0: UnexpectedParameter scope",
        "request 1: UnexpectedParameter scope",
    ];
    assert_eq!(found, expected);
    assert_eq!(
        (
            ledger.count("client_credentials"),
            ledger.attempts("client_credentials")
        ),
        (0, 2)
    );
    assert!(emulator.access_tokens().is_empty());
}
