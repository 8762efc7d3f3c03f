use super::*;

fn config() -> Config {
    Config::new("public_demo", Secret::new("made-up-secret"))
}

#[test]
fn redirect_uris_are_https_without_query_or_fragment() {
    for (address, good, with_query) in [
        ("https://localhost", true, true),
        ("https://shop.example/cb", true, true),
        ("https://shop.example/cb?x=1", false, true),
        ("https://shop.example/cb#x", false, false),
        ("https://user:pw@shop.example/cb", false, false),
        ("http://localhost", false, false),
        ("http://127.0.0.1:8080/cb", false, false),
        ("shop.example/cb", false, false),
        ("", false, false),
    ] {
        let plain = config().redirect_uri(address);
        assert_eq!(plain.is_ok(), good, "{address}");
        let allowed = config().allow_query_in_redirect_uri().redirect_uri(address);
        assert_eq!(allowed.is_ok(), with_query, "{address}");
        if let Ok(config) = plain {
            assert_eq!(&*config.redirect_uri, address, "byte for byte");
        }
    }
    assert_eq!(&*config().redirect_uri, DEFAULT_REDIRECT_URI);
}

#[test]
fn codes_are_never_sent_after_three_minutes() {
    for (asked, taken) in [(0, 0), (60, 60), (180, 180), (181, 180), (9999, 180)] {
        let config = config().code_max_age(Duration::from_secs(asked));
        assert_eq!(config.code_max_age, Duration::from_secs(taken));
    }
    assert_eq!(config().code_max_age, Duration::from_secs(60));
}

#[test]
fn keys_tell_clients_servers_and_accounts_apart() {
    let elsewhere = Endpoint::parse("https://127.0.0.1/connect").unwrap();
    let keys = [
        config().store_key("16997"),
        config().store_key("16998"),
        Config::new("another", Secret::new("s")).store_key("16997"),
        config().base_url(elsewhere).store_key("16997"),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key));
    }
}

#[test]
fn a_grant_that_is_named_leaves_the_others_as_they_were() {
    let standard = config().grant_types(|names| {
        names.authorization_code = GrantType::Named("authorization_code".into());
    });
    let mut expected = config().grant_types;
    assert_ne!(standard.grant_types, expected);
    expected.authorization_code = GrantType::Named("authorization_code".into());
    assert_eq!(standard.grant_types, expected);
    assert_eq!(expected.client_credentials, GrantType::Omitted);
    assert_eq!(expected.refresh_token, GrantType::Omitted);
}

#[test]
fn nothing_secret_is_shown() {
    assert!(!format!("{:?}", config()).contains("made-up"));
}

#[cfg(feature = "serde")]
#[test]
fn a_written_configuration_is_checked_like_any_other() {
    let read = |json: &str| serde_json::from_str::<Config>(json);
    let whole = read(
        r#"{"client_id":"a","client_secret":"b","redirect_uri":"https://x.example/cb","base_url":"http://127.0.0.1:1/c",
            "authorize_page":"https://pages.example/own","code_max_age":170}"#,
    )
    .unwrap();
    assert_eq!(&*whole.redirect_uri, "https://x.example/cb");
    assert_eq!(whole.base_url.uri().path(), "/c");
    assert_eq!(whole.authorize_page.uri().path(), "/own");
    assert_eq!(whole.code_max_age, Duration::from_secs(170));
    let least = read(r#"{"client_id":"a","client_secret":"b"}"#).unwrap();
    assert_eq!(least.code_max_age, config().code_max_age);
    assert_eq!(least.authorize_page.uri(), config().authorize_page.uri());
    for bad in [
        r#"{"client_id":"a"}"#,
        r#"{"client_id":"a","client_secret":"b","redirect_uri":"http://x.example"}"#,
        r#"{"client_id":"a","client_secret":"b","redirect_uri":"https://x.example?y=1"}"#,
        r#"{"client_id":"a","client_secret":"b","base_url":"http://x.example"}"#,
        r#"{"client_id":"a","client_secret":"b","authorize_page":"http://x.example"}"#,
        r#"{"client_id":"a","client_secret":"b","code_max_age":-1}"#,
        r#"{"client_id":"a","client_secret":"b","unknown":1}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
