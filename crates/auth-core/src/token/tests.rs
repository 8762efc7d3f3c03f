//! What a token may be made of.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{ErrorKind, Secret};

use super::Token;

#[test]
fn fault_22_a_token_that_is_no_bearer_token_is_refused() {
    let table = [
        "",
        "=",
        "a b",
        "a\r\nx: y",
        "a\n",
        "a\0",
        "ä",
        "a,b",
        "a;b",
        "\"a\"",
        "a=b",
        "a|b",
        "\u{7f}",
        "\u{202e}a",
    ];
    for text in table {
        let error = Token::bearer(Secret::new(text)).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{text:?}");
    }
    for text in [
        "a",
        "a==",
        "AZaz09-._~+/",
        "2f1e0d0c-0000-4000-8000-00000000cafe",
    ] {
        let token = Token::bearer(Secret::new(text)).unwrap();
        let (name, value) = token.headers().next().unwrap();
        assert_eq!(name, AUTHORIZATION);
        assert_eq!(value, &format!("Bearer {text}"));
        assert!(value.is_sensitive());
    }
}

#[test]
fn a_header_value_that_is_not_plain_text_is_refused() {
    let brand = HeaderName::from_static("x-brand");
    let token = || Token::bearer(Secret::new("a")).unwrap();
    for text in ["", "a\r\nb", "a\0", "ä", "\u{7f}"] {
        assert!(
            token().with_header(brand.clone(), text).is_err(),
            "{text:?}"
        );
    }
    let token = token().with_header(brand.clone(), "ONE").unwrap();
    let token = token.with_header(brand.clone(), "TWO").unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(brand.clone(), HeaderValue::from_static("old"));
    token.apply(&mut headers);
    assert_eq!(headers[&brand], "TWO");
    assert_eq!((headers.len(), token.headers().len()), (2, 2));
    assert!(headers.values().all(HeaderValue::is_sensitive));
}

#[test]
fn a_private_copy_stands_for_the_same_token() {
    let token = Token::bearer(Secret::new("a")).unwrap();
    let copy = token.private_copy();
    assert_eq!(copy.generation(), token.generation());
    assert!(copy.headers().eq(token.headers()));
    assert!(copy.headers().all(|(_, value)| value.is_sensitive()));
    let other = Token::bearer(Secret::new("a")).unwrap();
    assert_ne!(other.generation(), token.generation());
}

#[test]
fn extras_are_read_as_what_they_are() {
    let token = Token::bearer(Secret::new("a")).unwrap();
    let token = token
        .with_extra("id", "42".into())
        .with_extra("name", "made up".into());
    assert_eq!(token.extra::<u64>("id"), Some(42));
    assert_eq!(token.extra::<u64>("name"), None);
    assert_eq!(token.extra::<String>("name").as_deref(), Some("made up"));
    assert_eq!(token.extra::<String>("none"), None);
}
