use auth_core::{Now, Secret};
use auth_oauth2::{Asked, Endpoint, decode};
use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE};

use super::*;
use crate::BrandKey;

const JSON: &str = "application/json;charset=UTF-8";
const PAGE: &str = "<html><body>demo-pw 2f1e0d0c-0000-4000-8000-00000000cafe</body></html>";
const FRAMEWORK: &str =
    r#"{"timestamp":1,"status":401,"error":"Unauthorized","message":"demo-pw","path":"/x"}"#;

fn config() -> Config {
    let at = |url| Endpoint::parse(url).unwrap();
    let (token, api) = (
        at("https://bss.example/oauth/token"),
        at("https://bss.example"),
    );
    let brand = BrandKey::with_header("brand1", "BRAND1").unwrap();
    Config::new(token, api, "demo-client", Secret::new("demo-secret"), brand)
}

fn read(step: Step, status: u16, media: &str, body: &str) -> Error {
    let reply = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, media)
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    let now = Now::new(std::time::SystemTime::UNIX_EPOCH, Duration::ZERO);
    let asked = Asked::new(step, now).secrets(vec![Secret::new("demo-pw")]);
    decode(&reply, &asked, &rator(&config())).unwrap_err()
}

#[test]
fn each_refusal_says_who_must_act_and_what_to_look_at() {
    use ErrorKind::{
        Configuration as Wrong, LoginRequired as Login, Protocol, Unavailable as Away,
    };
    use Step::{ClientCredentials as Client, Password, RefreshToken as Refresh};

    let client = Some("invalid_client");
    // Step, status, what the body says, and then: kind, code, a word of the advice.
    let table = [
        (Password, 401, PAGE, Wrong, client, "encoding"),
        (Password, 401, FRAMEWORK, Wrong, client, "encoding"),
        (Password, 401, "", Wrong, client, "encoding"),
        (Refresh, 401, PAGE, Wrong, client, "encoding"),
        (Client, 401, PAGE, Wrong, client, "encoding"),
        (Password, 401, "invalid_client", Wrong, client, "grants"),
        (Client, 401, "invalid_client", Wrong, client, "v17.0"),
        (
            Client,
            400,
            "unsupported_grant_type",
            Wrong,
            Some("unsupported_grant_type"),
            "v17.0",
        ),
        (
            Client,
            400,
            "unauthorized_client",
            Wrong,
            Some("unauthorized_client"),
            "v17.0",
        ),
        (
            Client,
            400,
            "invalid_grant",
            Wrong,
            Some("invalid_grant"),
            "operator",
        ),
        (
            Password,
            400,
            "unsupported_grant_type",
            Wrong,
            Some("unsupported_grant_type"),
            "offer",
        ),
        (
            Password,
            400,
            "invalid_grant",
            Login,
            Some("invalid_grant"),
            "locked",
        ),
        (
            Password,
            401,
            "unauthorized",
            Login,
            Some("unauthorized"),
            "locked",
        ),
        (
            Refresh,
            401,
            "invalid_token",
            Login,
            Some("invalid_token"),
            "log in again",
        ),
        (
            Refresh,
            400,
            "invalid_grant",
            Login,
            Some("invalid_grant"),
            "log in again",
        ),
        (
            Password,
            400,
            "invalid_request",
            Wrong,
            Some("invalid_request"),
            "brandKey",
        ),
        (Password, 406, "", Wrong, None, "Accept"),
        (Password, 403, "", Wrong, None, "brandKey"),
        (Password, 404, PAGE, Wrong, None, "brandKey"),
        (
            Password,
            422,
            "unknown_brand",
            Wrong,
            Some("unknown_brand"),
            "brandKey",
        ),
        (Password, 429, "", Away, None, "later"),
        (
            Password,
            500,
            "server_error",
            Away,
            Some("server_error"),
            "later",
        ),
        (Password, 503, PAGE, Away, None, "later"),
        (Password, 200, PAGE, Protocol, None, "cannot be read"),
    ];
    for (step, status, says, kind, code, advice) in table {
        let coded = format!(
            r#"{{"error":"{says}","error_description":"demo-pw 2f1e0d0c-0000-4000-8000-00000000cafe"}}"#
        );
        let (media, body) = match says {
            PAGE => ("text/html", PAGE),
            FRAMEWORK => (JSON, FRAMEWORK),
            "" => (JSON, ""),
            _ => (JSON, &*coded),
        };
        let error = read(step, status, media, body);
        let row = format!("{step:?} {status} {says}: {error:?}");
        assert_eq!((error.kind(), error.code()), (kind, code), "{row}");
        assert!(error.to_string().contains(advice), "{row}");
        assert!(!row.replace(says, "").contains("demo-pw"), "{row}");
        assert!(!row.replace(says, "").contains("2f1e0d0c"), "{row}");
    }
}

#[test]
fn the_brand_goes_where_the_preset_says_under_every_name() {
    let placed = |preset| {
        let config = config().preset(preset).also_send_as("brandKey");
        let dialect = rator(&config);
        let constants = dialect.parameters.into_iter();
        constants
            .map(|c| (c.name.into_owned(), c.placement))
            .collect::<Vec<_>>()
    };
    let both = |place| {
        vec![
            ("brand_key".to_owned(), place),
            ("brandKey".to_owned(), place),
        ]
    };
    assert_eq!(placed(RatorPreset::V3), both(Placement::Query));
    assert_eq!(placed(RatorPreset::V17), both(Placement::Form));
    assert_eq!(
        placed(RatorPreset::AllQueryInsecure),
        both(Placement::Query)
    );
}

#[test]
fn only_the_insecure_preset_puts_anything_else_into_the_query() {
    for preset in [RatorPreset::V3, RatorPreset::V17] {
        let dialect = rator(&config().preset(preset));
        assert_eq!(
            (dialect.placement, dialect.ask_no_store),
            (Placement::Form, false)
        );
    }
    let dialect = rator(&config().preset(RatorPreset::AllQueryInsecure));
    assert_eq!(
        (dialect.placement, dialect.ask_no_store),
        (Placement::Query, true)
    );
}

#[test]
fn a_token_is_kept_until_its_last_seconds() {
    let policy = policy();
    let day = Duration::from_secs(43_200);
    assert_eq!(policy.advisory.of(day), Duration::ZERO);
    assert_eq!(policy.mandatory.of(day), Duration::from_secs(5));
    assert_eq!(
        policy.mandatory.of(Duration::from_secs(20)),
        Duration::from_secs(1)
    );
}
