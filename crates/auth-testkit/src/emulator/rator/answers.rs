//! How the Rator REST API words its answers.

use serde_json::{Value, json};

use super::{BasicFailureBody, RatorKnobs, RatorProfile, TOKEN};
use crate::{emulator::json::object, ledger::Request, server::Answer};

/// What the token endpoint decided, before it is put into the form that the client asked for.
pub(super) enum Outcome {
    Success(Vec<(&'static str, Value)>),
    Failure(Failure),
    /// Not of the token endpoint's making.
    Other(Answer),
}

/// An OAuth error.
pub(super) struct Failure {
    status: u16,
    code: &'static str,
    text: String,
    scope: bool,
}

impl Failure {
    pub(super) fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            scope: false,
        }
    }

    /// Adds the scope that would have been allowed.
    pub(super) fn with_scope(mut self) -> Self {
        self.scope = true;
        self
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl RatorKnobs {
    /// Returns the answer to a Basic header that is missing or wrong.
    pub(super) fn basic_failure(&self, millis: u128) -> Answer {
        if self.profile == RatorProfile::Sas {
            return Answer::json(401, r#"{"error":"invalid_client"}"#)
                .header("www-authenticate", "Basic realm=\"default\"");
        }
        let answer = match self.basic_failure_body {
            BasicFailureBody::Html => Answer::html(401),
            BasicFailureBody::FrameworkJson => Answer::json(
                401,
                object([
                    ("timestamp", Value::from(millis.min(u64::MAX.into()) as u64)),
                    ("status", 401.into()),
                    ("error", "Unauthorized".into()),
                    ("message", "Bad credentials".into()),
                    ("path", TOKEN.into()),
                ]),
            ),
        };
        answer.header("www-authenticate", "Basic realm=\"oauth2/client\"")
    }

    /// Puts what was decided into the form that `request` accepts.
    pub(super) fn write(&self, outcome: Outcome, request: &Request) -> Answer {
        let accept = Accept::of(request, self.profile);
        match outcome {
            Outcome::Other(answer) => answer,
            _ if accept == Accept::Neither => Answer::empty(406),
            Outcome::Success(members) => self.success(members, accept),
            Outcome::Failure(failure) => self.failure(&failure, accept),
        }
    }

    fn success(&self, members: Vec<(&'static str, Value)>, accept: Accept) -> Answer {
        let answer = if accept == Accept::Xml {
            xml(
                200,
                members.iter().map(|(name, value)| (*name, text(value))),
            )
        } else {
            Answer::text(200, self.media(), object(members))
        };
        answer.no_store()
    }

    fn failure(&self, failure: &Failure, accept: Accept) -> Answer {
        let Failure { code, text, .. } = failure;
        if self.profile == RatorProfile::Sas {
            let uri = "https://datatracker.ietf.org/doc/html/rfc6749#section-5.2";
            let body = object([
                ("error_description", text.as_str().into()),
                ("error", (*code).into()),
                ("error_uri", uri.into()),
            ]);
            return Answer::json(400, body);
        }
        let mut members = vec![("error", *code), ("error_description", text.as_str())];
        if failure.scope {
            members.push(("scope", "read"));
        }
        let answer = if accept == Accept::Json {
            let members = members
                .into_iter()
                .map(|(name, value)| (name, value.into()));
            Answer::text(failure.status, self.media(), object(members))
        } else {
            members[..2].reverse();
            let members = members
                .into_iter()
                .map(|(name, value)| (name, value.to_owned()));
            xml(failure.status, members)
        };
        let answer = answer.no_store();
        if failure.status != 401 {
            return answer;
        }
        let challenge = format!("Bearer error=\"{code}\", error_description=\"{text}\"");
        answer.header("www-authenticate", challenge)
    }

    fn media(&self) -> &'static str {
        if self.profile == RatorProfile::LegacyUuid {
            "application/json"
        } else {
            "application/json;charset=UTF-8"
        }
    }
}

/// What the client wants to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Accept {
    Json,
    Xml,
    /// It does not say: errors are in XML then, tokens are not.
    Any,
    Neither,
}

impl Accept {
    fn of(request: &Request, profile: RatorProfile) -> Self {
        let accept = request.header("accept").unwrap_or("*/*");
        let mut kinds = accept
            .split(',')
            .map(|kind| kind.split(';').next().unwrap_or_default().trim());
        if profile == RatorProfile::Sas {
            return Self::Json;
        }
        kinds
            .find_map(|kind| match kind {
                "application/json" | "application/*" => Some(Self::Json),
                "application/xml" | "text/xml" => Some(Self::Xml),
                "*/*" => Some(Self::Any),
                _ => None,
            })
            .unwrap_or(Self::Neither)
    }
}

fn xml(status: u16, members: impl Iterator<Item = (&'static str, String)>) -> Answer {
    let members: String = members
        .map(|(name, value)| {
            let value = value.replace('&', "&amp;").replace('<', "&lt;");
            format!("<{name}>{value}</{name}>")
        })
        .collect();
    Answer::text(
        status,
        "application/xml",
        format!("<oauth>{members}</oauth>"),
    )
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a resource server's refusal (RFC 6750 §3).
pub(super) fn challenge(status: u16, code: &str, text: &str) -> Answer {
    let body = json!({"error": code, "error_description": text});
    let header =
        format!("Bearer realm=\"rest-api-core\", error=\"{code}\", error_description=\"{text}\"");
    let answer = Answer::json(status, body.to_string());
    if status == 401 {
        answer.header("www-authenticate", header)
    } else {
        answer
    }
}
