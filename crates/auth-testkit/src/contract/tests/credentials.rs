use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use auth_core::{Credentials, Error, ErrorKind, Secret, TokenRequest};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::header::AUTHORIZATION;

use super::rejects;
use crate::contract::{CredentialsFixture, credentials};

const SECRET: &str = "planted secret/1";

#[tokio::test]
async fn accepts_each_honest_way() {
    for way in [Way::Basic, Way::Form, Way::Query, Way::Assertion] {
        accepted(way).await;
    }
    credentials(&CredentialsFixture::public(Client::new(Way::Public))).await;
}

#[tokio::test]
async fn accepts_a_secret_that_is_read_anew() {
    rotating(Way::Basic).await;
}

#[tokio::test]
async fn rejects_each_flaw() {
    let flaws = [
        ("authenticates", Way::Public),
        ("one_method", Way::BasicAndForm),
        ("only_proof", Way::AddsGrant),
        ("repeated", Way::Swallows),
        ("fresh", Way::SameAssertion),
        ("secrecy", Way::Shows),
        ("secrecy", Way::Quotes),
    ];
    let mut wrong = Vec::new();
    for (clause, way) in flaws {
        wrong.extend(rejects(clause, way, accepted(way)).await);
    }
    wrong.extend(rejects("fresh", "a secret kept", rotating(Way::Stale)).await);
    let proves = async { credentials(&CredentialsFixture::public(Client::new(Way::Form))).await };
    wrong.extend(rejects("authenticates", "a public client that proves", proves).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn accepted(way: Way) {
    let fixture = CredentialsFixture::new(Client::new(way), Secret::from(SECRET));
    credentials(&fixture).await;
}

async fn rotating(way: Way) {
    let client = Client::new(way);
    let current = Arc::clone(&client.secret);
    let fixture = CredentialsFixture::new(client, Secret::from(SECRET)).rotate(move || {
        let next = Secret::from("planted secret/2");
        *current.lock().unwrap() = next.clone();
        next
    });
    credentials(&fixture).await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Basic,
    Form,
    Query,
    Assertion,
    Public,
    BasicAndForm,
    AddsGrant,
    SameAssertion,
    Swallows,
    Shows,
    Quotes,
    Stale,
}

struct Client {
    way: Way,
    secret: Arc<Mutex<Secret>>,
    attempts: AtomicUsize,
}

impl Client {
    fn new(way: Way) -> Self {
        Self {
            way,
            secret: Arc::new(Mutex::new(Secret::from(SECRET))),
            attempts: AtomicUsize::new(0),
        }
    }

    fn basic(secret: &Secret) -> Secret {
        let pair = format!("me:{}", secret.expose());
        Secret::new(format!("Basic {}", BASE64_STANDARD.encode(pair)))
    }
}

#[async_trait]
impl Credentials for Client {
    async fn authenticate(&self, request: &mut TokenRequest) -> Result<(), Error> {
        let secret = match self.way {
            Way::Stale => Secret::from(SECRET),
            _ => self.secret.lock().unwrap().clone(),
        };
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        match self.way {
            Way::Basic | Way::Stale => request.header(AUTHORIZATION, &Self::basic(&secret)),
            Way::Form | Way::Shows => request.form_parameter("client_secret", secret),
            Way::Swallows => {
                let _ = request.form_parameter("client_secret", secret);
                Ok(())
            }
            Way::Query => request.query_parameter("client_secret", secret),
            Way::Assertion => {
                let assertion = Secret::new(format!("signed-{attempt}"));
                request.form_parameter("client_assertion", assertion)
            }
            Way::SameAssertion => request.form_parameter("client_assertion", "signed".into()),
            Way::Public => request.form_parameter("client_id", Secret::from("me")),
            Way::BasicAndForm => {
                request.header(AUTHORIZATION, &Self::basic(&secret))?;
                request.form_parameter("client_secret", secret)
            }
            Way::AddsGrant => {
                request.form_parameter("client_secret", secret)?;
                request.form_parameter("code", Secret::from("made-up"))
            }
            Way::Quotes => {
                let added = request.form_parameter("client_secret", secret.clone());
                let text = format!("cannot send {}", secret.expose());
                added.map_err(|_| Error::new(ErrorKind::Configuration, text))
            }
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.way {
            Way::Shows => f.write_str(self.secret.lock().unwrap().expose()),
            _ => f.write_str("Client"),
        }
    }
}
