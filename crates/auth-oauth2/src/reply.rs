//! How the answer of a token endpoint is read.

use std::{
    str,
    time::{Duration, SystemTime},
};

use auth_core::{Clock, Error, ErrorKind, Now, Secret, SystemClock};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::CONTENT_TYPE};

use crate::{
    Dialect, Refusal, Step, expires,
    json::{Members, Value},
};

mod refusal;

pub(crate) use refusal::is_code;

/// How far two members that tell when the token ends may be apart before it is worth a word.
const MAX_SPREAD: Duration = Duration::from_secs(120);

/// What is known about the request that a reply answers.
#[derive(Clone, Debug)]
pub struct Asked {
    step: Step,
    at: Now,
    secrets: Vec<Secret>,
    of_resource: bool,
}

impl Asked {
    /// Returns a description: which exchange, and the reading taken just before it was sent.
    pub fn new(step: Step, at: Now) -> Self {
        Self {
            step,
            at,
            secrets: Vec::new(),
            of_resource: false,
        }
    }

    /// Names the texts of the request that must not come back out of an error.
    #[must_use]
    pub fn secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Returns which exchange it was.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the reading taken just before it was sent.
    pub fn at(&self) -> Now {
        self.at
    }

    /// Returns who was asked.
    fn whom(&self) -> &'static str {
        if self.of_resource {
            "the API"
        } else {
            "the token endpoint"
        }
    }

    /// Returns whether `text` holds any secret of the request.
    fn is_echo(&self, text: &str) -> bool {
        // A secret of a few letters would be found in everything, so such a one counts only if it is all there is.
        let holds = |secret: &Secret| match secret.expose() {
            short if short.len() < 4 => text == short,
            secret => text.contains(secret),
        };
        self.secrets.iter().any(holds)
    }
}

/// What a token endpoint granted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenReply {
    /// The access token, not empty.
    pub access: Secret,
    /// The refresh token, if there is one; an empty one or a null is none.
    pub refresh: Option<Secret>,
    /// How long the token lasts, where the reply says so in a way that can be read.
    pub lifetime: Option<Duration>,
    /// The granted scope, words joined by spaces; an empty text means that none was granted (RFC 6749 §5.1).
    pub scope: Option<Box<str>>,
    /// The further members that the dialect asked for.
    pub extras: Vec<(Box<str>, Secret)>,
    /// How far the server's clock and ours are apart, where the reply has a date.
    pub skew: Option<Duration>,
}

/// Reads the answer of a token endpoint: by its status first, then by its body.
///
/// A token comes with status 200 alone: RFC 6749 §5.1 knows no other, and what else a 2xx may mean is not to be guessed.
///
/// Tolerated: a lifetime as number, text or date; a missing `token_type`; a scope as list; a form-encoded reply;
/// members nobody knows, whatever they hold; an empty `error`, or one that is neither text nor object. JSON that calls
/// itself `text/plain` is not read. What the body says in words (`error_description`, pages) is never kept: real servers put
/// tokens there. A code is kept if it is one of the standard's or of the dialect's, or is made of `[a-z_]` and holds
/// no secret of the request.
///
/// # Errors
///
/// * [`Unavailable`](auth_core::ErrorKind::Unavailable): status 408, 425, 429 or 5xx, or a code that says so, with the
///   wait of `Retry-After`.
/// * [`Configuration`](auth_core::ErrorKind::Configuration): a redirect, of which only the host is named, or the client
///   or its request was refused.
/// * [`LoginRequired`](auth_core::ErrorKind::LoginRequired): `invalid_grant`, and `invalid_token` for a refresh.
/// * [`Protocol`](auth_core::ErrorKind::Protocol): status 200 with something else than a token, a body over
///   [`MAX_BODY`](auth_core::MAX_BODY), a member of the reply itself that stands twice, a `token_type` that is not a
///   bearer's.
///
/// The dialect may change what a refusal means.
pub fn decode(
    reply: &Response<Bytes>,
    asked: &Asked,
    dialect: &Dialect,
) -> Result<TokenReply, Error> {
    let (status, headers) = (reply.status(), reply.headers());
    let error = |error: Error| refusal::annotate(error, status, headers, asked);
    if refusal::is_redirect(status) {
        return Err(error(refusal::redirect(headers, asked)));
    }
    let body = reply.body();
    let members = members(headers, body);
    let members = members.as_ref();
    let unreadable = || refusal::Unreadable::new(headers, body.len(), asked);
    match members {
        Some(members) if status == StatusCode::OK && !is_denied(members, dialect) => {
            granted(members, headers, asked, dialect).map_err(error)
        }
        None if status == StatusCode::OK => Err(error(
            refusal::protocol("it cannot be read").with_source(unreadable()),
        )),
        _ => Err(refused(members, reply, asked, dialect)),
    }
}

/// Reads the answer to a resource call that brought something else than what was asked for, as [`decode`] reads a
/// refusal: by its status, its codes, and what the dialect makes of them.
///
/// The secrets of the request are not known here, so a code is kept only if it is one of the standard's or of the
/// dialect's. A status that refuses nothing, such as 200 or 304, is of kind [`Protocol`](auth_core::ErrorKind::Protocol).
pub fn resource_refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    dialect: &Dialect,
) -> Error {
    let mut asked = Asked::new(Step::Other, SystemClock::new().now());
    asked.of_resource = true;
    let error = if refusal::is_redirect(status) {
        refusal::redirect(headers, &asked)
    } else if status.is_client_error() || status.is_server_error() {
        let mut reply = Response::new(Bytes::copy_from_slice(body));
        *reply.status_mut() = status;
        *reply.headers_mut() = headers.clone();
        return refused(members(headers, body).as_ref(), &reply, &asked, dialect);
    } else {
        let why = "the API answered with what is no refusal; report it";
        Error::new(ErrorKind::Protocol, why)
    };
    refusal::annotate(error, status, headers, &asked)
}

fn refused(
    members: Option<&Members>,
    reply: &Response<Bytes>,
    asked: &Asked,
    dialect: &Dialect,
) -> Error {
    let (status, headers) = (reply.status(), reply.headers());
    let code = members.and_then(|members| refusal::code(members, asked, dialect));
    let error = refusal::by_code(code, status, asked);
    let mut error = refusal::annotate(error, status, headers, asked);
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if members.is_none() {
        error = error.with_source(refusal::Unreadable::new(headers, reply.body().len(), asked));
    }
    let refusal = Refusal {
        step: asked.step,
        status,
        code,
    };
    (dialect.refine)(&refusal, error)
}

/// Returns the members of a body that says, or does not deny, that it has any.
fn members(headers: &HeaderMap, body: &[u8]) -> Option<Members> {
    if body.len() > auth_core::MAX_BODY {
        return None;
    }
    let content_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let Some(content_type) = content_type else {
        return Members::from_json(body);
    };
    let essence = content_type.split(|b| *b == b';').next()?;
    let essence = str::from_utf8(essence).ok()?.trim().to_ascii_lowercase();
    match &*essence {
        "application/json" | "text/json" => Members::from_json(body),
        "application/x-www-form-urlencoded" => Members::from_form(body),
        other if other.ends_with("+json") => Members::from_json(body),
        _ => None,
    }
}

/// Returns whether the reply names an error: under `error` any, under a name of the dialect's one that it knows. A token
/// beside anything else is good, and the refresh token beside it may be the only one there is.
fn is_denied(members: &Members, dialect: &Dialect) -> bool {
    let known = |name: &&str| {
        let text = members.text(name);
        text.is_some_and(|text| dialect.error_codes.contains(&text.expose()))
    };
    let error = match members.get("error") {
        Some(Value::Text(text)) => !text.is_empty(),
        Some(Value::Object(_)) => true,
        _ => false,
    };
    error || dialect.error_code.iter().any(known)
}

fn granted(
    members: &Members,
    headers: &HeaderMap,
    asked: &Asked,
    dialect: &Dialect,
) -> Result<TokenReply, Error> {
    let filled = |name: &&str| members.text(name).filter(|text| !text.is_empty());
    let Some(access) = dialect.access_token.iter().find_map(filled) else {
        return Err(refusal::protocol("it has no access token"));
    };
    match members.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::Text(kind)) if is_bearer(kind.expose(), dialect) => {}
        Some(_) => {
            return Err(refusal::protocol(
                "its token_type is not that of a bearer token, so the token must not be used (RFC 6749 section 7.1)",
            ));
        }
    }
    let date = expires::server_time(headers);
    let now = date.unwrap_or(asked.at.wall);
    let lifetime = expires::lifetime(members, dialect.expiry, now);
    let spread = expires::spread(members, dialect.expiry, now);
    if spread > MAX_SPREAD {
        tracing::warn!(
            ?spread,
            "the reply tells two different ends of the token; the first one counts"
        );
    }
    if lifetime.is_none() && expires::is_told(members, dialect.expiry) {
        tracing::warn!("the reply tells when the token ends, but not in a way that can be used");
    }
    let extra = |name: &&str| Some(((*name).into(), members.get(name)?.text()?));
    Ok(TokenReply {
        access: access.clone(),
        refresh: filled(&"refresh_token").cloned(),
        lifetime,
        scope: members.get("scope").and_then(scope),
        extras: dialect.extras.iter().filter_map(extra).collect(),
        skew: date.map(|date| apart(date, asked.at.wall)),
    })
}

fn is_bearer(kind: &str, dialect: &Dialect) -> bool {
    let mut known = dialect.token_types.iter();
    known.any(|own| own.eq_ignore_ascii_case(kind.trim()))
}

fn scope(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Text(text) => Some(text.expose().into()),
        Value::List(list) => {
            let words: Option<Vec<_>> = list.iter().map(Value::text).collect();
            let words = words?;
            let words: Vec<_> = words.iter().map(Secret::expose).collect();
            Some(words.join(" ").into())
        }
        _ => None,
    }
}

fn apart(one: SystemTime, other: SystemTime) -> Duration {
    one.duration_since(other)
        .unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
mod tests;
