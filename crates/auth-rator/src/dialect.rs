//! The provider as data.

use std::time::Duration;

use auth_core::{Error, ErrorKind, Margin, Policy};
use auth_oauth2::{Constant, Dialect, Placement, Refusal, Step};

use crate::{BRAND_HEADER, Config, RatorPreset};

/// Returns how this provider departs from RFC 6749: a brand on every request, and on every API call with the token.
pub(crate) fn rator(config: &Config) -> Dialect {
    let mut dialect = Dialect::default();
    let place = match config.preset {
        RatorPreset::V3 | RatorPreset::AllQueryInsecure => Placement::Query,
        RatorPreset::V17 => Placement::Form,
    };
    let name = config.brand_name.clone().unwrap_or("brand_key".to_owned());
    dialect.parameters = std::iter::once(name)
        .chain(config.also_send_as.clone())
        .map(|name| Constant::new(name, &*config.brand.token_value, place))
        .collect();
    dialect.token_headers = vec![(BRAND_HEADER, config.brand.header_value.clone().into())];
    dialect.assumed_lifetime = config.assumed_lifetime.map(Duration::from_secs);
    // The server gives the same refresh token back by default, so sending one again loses nothing.
    dialect.rotates = false;
    dialect.refine = refine;
    if config.preset == RatorPreset::AllQueryInsecure {
        dialect.placement = Placement::Query;
        dialect.ask_no_store = true;
    }
    dialect
}

/// Returns the engine's defaults without an advisory window, because asked before its end the server hands the same
/// token out again, and with room for two exchanges of 30 s: a refresh, and what follows where it fails.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.advisory = Margin::new(Duration::ZERO, 0.0);
    policy.mandatory = Margin::new(Duration::from_secs(5), 0.05);
    policy.exchange_timeout = Duration::from_secs(65);
    policy
}

/// Says what a refusal means here. No page lists any; these are the answers of the framework below the server.
fn refine(refusal: &Refusal<'_>, error: Error) -> Error {
    let code = refusal.code.unwrap_or_default();
    match (refusal.step, code, refusal.status.as_u16()) {
        _ if error.is_transient() => error,
        (Step::ClientCredentials, "invalid_grant", _) => error
            .with_kind(ErrorKind::Configuration)
            .with_message("the server does not let the client act for this operator; check the operator's user name"),
        (Step::Password, "invalid_grant" | "unauthorized", _) => error.with_kind(ErrorKind::LoginRequired).with_message(
            "the server refused the user name or the password, or the account is locked; the same pair is not sent \
             again, so correct it or ask for another try",
        ),
        _ if error.kind() == ErrorKind::LoginRequired => error.with_message(
            "the server refused the refresh token, and nothing else is held to log in with; log in again",
        ),
        (Step::ClientCredentials, "unsupported_grant_type" | "unauthorized_client" | "invalid_client", _) => error
            .with_message(
                "the server refused the client or its grant; check id and secret, whether the client's list of grants \
                 has client_credentials, and the release: v17.0 and later have it, and want an operator",
            ),
        (_, "unsupported_grant_type" | "unauthorized_client", _) => error
            .with_message("the server does not offer this grant to the client; have it added to the client's grants"),
        // Wrong Basic is answered by a page or by JSON of the framework's own, where `error` is a reason phrase.
        (_, "", 401) | (_, "invalid_client", _) => error
            .with_kind(ErrorKind::Configuration)
            .with_code("invalid_client")
            .with_message("the server refused the client; check id, secret, their encoding and the client's grants"),
        (_, _, 406) => error.with_message("the server did not see Accept: application/json; see what removes it"),
        (_, _, 400..=499) => error.with_message(
            "the server refused the request; if the address is right, the brand is not known, is called otherwise \
             (brand_key, brandKey) or belongs elsewhere (query, body)",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests;
