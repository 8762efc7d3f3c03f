//! For each documented field, a request that is wrong about it and must be recorded.

use super::*;
use crate::DeviationKind::{self, *};

#[tokio::test]
async fn each_wrong_request_is_recorded() {
    let good = login(LOGIN);
    let with = |more: &str| login(&format!("{LOGIN}{more}"));
    let table: Vec<(String, DeviationKind, &str)> = vec![
        (good.replace("POST", "GET"), Method, "GET"),
        (
            good.replace("oauth/token", "token"),
            UnknownPath,
            "(hidden)",
        ),
        (
            with("&grant_type=password"),
            RepeatedParameter,
            "grant_type",
        ),
        (with("&brand_key=BRAND1"), RepeatedParameter, "brand_key"),
        (with("&scope=read"), UnexpectedParameter, "scope"),
        (with("&client_id=demo-client"), TwoCredentials, "client"),
        (
            with("&client_id=demo-client"),
            UnexpectedParameter,
            "client_id",
        ),
        (with("&operator=op.demo"), UnexpectedParameter, "operator"),
        (
            login(&LOGIN.replace("pw-alice", "")),
            EmptyParameter,
            "password",
        ),
        (
            login("grant_type=password&username=alice"),
            MissingParameter,
            "password",
        ),
        (
            login("grant_type=client_credentials"),
            MissingParameter,
            "operator",
        ),
        (
            login("grant_type=refresh_token"),
            MissingParameter,
            "refresh_token",
        ),
        (login("grant_type=code"), GrantName, "code"),
        (post("", LOGIN), MissingParameter, "brand_key"),
        (
            post("?brandKey=BRAND1", LOGIN),
            UnexpectedParameter,
            "brandKey",
        ),
        (
            post(&format!("?brand_key=BRAND1&{LOGIN}"), ""),
            MisplacedParameter,
            "password",
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
            good.replace("Authorization", "X-Other"),
            MissingCredentials,
            "client",
        ),
        (
            good.replace("Basic", "Bearer"),
            MalformedCredentials,
            "authorization",
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
            good.replace("Host", "X-RATOR-brand-key: BRAND1\nHost"),
            UnexpectedHeader,
            "x-rator-brand-key",
        ),
        (
            "GET /rest-api-core/api/a HTTP/1.1\n\n".into(),
            MissingHeader,
            "x-rator-brand-key",
        ),
        (
            "GET /rest-api-core/api/a HTTP/1.1\n\n".into(),
            MissingHeader,
            "authorization",
        ),
    ];
    for (request, kind, name) in table {
        let (emulator, _) = start(RatorProfile::LegacyUuid).await;
        assert_recorded(emulator.server(), &request, kind, name).await;
    }
}

#[tokio::test]
async fn passwords_in_the_query_are_out_of_place_unless_the_old_form_is_chosen() {
    for (all_query, strays) in [(false, 2), (true, 0)] {
        let (emulator, _) = start(RatorProfile::LegacyUuid).await;
        emulator.configure(|knobs| knobs.all_query = all_query);
        let request = post(&format!("?brand_key=BRAND1&{LOGIN}"), "")
            .replace("Content-Type: application/x-www-form-urlencoded\n", "");
        assert_eq!(status(&ask(&emulator, &request).await), 200);
        assert_eq!(emulator.ledger().deviations().is_empty(), all_query);
        assert_eq!(
            emulator.ledger().secrets_out_of_place().len().min(1),
            strays.min(1)
        );
    }
}
