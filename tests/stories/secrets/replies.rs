//! Answers of servers that quote what they know.

use auth_core::{Error, ErrorKind, Sent};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use url::form_urlencoded;

use super::Planted;

const STATUSES: [u16; 4] = [200, 400, 401, 503];
const REDIRECTS: [u16; 3] = [302, 307, 308];

/// Bodies with a secret in them, and their content type. `S` stands for the secret.
const BODIES: [(&str, &str); 25] = [
    (
        "json",
        r#"{"error":"invalid_grant","error_description":"no such token: S"}"#,
    ),
    (
        "json",
        r#"{"error":"invalid_client","error_description":"S","error_uri":"https://a.example/?S"}"#,
    ),
    ("json", r#"{"error":"S"}"#),
    ("json", r#"{"error":["S"]}"#),
    ("json", r#"{"error":{"message":"S","code":"S","type":"S"}}"#),
    (
        "json",
        r#"{"type":"S","message":"S","nested":[{"type":"S"}]}"#,
    ),
    ("json", r#"{"type":"ApiQuotaException","message":"S"}"#),
    (
        "json",
        r#"{"timestamp":1,"status":401,"error":"Unauthorized S","path":"/token?p=S"}"#,
    ),
    ("json", r#"{"access_token":["S"]}"#),
    ("json", r#"{"access_token":{"S":"S"}}"#),
    ("json", r#"{"access_token":"S\u0001"}"#),
    ("json", r#"{"access_token":"made-up","token_type":"S"}"#),
    ("json", r#"{"access_token":"made-up","token_type":{"S":1}}"#),
    (
        "json",
        r#"{"access_token":"made-up","expires_in":"S","expireDate":"S","scope":"S"}"#,
    ),
    (
        "json",
        r#"{"access_token":"made-up","refresh_token":["S"],"scope":{"S":["S"]}}"#,
    ),
    ("json", r#"{"access_token":"S","access_token":"S"}"#),
    ("json", r#"{"S":"S","S":"S"}"#),
    ("json", r#"{"access_token":"S"#),
    ("json", r#"{"access_token":"S" "refresh_token":"S"}"#),
    ("json", r#""S""#),
    ("json", r#"["S", S]"#),
    ("json", "S"),
    (
        "html",
        "<html><title>S</title><body>POST /token?client_secret=S: S</body></html>",
    ),
    ("form", "error=invalid_grant&error_description=S"),
    ("form", "access_token=S&access_token=S"),
];

/// Headers with a secret of the request in them.
const HEADERS: [(&str, &str); 8] = [
    ("request-id", "S"),
    ("x-request-id", "S"),
    ("content-type", "S"),
    ("content-type", "text/S"),
    ("retry-after", "S"),
    ("date", "S"),
    (
        "www-authenticate",
        "Bearer realm=\"S\", error=\"S\", error_description=\"S\"",
    ),
    ("x-unknown", "S"),
];

const LOCATIONS: [&str; 5] = [
    "https://other.example/S?refresh_token=S#S",
    "https://S@other.example/",
    "https://S/",
    "/S?S",
    "S",
];

/// Returns how many answers there are to try.
pub(super) fn count() -> usize {
    2 + STATUSES.len() * (BODIES.len() + HEADERS.len()) + REDIRECTS.len() * LOCATIONS.len()
}

/// Answers `request` in the way of that number, with a secret that the server knows: of the request, or of its own.
pub(super) fn answer(
    number: usize,
    planted: &Planted,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Error> {
    let own = secret_of(request);
    let bodies = STATUSES.len() * BODIES.len();
    let headers = STATUSES.len() * HEADERS.len();
    match number {
        0 => Ok(json(200, success(planted))),
        1 => {
            let why = "the connection broke";
            Err(Error::new(ErrorKind::Unavailable, why).with_sent(Sent::Maybe))
        }
        _ if number - 2 < bodies => {
            let number = number - 2;
            let status = STATUSES[number % STATUSES.len()];
            let (kind, body) = BODIES[number / STATUSES.len()];
            // Every other body quotes what the server would have issued, unless that reads like an error code: nobody
            // but the server could tell the two apart.
            let issues = number % 2 == 1 && !is_code(&planted.access);
            let secret = if issues { &planted.access } else { &own };
            Ok(with_type(
                status,
                kind,
                &body.replace('S', &quoted(kind, secret)),
            ))
        }
        _ if number - 2 - bodies < headers => {
            let number = number - 2 - bodies;
            let status = STATUSES[number % STATUSES.len()];
            let (name, value) = HEADERS[number / STATUSES.len()];
            Ok(with_header(
                json(status, "{}".into()),
                name,
                &value.replace('S', &own),
            ))
        }
        _ => {
            let number = number - 2 - bodies - headers;
            let status = REDIRECTS[number % REDIRECTS.len()];
            let location = LOCATIONS[number / REDIRECTS.len()].replace('S', &own);
            Ok(with_header(
                json(status, own.clone()),
                "location",
                &location,
            ))
        }
    }
}

fn is_code(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Returns a reply that grants a token.
pub(super) fn success(planted: &Planted) -> String {
    let Planted {
        access, refresh, ..
    } = planted;
    serde_json::json!({
        "access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 3600, "scope": "read",
    })
    .to_string()
}

fn quoted(kind: &str, secret: &str) -> String {
    match kind {
        "json" => serde_json::Value::from(secret)
            .to_string()
            .trim_matches('"')
            .to_owned(),
        "form" => form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        _ => secret.to_owned(),
    }
}

/// Returns a secret that the server was just sent: the last one, which is the one that matters most.
fn secret_of(request: &Request<Bytes>) -> String {
    let query = request.uri().query().unwrap_or_default().as_bytes();
    let sent = form_urlencoded::parse(query).chain(form_urlencoded::parse(request.body()));
    let names = ["client_secret", "refresh_token", "code", "password"];
    let secret = sent.filter(|(name, _)| names.contains(&&**name)).last();
    if let Some((_, secret)) = secret {
        return secret.into_owned();
    }
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    if let Some(key) = header("key") {
        return key.to_owned();
    }
    let value = header("authorization").unwrap_or_default();
    let basic = value
        .strip_prefix("Basic ")
        .and_then(|text| STANDARD.decode(text).ok());
    let text = basic.and_then(|bytes| String::from_utf8(bytes).ok());
    let secret = text.and_then(|text| Some(text.split_once(':')?.1.to_owned()));
    secret.unwrap_or_else(|| value.trim_start_matches("Bearer ").to_owned())
}

fn with_type(status: u16, kind: &str, body: &str) -> Response<Bytes> {
    let content_type = match kind {
        "json" => "application/json;charset=UTF-8",
        "form" => "application/x-www-form-urlencoded",
        _ => "text/html",
    };
    with_header(json(status, body.to_owned()), "content-type", content_type)
}

pub(super) fn json(status: u16, body: String) -> Response<Bytes> {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap();
    with_header(reply, "content-type", "application/json")
}

/// A server that cannot even write its header down says nothing in it.
fn with_header(mut reply: Response<Bytes>, name: &'static str, value: &str) -> Response<Bytes> {
    let value = HeaderValue::from_bytes(value.as_bytes());
    let value = value.unwrap_or(HeaderValue::from_static("none"));
    reply
        .headers_mut()
        .insert(HeaderName::from_static(name), value);
    reply
}

#[test]
fn every_answer_is_an_answer_and_most_hold_a_secret() {
    let planted = Planted::like_error_codes();
    let canaries = planted.canaries();
    let body = format!("grant_type=x&client_secret={}", planted.client_secret);
    let request = Request::new(Bytes::from(body));
    let mut quoting = 0;
    for number in 0..count() {
        let Ok(reply) = answer(number, &planted, &request) else {
            continue;
        };
        let mut surfaces = super::Surfaces::default();
        surfaces.debug("the reply", &reply);
        quoting += usize::from(!surfaces.leaks(&canaries).is_empty());
    }
    assert!(quoting > count() * 9 / 10, "{quoting} of {}", count());
}
