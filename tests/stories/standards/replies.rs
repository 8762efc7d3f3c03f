//! What is made of the answer of a token endpoint.

use auth_core::{Error, ErrorKind, Exchange, Grant, Secret, TokenSet};
use auth_oauth2::RefreshToken;

use super::Desk;

async fn refreshed(status: u16, body: &str) -> Result<TokenSet, Error> {
    Desk::new().answers(status, body).refresh().await
}

fn scope(set: &TokenSet) -> Option<&str> {
    set.token()?.scope()
}

#[tokio::test]
async fn a08_a_scope_may_be_narrowed_and_never_widened() {
    for (member, granted) in [
        (r#","scope":"read""#, Some("read")),
        // None was granted, which is not "as asked".
        (r#","scope":"""#, Some("")),
        ("", None),
    ] {
        let set = refreshed(200, &format!("{{\"access_token\":\"at-1\"{member}}}"))
            .await
            .unwrap();
        assert_eq!(scope(&set), granted, "{member}");
    }
    let desk = Desk::new().answers(200, r#"{"access_token":"at-1"}"#);
    let more = RefreshToken::new(desk.usual()).narrowed("read admin", "read write");
    assert_eq!(more.unwrap_err().kind(), ErrorKind::Configuration);
    let less = RefreshToken::new(desk.usual())
        .narrowed("read", "read write")
        .unwrap();
    let held = TokenSet::login(Secret::new("rt-1"));
    let ctx: Exchange = desk.exchange(Some(held));
    less.exchange(&ctx).await.unwrap();
    assert!(desk.transport.requests()[0].form_has("scope", "read"));
}

#[tokio::test]
async fn a10_unknown_members_are_ignored_and_no_size_is_assumed() {
    let mut members: Vec<_> = (0..64)
        .map(|n| format!("\"x{n}\":[{{\"y\":{n}}}]"))
        .collect();
    let long = "a".repeat(64 * 1024);
    members.push(format!("\"access_token\":\"{long}\""));
    let set = refreshed(200, &format!("{{{}}}", members.join(",")))
        .await
        .unwrap();
    assert_eq!(set.token().unwrap().access().expose(), long);
    let padding = "a".repeat(auth_core::MAX_BODY);
    let body = format!("{{\"access_token\":\"at-1\",\"x\":\"{padding}\"}}");
    assert_eq!(
        refreshed(200, &body).await.unwrap_err().kind(),
        ErrorKind::Protocol
    );
}

#[tokio::test]
async fn a11_a_token_of_an_unknown_type_is_not_used() {
    for (kind, good) in [
        ("bEaReR", true),
        ("mac", false),
        ("DPoP", false),
        ("N_A", false),
    ] {
        let body = format!("{{\"access_token\":\"at-1\",\"token_type\":\"{kind}\"}}");
        assert_eq!(refreshed(200, &body).await.is_ok(), good, "{kind}");
    }
}

#[tokio::test]
async fn a13_the_words_of_an_error_are_a_strangers() {
    for body in [
        r#"{"error":"invalid_grant","error_description":"\u001b[31mplanted\r\n\u202e"}"#,
        r#"{"error":"\u001b[31mplanted","error_description":"planted"}"#,
        r#"{"error":"invalid_grant\nplanted","error_uri":"https://planted.example/"}"#,
    ] {
        let error = refreshed(400, body).await.unwrap_err();
        let text = format!("{error} {error:?} {:?}", error.code());
        assert!(!text.contains("planted"), "{text}");
        assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text:?}");
    }
    let long = "a".repeat(5000);
    let error = refreshed(400, &format!("{{\"error\":\"{long}\"}}"))
        .await
        .unwrap_err();
    assert!(error.to_string().len() < 512);
}

#[tokio::test]
async fn a14_a_new_refresh_token_replaces_the_old_one_and_none_keeps_it() {
    for (member, kept) in [(r#","refresh_token":"rt-2""#, "rt-2"), ("", "rt-1")] {
        let set = refreshed(200, &format!("{{\"access_token\":\"at-1\"{member}}}"))
            .await
            .unwrap();
        assert_eq!(set.refresh().map(Secret::expose), Some(kept));
    }
}

#[tokio::test]
async fn h13_a_redirect_of_a_token_request_is_an_error_of_its_own() {
    for status in [301, 302, 303, 307, 308] {
        let desk = Desk::new();
        let answer = http::Response::builder()
            .status(status)
            .header("location", "https://other.example/token?planted=1")
            .body(bytes::Bytes::new());
        desk.transport.answers(answer.unwrap());
        let error = desk.refresh().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Configuration, Some("redirect"))
        );
        assert!(error.to_string().contains("other.example"));
        assert!(!format!("{error:?}").contains("planted"));
        assert_eq!(desk.transport.calls(), 1, "it was followed");
    }
}
