use auth_core::ErrorKind;

use super::Endpoint;

#[test]
fn accepts_only_protected_addresses_without_extras() {
    for (address, good) in [
        ("https://login.example/token", true),
        ("https://login.example/token?tenant=1", true),
        ("https://login.example:8443/token", true),
        ("http://127.0.0.1:9/token", true),
        ("http://[::1]:9/token", true),
        ("http://login.example/token", false),
        ("http://localhost/token", false),
        ("http://127.0.0.1.evil.example/token", false),
        ("https://user:pw@login.example/token", false),
        ("https://login.example/token#x", false),
        ("https://login.example/token?a=1#", false),
        ("https://login.example./token", false),
        ("ftp://login.example/token", false),
        ("/token", false),
        ("login.example", false),
        ("https://", false),
        ("", false),
        ("https://login.example/to ken", false),
    ] {
        let read = Endpoint::parse(address);
        assert_eq!(read.is_ok(), good, "{address}");
        if let Err(error) = read {
            assert_eq!(error.kind(), ErrorKind::Configuration, "{address}");
        }
    }
    assert!(Endpoint::dangerous_plain_http("http://login.example/token").is_ok());
    assert!(Endpoint::dangerous_plain_http("http://u@login.example/").is_err());
}

#[test]
fn joins_paths_and_keeps_the_query() {
    for (base, path, joined) in [
        ("https://a.example", "token", "https://a.example/token"),
        ("https://a.example/", "/token", "https://a.example/token"),
        (
            "https://a.example/v1",
            "rest/token",
            "https://a.example/v1/rest/token",
        ),
        (
            "https://a.example/v1/?t=1",
            "token",
            "https://a.example/v1/token?t=1",
        ),
        ("http://127.0.0.1:9/x", "y", "http://127.0.0.1:9/x/y"),
    ] {
        let endpoint = Endpoint::parse(base).unwrap().join(path).unwrap();
        assert_eq!(endpoint.uri(), joined);
    }
    let base = Endpoint::parse("https://a.example/v1").unwrap();
    for path in [
        "../x",
        "a/./b",
        "a?b",
        "a#b",
        "a b",
        "@evil.example",
        "a\\b",
    ] {
        assert!(base.join(path).is_err(), "{path}");
    }
}

#[test]
fn debug_and_errors_leave_query_and_user_info_out() {
    let endpoint = Endpoint::parse("https://a.example/token?key=planted").unwrap();
    assert_eq!(
        format!("{endpoint:?}"),
        "Endpoint(https://a.example:443/token)"
    );
    let error = Endpoint::parse("https://planted:planted@a.example/").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("planted"));
}

#[cfg(feature = "serde")]
#[test]
fn configuration_is_checked_and_not_quoted() {
    let read = |json| serde_json::from_str::<Endpoint>(json);
    let endpoint = read(r#""https://a.example/token""#).unwrap();
    assert_eq!(endpoint.uri(), "https://a.example/token");
    for wrong in [
        r#""http://a.example/planted""#,
        r#"["planted"]"#,
        r#""https://planted@a.example""#,
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(!error.contains("planted"), "{error}");
    }
}
