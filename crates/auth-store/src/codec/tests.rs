mod any;

use std::time::{Duration, SystemTime};

use auth_core::{Error, Intent, Lifetime, MAX_LIFETIME, Now, Record, Secret, Token, TokenSet};
use http::HeaderName;

use super::*;
use crate::Value;

/// The last moment that a record can name, so that no token was asked for after it.
fn late() -> Now {
    let end = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::MAX);
    Now::new(end, Duration::from_secs(u64::MAX))
}

fn read(text: &str) -> Result<Record, Error> {
    record(&Value::new(9, Secret::from(text)), late())
}

fn written(set: &TokenSet) -> String {
    saved(None, set).unwrap().expose().to_owned()
}

/// Everything that a record says, as text that can be compared.
fn meaning(record: &Record) -> String {
    let token = record.set.token().map(|token| {
        let headers: Vec<_> = token
            .headers()
            .map(|(n, v)| (n, v.to_str().unwrap()))
            .collect();
        let extras: Vec<_> = token.extras().map(|(n, v)| (n, v.expose())).collect();
        let life = token
            .lifetime()
            .map(|life| (life.asked().wall, life.length()));
        let access = token.access().expose();
        format!(
            "{access:?} {headers:?} {extras:?} {life:?} {:?}",
            token.scope()
        )
    });
    let refresh = record.set.refresh().map(Secret::expose);
    format!("{token:?} {refresh:?} {:?}", record.intent)
}

#[test]
fn writes_the_format_that_is_documented() {
    let asked = Now::new(
        SystemTime::UNIX_EPOCH + Duration::new(1_790_000_000, 1),
        Duration::ZERO,
    );
    let token = Token::bearer("made-up".into())
        .and_then(|token| token.with_header(HeaderName::from_static("x-brand"), "BRAND1"))
        .unwrap()
        .with_lifetime(Lifetime::new(asked, Duration::from_secs(3600)))
        .with_scope("read")
        .with_extra("instance", "https://api.example".into());
    let set = TokenSet::new(token).with_refresh(Some("made-up too".into()));
    let text = written(&set);
    assert_eq!(
        text,
        r#"{"format":1,"token":{"access":"made-up","headers":[{"name":"authorization","prefix":"Bearer "},{"name":"x-brand","value":"BRAND1"}],"asked":1790000000000000001,"length":3600000000000,"scope":"read","extras":{"instance":"https://api.example"}},"refresh":"made-up too"}"#,
    );
    let intent = Intent::new(SystemTime::UNIX_EPOCH + Duration::from_nanos(7), 1024);
    let text = noted(&Value::new(9, Secret::new(text)), Some(&intent)).unwrap();
    let note = r#""intent":{"begun":7,"fence":1024,"sends":1}"#;
    assert!(text.expose().contains(note), "{}", text.expose());
    assert_eq!(read(text.expose()).unwrap().intent, Some(intent));
}

#[test]
fn stores_a_large_token_once() {
    let large = "x".repeat(200 * 1024);
    let text = written(&TokenSet::new(Token::bearer(Secret::new(large)).unwrap()));
    assert!(text.len() < 201 * 1024);
}

#[test]
fn keeps_a_header_whose_value_only_ends_like_the_token() {
    let name = HeaderName::from_static("x-made-up");
    for (access, value) in [
        ("up", "made-up"),
        ("", "made-up"),
        ("made-up", "made-up"),
        ("é", "e"),
    ] {
        let headers = [(name.clone(), value)];
        let token = Token::from_headers(access.into(), headers).unwrap();
        let record = read(&written(&TokenSet::new(token))).unwrap();
        let token = record.set.token().unwrap();
        let (_, kept) = token.headers().next().unwrap();
        assert_eq!(
            (kept.to_str().unwrap(), token.access().expose()),
            (value, access)
        );
        assert!(kept.is_sensitive());
    }
}

#[test]
fn takes_numbers_to_their_ends() {
    let token = |numbers: &str| format!(r#"{{"format":1,"token":{{"access":"a",{numbers}}}}}"#);
    let most = read(&token(
        r#""asked":18446744073709551615,"length":18446744073709551615"#,
    ));
    let most = most.unwrap().set.token().and_then(Token::lifetime).unwrap();
    assert_eq!(most.length(), MAX_LIFETIME);
    assert_eq!(most.asked().wall, late().wall);
    for wrong in [
        r#""asked":18446744073709551616,"length":1"#,
        r#""asked":-1,"length":1"#,
        r#""asked":1.5,"length":1"#,
        r#""asked":1e400,"length":1"#,
        r#""asked":"1","length":1"#,
        r#""asked":1"#,
        r#""length":1"#,
    ] {
        assert_eq!(
            read(&token(wrong)).unwrap_err().code(),
            Some(UNREADABLE),
            "{wrong}"
        );
    }
}

#[test]
fn tells_newer_formats_from_what_is_none() {
    for newer in ["2", "18446744073709551615"] {
        for rest in ["", r#","format_of":{}"#, r#","token":[1e999],"refresh":{}"#] {
            let error = read(&format!(r#"{{"format":{newer}{rest}}}"#)).unwrap_err();
            assert_eq!(error.code(), Some(NEWER_FORMAT));
        }
    }
    for wrong in [
        "0",
        "-2",
        "1.0",
        "\"2\"",
        "null",
        "18446744073709551616",
        "[2]",
    ] {
        let error = read(&format!(r#"{{"format":{wrong}}}"#)).unwrap_err();
        assert_eq!(error.code(), Some(UNREADABLE), "{wrong}");
    }
}

#[test]
fn refuses_what_is_no_record_and_never_quotes_it() {
    let wrong = [
        r#"{"format":1,"format":1}"#,
        r#"{"format":1,"refresh":["planted"]}"#,
        r#"{"format":1,"refresh":"\ud800"}"#,
        r#"{"format":1,"refresh":"planted"} x"#,
        r#"{"format":1,"token":"planted"}"#,
        r#"{"format":1,"token":{}}"#,
        r#"{"format":1,"token":{"access":7}}"#,
        r#"{"format":1,"token":{"access":"planted","access":"planted"}}"#,
        r#"{"format":1,"token":{"access":"planted","headers":["planted"]}}"#,
        r#"{"format":1,"token":{"access":"a","headers":[{"name":"planted planted","value":"a"}]}}"#,
        r#"{"format":1,"token":{"access":"a","headers":[{"name":"x","value":"planted\n"}]}}"#,
        r#"{"format":1,"token":{"access":"a","headers":[{"name":"x","value":""}]}}"#,
        r#"{"format":1,"token":{"access":"a","headers":[{"name":"x","value":"b","prefix":"planted"}]}}"#,
        r#"{"format":1,"token":{"access":"a","headers":[{"name":"x"}]}}"#,
        r#"{"format":1,"token":{"access":"a","extras":{"x":["planted"]}}}"#,
        r#"{"format":1,"token":{"access":"a","scope":{"planted":1}}}"#,
        r#"{"format":1,"intent":{"begun":1,"fence":1}}"#,
        r#"{"format":1,"intent":{"begun":1,"fence":1,"sends":4294967296}}"#,
    ];
    for text in wrong {
        let error = read(text).unwrap_err();
        assert_eq!(error.code(), Some(UNREADABLE), "{text}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{text}");
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[test]
fn refuses_texts_that_ask_for_more_memory_than_they_have() {
    let headers = vec![r#"{"name":"x","prefix":""}"#; MAX_HEADERS + 1].join(",");
    let text = format!(r#"{{"format":1,"token":{{"access":"a","headers":[{headers}]}}}}"#);
    assert_eq!(read(&text).unwrap_err().code(), Some(UNREADABLE));
    let long = format!(r#"{{"format":1,"refresh":"{}"}}"#, "x".repeat(MAX_TEXT));
    assert_eq!(read(&long).unwrap_err().code(), Some(UNREADABLE));
    let deep = format!(r#"{{"format":1,"later":{}"#, "[".repeat(200_000));
    assert_eq!(read(&deep).unwrap_err().code(), Some(UNREADABLE));
}

#[test]
fn reads_what_is_absent_or_null_alike() {
    let absent = read(r#"{"format":1,"refresh":"a"}"#).unwrap();
    let null = read(r#"{"format":1,"refresh":"a","token":null,"intent":null}"#).unwrap();
    assert_eq!(meaning(&absent), meaning(&null));
    let bare = read(r#"{"format":1,"token":{"access":"a","scope":null,"headers":null}}"#).unwrap();
    assert_eq!(bare.set.token().unwrap().headers().len(), 0);
    let nothing = TokenSet::login("".into()).with_refresh(None);
    let empty = read(&written(&nothing)).unwrap();
    assert!(empty.set.token().is_none() && empty.set.refresh().is_none());
}
