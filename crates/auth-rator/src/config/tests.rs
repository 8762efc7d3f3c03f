use super::*;

fn config(brand: BrandKey) -> Config {
    let at = |url| Endpoint::parse(url).unwrap();
    Config::new(
        at("https://bss.example/rest-api-auth/oauth/token"),
        at("https://bss.example/rest-api-core"),
        "demo-client",
        Secret::new("demo-secret"),
        brand,
    )
}

#[test]
fn a_brand_is_there_and_fits_into_a_header() {
    for wrong in [
        "",
        " ",
        "BRAND 1",
        "BRAND1\r\n",
        "BRAND1\n",
        "MÄRKE",
        "\u{7f}",
    ] {
        let error = BrandKey::new(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{wrong:?}");
        assert!(BrandKey::with_header("BRAND1", wrong).is_err(), "{wrong:?}");
    }
    let brand = BrandKey::new("brand/1&x=%").unwrap();
    assert_eq!(brand.token_value, brand.header_value);
}

#[test]
fn the_header_can_be_in_upper_case_and_the_parameter_stays_as_given() {
    let brand = BrandKey::new("brand1").unwrap().uppercase_header();
    assert_eq!(
        (&*brand.token_value, &*brand.header_value),
        ("brand1", "BRAND1")
    );
}

#[test]
fn a_login_is_kept_by_brand_account_client_and_endpoint() {
    let key = |token, header, account| {
        let brand = BrandKey::with_header(token, header).unwrap();
        config(brand).store_key(account)
    };
    let one = key("BRAND1", "BRAND1", "alice");
    assert_eq!(one, key("BRAND1", "BRAND1", "alice"));
    assert_ne!(one, key("BRAND2", "BRAND2", "alice"));
    assert_ne!(one, key("BRAND1", "brand1", "alice"));
    assert_ne!(one, key("BRAND1", "BRAND1", "bob"));
    let mut other = config(BrandKey::new("BRAND1").unwrap());
    other.client_id = "other".into();
    assert_ne!(one, other.store_key("alice"));
    other = config(BrandKey::new("BRAND1").unwrap());
    other.token_url = Endpoint::parse("https://bss.example/test/oauth/token").unwrap();
    assert_ne!(one, other.store_key("alice"));
}

#[test]
fn tokens_may_go_to_the_api_and_not_to_the_token_endpoint() {
    let mut config = config(BrandKey::new("BRAND1").unwrap());
    config.token_url = Endpoint::parse("https://login.example/oauth/token").unwrap();
    let origins = config.origins();
    assert!(origins.allow(&"https://bss.example/rest-api-core/api/x".parse().unwrap()));
    assert!(!origins.allow(&"https://login.example/oauth/token".parse().unwrap()));
}

#[test]
fn what_is_shown_has_no_secret() {
    let config = config(BrandKey::new("BRAND1").unwrap());
    let shown = format!("{config:?}");
    assert!(!shown.contains("demo-secret"), "{shown}");
    assert!(shown.contains("BRAND1"), "{shown}");
}

#[cfg(feature = "serde")]
mod reading {
    use serde_json::{Value, json};

    use super::*;

    fn written() -> Value {
        json!({
            "token_url": "https://bss.example/rest-api-auth/oauth/token",
            "api_base_url": "https://bss.example/rest-api-core",
            "client_id": "demo-client",
            "client_secret": "demo-secret",
            "brand": {"token_value": "brand1", "header_value": "BRAND1"},
        })
    }

    #[test]
    fn what_is_optional_may_be_left_out() {
        let config: Config = serde_json::from_value(written()).unwrap();
        assert_eq!(config.preset, RatorPreset::V3);
        assert_eq!(config.client_auth, ClientAuth::Basic);
        assert_eq!(config.refresh_mode, RefreshMode::Held);
        assert_eq!(config.brand.header_value, "BRAND1");
        assert_eq!(config.assumed_lifetime, None);
        let mut short = written();
        short["brand"] = json!({"token_value": "brand1"});
        let config: Config = serde_json::from_value(short).unwrap();
        assert_eq!(config.brand.header_value, "brand1");
    }

    #[test]
    fn everything_can_be_said() {
        let mut all = written();
        all["preset"] = "v17".into();
        all["client_auth"] = "absent_for_operators".into();
        all["refresh_mode"] = "never".into();
        all["brand_name"] = "brandKey".into();
        all["also_send_as"] = "brand_key".into();
        all["assumed_lifetime"] = 3600.into();
        let config: Config = serde_json::from_value(all).unwrap();
        assert_eq!(config.preset, RatorPreset::V17);
        assert_eq!(config.client_auth, ClientAuth::AbsentForOperators);
        assert_eq!(config.refresh_mode, RefreshMode::Never);
        assert_eq!(config.brand_name.as_deref(), Some("brandKey"));
        assert_eq!(config.also_send_as.as_deref(), Some("brand_key"));
        assert_eq!(config.assumed_lifetime, Some(3600));
    }

    #[test]
    fn what_is_wrong_is_refused_without_showing_the_secret() {
        let brand = json!({"token_value": "", "header_value": "x"});
        for (name, value) in [
            ("token_url", json!("http://bss.example/oauth/token")),
            ("api_base_url", json!("https://alice:pw@bss.example/")),
            ("brand", brand),
            ("brand", Value::Null),
            ("brand", json!({"header_value": "x"})),
            ("brand", json!({"token_value": "x", "header": "x"})),
            ("client_secret", json!(["demo-secret"])),
            ("unknown", json!(1)),
        ] {
            let mut wrong = written();
            wrong[name] = value;
            let error = serde_json::from_value::<Config>(wrong).unwrap_err();
            assert!(
                !error.to_string().contains("demo-secret"),
                "{name}: {error}"
            );
        }
    }
}
