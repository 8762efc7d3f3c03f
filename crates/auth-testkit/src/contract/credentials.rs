use std::fmt;

use auth_core::{Credentials, Parameter, Secret, TokenRequest};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Uri, header::AUTHORIZATION};

use super::{
    clause::{Clause, PATIENCE},
    secrecy::Planted,
};

/// What a client sends in a form or a query to prove who it is (RFC 6749 §2.3.1, RFC 7521 §4.2).
const PROOFS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];
/// What belongs to the grant and is none of the client's business here.
const GRANT_PARAMETERS: [(&str, &str); 3] = [
    ("grant_type", "refresh_token"),
    ("refresh_token", "contract-refresh"),
    ("scope", "contract-scope"),
];

type Rotate = Box<dyn Fn() -> Secret + Send + Sync>;

/// Credentials to hold to the contract of [`Credentials`], and what they must keep to themselves.
pub struct CredentialsFixture<C> {
    credentials: C,
    secrets: Vec<Secret>,
    proves: bool,
    rotate: Option<Rotate>,
}

impl<C: Credentials + fmt::Debug> CredentialsFixture<C> {
    /// Returns the fixture of credentials that prove who the client is with `secret`.
    ///
    /// Plant a secret that is found nowhere else by chance, ten characters at least.
    pub fn new(credentials: C, secret: Secret) -> Self {
        Self {
            credentials,
            secrets: vec![secret],
            proves: true,
            rotate: None,
        }
    }

    /// Returns the fixture of a public client, which names itself and proves nothing (RFC 6749 §2.1).
    pub fn public(credentials: C) -> Self {
        Self {
            credentials,
            secrets: Vec::new(),
            proves: false,
            rotate: None,
        }
    }

    /// Names one more text that must not be seen.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Says how to replace the secret that is sent as it is, by one that it returns, for credentials that read it
    /// anew for each attempt.
    #[must_use]
    pub fn rotate(mut self, rotate: impl Fn() -> Secret + Send + Sync + 'static) -> Self {
        self.rotate = Some(Box::new(rotate));
        self
    }

    fn planted(&self) -> Planted {
        Planted::new(self.secrets.iter().map(Secret::expose))
    }

    fn clause(name: &'static str) -> Clause {
        Clause::new("credentials", name, PATIENCE)
    }

    /// Lets the credentials work on the request of a refresh.
    async fn attempt(&self, clause: Clause) -> TokenRequest {
        let mut request = request(clause);
        let work = self.credentials.authenticate(&mut request);
        let done = clause.soon(work, "authenticating").await;
        clause.succeeds(done, "authenticating");
        request
    }
}

impl<C> fmt::Debug for CredentialsFixture<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsFixture")
            .field("proves", &self.proves)
            .finish_non_exhaustive()
    }
}

/// Holds credentials to the contract of [`Credentials`].
///
/// | clause | what it asks for |
/// | --- | --- |
/// | `authenticates` | a request is proved, or for a public client at least named |
/// | `one_method` | by header, form or query, never by two of them (RFC 6749 §2.3) |
/// | `only_proof` | address and parameters of the grant stay as they were |
/// | `repeated` | where a proof of another's stands in the request already, it is an error, not passed over |
/// | `fresh` | each attempt is proved anew: no assertion twice, no secret from before its rotation |
/// | `secrecy` | no `Debug` and no error shows a secret |
///
/// # Panics
///
/// Where a clause is broken.
///
/// # Cancellation
///
/// Safe: nothing is left behind.
pub async fn credentials<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    proof(fixture).await;
    only_proof(fixture).await;
    repeated(fixture).await;
    fresh(fixture).await;
    secrecy(fixture).await;
}

async fn proof<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    let clause = CredentialsFixture::<C>::clause("authenticates");
    let request = fixture.attempt(clause).await;
    let methods = methods(&request, &fixture.planted());
    let named = [request.form(), request.query()]
        .iter()
        .any(|list| list.iter().any(|(name, _)| name == "client_id"));
    if fixture.proves {
        clause.holds(!methods.is_empty(), "the request proves nothing");
    } else {
        clause.holds(named, "a public client does not send its client_id");
        clause.holds(methods.is_empty(), "a public client proves something");
    }

    let clause = CredentialsFixture::<C>::clause("one_method");
    clause.holds(
        methods.len() < 2,
        format_args!("the client proves who it is in several ways: {methods:?}"),
    );
}

async fn only_proof<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    let clause = CredentialsFixture::<C>::clause("only_proof");
    let request = fixture.attempt(clause).await;
    clause.holds(request.uri() == &endpoint(), "the address was changed");
    let mut form = request.form().iter();
    for (name, value) in GRANT_PARAMETERS {
        let kept = form.any(|(other, found)| other == name && found.expose() == value);
        clause.holds(kept, format_args!("the parameter {name} was changed"));
    }
    let added = ["code", "username", "password", "assertion", "redirect_uri"];
    let names = request.form().iter().chain(request.query());
    for (name, _) in names {
        let foreign = added.contains(&&**name);
        clause.holds(
            !foreign,
            format_args!("the parameter {name} is the grant's to add"),
        );
    }
}

async fn repeated<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    let clause = CredentialsFixture::<C>::clause("repeated");
    let (once, planted) = (fixture.attempt(clause).await, fixture.planted());
    let own = once.query().iter().chain(once.form());
    let proofs = own.filter(|parameter| proves(parameter, &planted));
    for (name, _) in proofs {
        let mut request = request(clause);
        let earlier = Secret::from("contract-earlier");
        let added = request.form_parameter(name.clone(), earlier);
        clause.succeeds(added, "adding a parameter");
        let done = fixture.credentials.authenticate(&mut request).await;
        clause.fails(done, "working on a request that has such a proof already");
    }
}

async fn fresh<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    let clause = CredentialsFixture::<C>::clause("fresh");
    let first = fixture.attempt(clause).await;
    let second = fixture.attempt(clause).await;
    let assertion = |request: &TokenRequest| {
        let mut all = request.form().iter().chain(request.query());
        let found = all.find(|(name, _)| name == "client_assertion");
        found.map(|(_, value)| value.expose().to_owned())
    };
    if let Some(assertion_sent) = assertion(&first) {
        let again = assertion(&second) == Some(assertion_sent);
        clause.holds(!again, "the same assertion was sent twice");
    }
    let names = |request: &TokenRequest| -> Vec<_> {
        let all = request.form().iter().chain(request.query());
        let names = all.map(|(name, _)| name.to_string());
        names
            .chain(request.headers().keys().map(ToString::to_string))
            .collect()
    };
    clause.holds(
        names(&first) == names(&second),
        "two attempts differ in their parts",
    );
    if let Some(rotate) = &fixture.rotate {
        let secret = rotate();
        let request = fixture.attempt(clause).await;
        let proved = carries(&request, &Planted::new([secret.expose()]));
        clause.holds(proved, "the secret from before its rotation was sent");
    }
}

async fn secrecy<C: Credentials + fmt::Debug>(fixture: &CredentialsFixture<C>) {
    let clause = CredentialsFixture::<C>::clause("secrecy");
    let planted = fixture.planted();
    clause.holds(
        !planted.shows_in(&fixture.credentials),
        "Debug shows a secret",
    );
    let request = fixture.attempt(clause).await;
    clause.holds(
        !planted.shows_in(&request),
        "the request's Debug shows a secret",
    );
    clause.holds(
        !planted.shows_in(&fixture.credentials),
        "Debug shows a secret after use",
    );
    let mut twice = request;
    // Working on a finished request is refused by some; what they say must not quote it.
    if let Err(error) = fixture.credentials.authenticate(&mut twice).await {
        clause.holds(!planted.shows_in_error(&error), "an error shows a secret");
    }
}

fn endpoint() -> Uri {
    Uri::from_static("https://id.example/contract/token?tenant=contract")
}

fn request(clause: Clause) -> TokenRequest {
    let mut request = TokenRequest::new(endpoint());
    for (name, value) in GRANT_PARAMETERS {
        let added = request.form_parameter(name, Secret::from(value));
        clause.succeeds(added, "adding a parameter");
    }
    request
}

/// Finds where a request proves who the client is.
fn methods(request: &TokenRequest, planted: &Planted) -> Vec<&'static str> {
    let proof = |parameter: &Parameter| proves(parameter, planted);
    let authorized = request.headers().contains_key(AUTHORIZATION);
    let header = authorized || carried_in_header(request, planted);
    let found = [
        ("header", header),
        ("form", request.form().iter().any(proof)),
        ("query", request.query().iter().any(proof)),
    ];
    let found = found.into_iter().filter(|(_, is)| *is);
    found.map(|(way, _)| way).collect()
}

fn proves((name, value): &Parameter, planted: &Planted) -> bool {
    PROOFS.contains(&&**name) || planted.is_in(value.expose())
}

/// Returns whether a request carries a secret anywhere.
fn carries(request: &TokenRequest, planted: &Planted) -> bool {
    let mut parameters = request.form().iter().chain(request.query());
    parameters.any(|(_, value)| planted.is_in(value.expose()))
        || carried_in_header(request, planted)
}

fn carried_in_header(request: &TokenRequest, planted: &Planted) -> bool {
    request.headers().values().any(|value| {
        let text = value.to_str().unwrap_or_default();
        let basic = text.strip_prefix("Basic ").unwrap_or_default();
        let decoded = BASE64_STANDARD.decode(basic).unwrap_or_default();
        planted.is_in(text) || planted.is_in(&String::from_utf8_lossy(&decoded))
    })
}
