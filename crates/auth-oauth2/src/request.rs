//! How a token request is written down.

use std::{borrow::Cow, str};

use auth_core::{Error, ErrorKind, Parameter, Secret, TokenRequest};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use form_urlencoded::Serializer;
use http::{
    HeaderValue, Method, Request, Uri,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST},
};
use zeroize::Zeroizing;

use crate::{Dialect, Endpoint, GrantType, Placement, Step};

/// What a grant asks of the token endpoint, before the dialect and the client add their parts.
///
/// # Example
///
/// ```
/// use auth_core::Secret;
/// use auth_oauth2::{GrantRequest, Step};
///
/// let request = GrantRequest::new(Step::RefreshToken)
///     .parameter("refresh_token", Secret::new("made-up"));
/// assert_eq!(request.step(), Step::RefreshToken);
/// ```
#[derive(Clone, Debug)]
pub struct GrantRequest {
    step: Step,
    grant_type: Option<GrantType>,
    parameters: Vec<Parameter>,
}

impl GrantRequest {
    /// Returns a request for that exchange, named as the dialect names it.
    pub fn new(step: Step) -> Self {
        Self {
            step,
            grant_type: None,
            parameters: Vec::new(),
        }
    }

    /// Names the exchange, whatever the dialect says.
    #[must_use]
    pub fn grant_type(mut self, grant_type: GrantType) -> Self {
        self.grant_type = Some(grant_type);
        self
    }

    /// Adds a parameter. An empty one is not sent (RFC 6749 §3.2).
    #[must_use]
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: Secret) -> Self {
        self.parameters.push((name.into(), value));
        self
    }

    /// Returns which exchange it is.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns the request with the dialect's part, to which the client still adds its proof.
    pub(crate) fn assemble(
        self,
        endpoint: &Endpoint,
        dialect: &Dialect,
    ) -> Result<TokenRequest, Error> {
        let mut request = TokenRequest::new(endpoint.uri().clone());
        let names = &dialect.grant_types;
        let grant_type = self.grant_type.unwrap_or_else(|| match self.step {
            Step::AuthorizationCode => names.authorization_code.clone(),
            Step::RefreshToken => names.refresh_token.clone(),
            Step::ClientCredentials => names.client_credentials.clone(),
            Step::Password => names.password.clone(),
            Step::Other => GrantType::Omitted,
        });
        if let GrantType::Named(name) = grant_type {
            let name = Secret::new(name.into_owned());
            place(&mut request, dialect.placement, "grant_type".into(), name)?;
        }
        for (name, value) in self.parameters {
            place(&mut request, dialect.placement, name, value)?;
        }
        for constant in &dialect.parameters {
            let (name, value) = (constant.name.clone(), constant.value.clone());
            place(&mut request, constant.placement, name, value)?;
        }
        Ok(request)
    }
}

fn place(
    request: &mut TokenRequest,
    placement: Placement,
    name: Cow<'static, str>,
    value: Secret,
) -> Result<(), Error> {
    match placement {
        Placement::Form => request.form_parameter(name, value),
        Placement::Query => request.query_parameter(name, value),
    }
}

/// Writes a token request down: always `POST`, parameters in the WHATWG form encoding (RFC 6749 Appendix B).
///
/// A request without a body has no `Content-Type` and says `Content-Length: 0`.
///
/// # Errors
///
/// [`ErrorKind::Configuration`] where the address becomes longer than an address can be.
pub fn encode(request: &TokenRequest, dialect: &Dialect) -> Result<Request<Bytes>, Error> {
    let uri = address(request, dialect)?;
    let host = request.uri().authority().map_or("", |host| host.as_str());
    let host = HeaderValue::from_str(host).map_err(|_| {
        Error::new(
            ErrorKind::Configuration,
            "the host of the token endpoint cannot be sent in a header",
        )
    })?;
    let body = pairs(request.form(), dialect.order, String::new());
    let mut written = Request::new(Bytes::new());
    *written.method_mut() = Method::POST;
    *written.uri_mut() = uri;
    let headers = written.headers_mut();
    headers.insert(HOST, host);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if dialect.ask_no_store {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in request.headers() {
        headers.insert(name.clone(), value.clone());
    }
    if body.is_empty() {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    } else {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        *written.body_mut() = Bytes::from(body);
    }
    Ok(written)
}

fn address(request: &TokenRequest, dialect: &Dialect) -> Result<Uri, Error> {
    if request.query().is_empty() {
        return Ok(request.uri().clone());
    }
    let mut target = request.uri().path().to_owned();
    target.push('?');
    if let Some(own) = request.uri().query().filter(|own| !own.is_empty()) {
        target.push_str(own);
        target.push('&');
    }
    let target = Zeroizing::new(pairs(request.query(), dialect.order, target));
    let too_long = || {
        Error::new(
            ErrorKind::Configuration,
            "the parameters make the address of the token endpoint longer than an address can be",
        )
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(target.parse().map_err(|_| too_long())?);
    Uri::from_parts(parts).map_err(|_| too_long())
}

/// Appends the parameters to `text`, those named in `order` first.
fn pairs(parameters: &[Parameter], order: &[&str], text: String) -> String {
    let rank = |name: &str| order.iter().position(|n| *n == name).unwrap_or(usize::MAX);
    let mut sorted: Vec<_> = parameters.iter().collect();
    sorted.sort_by_key(|(name, _)| rank(name));
    let start = text.len();
    let mut pairs = Serializer::for_suffix(text, start);
    for (name, value) in sorted {
        pairs.append_pair(name, value.expose());
    }
    pairs.finish()
}

/// Returns every text of the request that must not come back out of an error.
pub(crate) fn secrets(request: &TokenRequest) -> Vec<Secret> {
    let public = ["grant_type", "scope", "redirect_uri", "client_id"];
    let mut secrets: Vec<Secret> = request
        .query()
        .iter()
        .chain(request.form())
        .filter(|(name, _)| !public.contains(&&**name))
        .map(|(_, value)| value.clone())
        .collect();
    for value in request.headers().values() {
        let Ok(value) = value.to_str() else { continue };
        secrets.push(Secret::from(value));
        let Some(encoded) = value.strip_prefix("Basic ") else {
            continue;
        };
        secrets.push(Secret::from(encoded));
        let decoded = STANDARD.decode(encoded).unwrap_or_default();
        let decoded = Zeroizing::new(decoded);
        if let Some((_, secret)) = str::from_utf8(&decoded)
            .ok()
            .and_then(|s| s.split_once(':'))
        {
            secrets.push(Secret::from(secret));
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
