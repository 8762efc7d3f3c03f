//! What the Rator REST API does with a request.

use std::{
    collections::{BTreeMap, HashMap},
    time::SystemTime,
};

use auth_core::{Now, Secret};

use super::{
    BrandPlace, RESOURCES, RatorKnobs, RatorProfile, TOKEN,
    answers::{Failure, Outcome},
    grants::{Access, Refresh, ReuseKey},
};
use crate::{
    canary::canary,
    emulator::{
        basic::Basic,
        check::{Body, Parameters, Shape, check},
        desk::{Desk, Provider},
    },
    ledger::{DeviationKind, Notes, Place, Request, SecretKind},
    server::Answer,
};

/// What only this server remembers.
#[derive(Clone, Default)]
pub(crate) struct Own {
    pub(super) people: BTreeMap<String, Person>,
    /// The access token to hand out again.
    pub(super) current: HashMap<ReuseKey, String>,
}

/// An end user or an operator.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) password: String,
    /// The grant by which this person logs in.
    pub(super) grant: &'static str,
    pub(super) failures: usize,
}

impl Provider for RatorKnobs {
    const NAME: &'static str = "rator";

    type Access = Access;
    type Refresh = Refresh;
    type Own = Own;

    fn open(desk: &mut Desk<Self>) {
        let token = [
            (SecretKind::ClientSecret, Place::header("authorization")),
            (SecretKind::Password, Place::form("password")),
            (SecretKind::RefreshToken, Place::form("refresh_token")),
        ];
        desk.ledger.belongs(TOKEN, token);
        let resource = (SecretKind::AccessToken, Place::header("authorization"));
        desk.ledger.belongs(RESOURCES, [resource]);
        desk.add_person("alice", &canary("rator-password"), "password");
        desk.add_person("op.demo", &canary("rator-operator"), "operator_password");
    }

    fn configured(desk: &Desk<Self>) {
        if desk.knobs.all_query {
            let token = [
                (SecretKind::Password, Place::query("password")),
                (SecretKind::RefreshToken, Place::query("refresh_token")),
            ];
            desk.ledger.belongs(TOKEN, token);
        }
    }

    fn answer(desk: &mut Desk<Self>, request: &Request, now: Now, notes: &mut Notes) -> Answer {
        if request.path() == TOKEN {
            let outcome = desk.token(request, now, notes);
            desk.knobs.write(outcome, request)
        } else if let Some(name) = request.path().strip_prefix(RESOURCES) {
            desk.resource(request, name, now.monotonic, notes)
        } else {
            notes.deviation(DeviationKind::UnknownPath, request.path());
            Answer::html(404)
        }
    }
}

impl Desk<RatorKnobs> {
    pub(super) fn add_person(&mut self, name: &str, password: &str, grant: &'static str) {
        self.ledger.secret(SecretKind::Password, password);
        let person = Person {
            password: password.to_owned(),
            grant,
            failures: 0,
        };
        self.own.people.insert(name.to_owned(), person);
    }

    /// Returns the first person, by name, who logs in by `grant`.
    pub(super) fn person(&self, grant: &str) -> (String, Secret) {
        let mut people = self.own.people.iter();
        let found = people.find(|(_, person)| person.grant == grant);
        found.map_or_else(
            || (String::new(), Secret::from("")),
            |(name, person)| (name.clone(), person.password.as_str().into()),
        )
    }

    pub(super) fn is_locked(&self, name: &str) -> bool {
        let most = self.knobs.lock_after_failures;
        let failures = self
            .own
            .people
            .get(name)
            .map_or(0, |person| person.failures);
        most.is_some_and(|most| failures >= most)
    }
}

impl Desk<RatorKnobs> {
    fn token(&mut self, request: &Request, now: Now, notes: &mut Notes) -> Outcome {
        let all = self.parameters(request);
        let grant = all.get("grant_type").unwrap_or_default().to_owned();
        self.check_token(request, &grant, notes);
        let basic = self.knobs.basic.read(request, notes);
        if basic == Basic::Absent {
            notes.deviation(DeviationKind::MissingCredentials, "client");
        } else if all.get("client_id").is_some() || all.get("client_secret").is_some() {
            notes.deviation(DeviationKind::TwoCredentials, "client");
        }
        if !grant.is_empty() {
            notes.grant(&grant);
        }
        let (id, secret) = &self.client;
        if basic != Basic::Pair(id.clone(), secret.clone()) {
            let since = now.wall.duration_since(SystemTime::UNIX_EPOCH);
            let millis = since.unwrap_or_default().as_millis();
            return Outcome::Other(self.knobs.basic_failure(millis));
        }
        if request.method() != "POST" {
            let text = format!("Request method '{}' not supported", request.method());
            return Failure::new(405, "method_not_allowed", text).into();
        }
        if all.get("client_id").is_some_and(|own| own != id) {
            let text = "Given client ID does not match authenticated client";
            return Failure::new(401, "invalid_client", text).into();
        }
        let brand = match self.brand(request) {
            Ok(brand) => brand,
            Err(failure) => return failure.into(),
        };
        let twice = all.repeated() == Some("grant_type");
        if grant.is_empty() || (self.knobs.profile == RatorProfile::Sas && twice) {
            return Failure::new(400, "invalid_request", "Missing grant type").into();
        }
        self.grant(&grant, &all, &brand, now.monotonic, notes)
    }

    fn check_token(&self, request: &Request, grant: &str, notes: &mut Notes) {
        let (required, own): (&[&str], &[&str]) = match grant {
            "password" | "operator_password" => (&["grant_type", "username", "password"], &[]),
            "client_credentials" if self.knobs.client_credentials_requires_operator => {
                (&["grant_type", "operator"], &[])
            }
            "client_credentials" => (&["grant_type"], &["operator"]),
            "refresh_token" => (&["grant_type", "refresh_token"], &[]),
            _ => (&["grant_type"], &[]),
        };
        let grants = [required, own].concat();
        let names: Vec<&str> = self
            .knobs
            .brand_param_names
            .iter()
            .map(String::as_str)
            .collect();
        let place = self.knobs.brand_param_place;
        let in_query = if place == BrandPlace::BodyOnly {
            &[][..]
        } else {
            &names
        };
        let in_form = if place == BrandPlace::QueryOnly {
            &[][..]
        } else {
            &names
        };
        let all_query = self.knobs.all_query && request.body().is_empty();
        let (query, form) = if all_query {
            ([in_query, &grants].concat(), Vec::new())
        } else {
            (in_query.to_vec(), [in_form, &grants].concat())
        };
        let shape = Shape {
            method: "POST",
            query: &query,
            form: &form,
            required,
            body: if all_query { Body::Empty } else { Body::Form },
            headers: &["authorization"],
        };
        check(request, &shape, notes);
        let given = [request.query(), request.form()].concat();
        if !given.iter().any(|(name, _)| names.contains(&name.as_str())) {
            let name = names.first().copied().unwrap_or("brand_key");
            notes.deviation(DeviationKind::MissingParameter, name);
        }
    }

    /// Returns the grant parameters that this server sees.
    fn parameters(&self, request: &Request) -> Parameters {
        let (query, form) = (request.query(), request.form());
        if self.knobs.profile != RatorProfile::Sas {
            return Parameters::new([query, form].concat());
        }
        // The newer library looks for the name anywhere in the raw query and drops what it finds there.
        let raw = request.raw_query().unwrap_or_default();
        let seen = form
            .into_iter()
            .filter(|(name, _)| !raw.contains(name.as_str()));
        Parameters::new(seen.collect())
    }

    fn brand(&self, request: &Request) -> Result<String, Failure> {
        let pairs = match self.knobs.brand_param_place {
            BrandPlace::QueryOrBody => [request.query(), request.form()].concat(),
            BrandPlace::QueryOnly => request.query(),
            BrandPlace::BodyOnly => request.form(),
        };
        let all = Parameters::new(pairs);
        let mut names = self.knobs.brand_param_names.iter();
        let brand = names.find_map(|name| all.get(name)).unwrap_or_default();
        let status = self.knobs.missing_brand_status;
        if brand.is_empty() {
            return Err(Failure::new(status, "invalid_request", "Missing brand"));
        }
        if !self.knobs.knows_brand(brand) {
            return Err(Failure::new(status, "invalid_request", "Unknown brand"));
        }
        Ok(brand.to_ascii_uppercase())
    }
}
