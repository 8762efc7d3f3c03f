use auth_core::{Credentials, ErrorKind, Secret, TokenRequest};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Basic, FormBody, HeaderSecret, PublicClient, QueryInsecure};

async fn request(credentials: impl Credentials) -> TokenRequest {
    let mut request = TokenRequest::new("https://a.example/token".parse().unwrap());
    credentials.authenticate(&mut request).await.unwrap();
    request
}

async fn basic(credentials: Basic) -> String {
    let request = request(credentials).await;
    let header = &request.headers()["authorization"];
    assert!(header.is_sensitive());
    let encoded = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test]
async fn basic_encodes_or_does_not() {
    for (id, secret, encoded, raw) in [
        (
            "demo-client",
            "demo-secret",
            "demo-client:demo-secret",
            Some("demo-client:demo-secret"),
        ),
        ("a.b_c~d-1", "x", "a.b_c~d-1:x", Some("a.b_c~d-1:x")),
        ("id", "a b+c", "id:a%20b%2Bc", Some("id:a b+c")),
        ("id", "100%", "id:100%25", Some("id:100%")),
        ("id", "a:b", "id:a%3Ab", Some("id:a:b")),
        ("a:b", "x", "a%3Ab:x", None),
        ("é", "ü&=", "%C3%A9:%C3%BC%26%3D", Some("é:ü&=")),
        ("id", "a\nb", "id:a%0Ab", None),
    ] {
        let secret = Secret::new(secret);
        assert_eq!(basic(Basic::encoded(id, &secret).unwrap()).await, encoded);
        match (Basic::raw(id, &secret), raw) {
            (Ok(made), Some(raw)) => assert_eq!(basic(made).await, raw),
            (Err(error), None) => assert_eq!(error.kind(), ErrorKind::Configuration),
            (made, _) => panic!("{id}: {made:?}"),
        }
    }
}

#[tokio::test]
async fn parameters_go_where_they_are_said_to_go() {
    let names = |list: &[auth_core::Parameter]| -> Vec<String> {
        list.iter()
            .map(|(name, value)| format!("{name}={}", value.expose()))
            .collect()
    };
    let body = request(FormBody::new("id", Secret::new("s")).unwrap()).await;
    assert_eq!(names(body.form()), ["client_id=id", "client_secret=s"]);
    assert!(body.query().is_empty() && body.headers().is_empty());
    let query = request(QueryInsecure::new("id", Secret::new("s")).unwrap()).await;
    assert_eq!(names(query.query()), ["client_id=id", "client_secret=s"]);
    assert!(query.form().is_empty() && query.headers().is_empty());
    let public = request(PublicClient::new("id").unwrap()).await;
    assert_eq!(names(public.form()), ["client_id=id"]);
}

#[test]
fn empty_parts_are_refused() {
    let (none, some) = (Secret::new(""), Secret::new("s"));
    let kinds = [
        Basic::encoded("", &some).err(),
        Basic::encoded("id", &none).err(),
        Basic::raw("", &some).err(),
        Basic::raw("id", &none).err(),
        FormBody::new("", some.clone()).err(),
        FormBody::new("id", none.clone()).err(),
        QueryInsecure::new("", some).err(),
        QueryInsecure::new("id", none.clone()).err(),
        HeaderSecret::new(http::HeaderName::from_static("key"), none).err(),
        PublicClient::new("").err(),
    ]
    .map(|error| error.map(|error| error.kind()));
    assert_eq!(kinds, [Some(ErrorKind::Configuration); 10]);
}

#[test]
fn debug_shows_no_secret() {
    let planted = Secret::new("planted");
    let texts = [
        format!("{:?}", Basic::encoded("id", &planted).unwrap()),
        format!("{:?}", FormBody::new("id", planted.clone()).unwrap()),
        format!("{:?}", QueryInsecure::new("id", planted).unwrap()),
    ];
    let encoded = STANDARD.encode("id:planted");
    for text in texts {
        assert!(
            !text.contains("planted") && !text.contains(&encoded),
            "{text}"
        );
    }
}
