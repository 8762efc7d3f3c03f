//! The provider as data.

use std::time::Duration;

use auth_core::{Error, ErrorKind, Policy, Sent};
use auth_oauth2::{Dialect, MissingRefresh, Placement, Refusal, Step};

use crate::{Config, ParamPlacement};

/// Below the server's root.
pub(crate) const TOKEN_PATH: &str = "oauth2/token";

/// Below the server's root.
pub(crate) const API_PATH: &str = "api/v1/organization";

/// Returns how this provider departs from RFC 6749: its parameters stand in the query, and a refresh token is good for
/// one use, whether the reply brings another or not.
pub(crate) fn orgapi(config: &Config) -> Dialect {
    let mut dialect = Dialect::default();
    dialect.placement = match config.param_placement {
        ParamPlacement::Query => Placement::Query,
        ParamPlacement::Body => Placement::Form,
    };
    dialect.missing_refresh = MissingRefresh::Forget;
    dialect.rotates = true;
    dialect.refine = refine;
    dialect
}

/// Returns the engine's defaults with room for two exchanges of 30 s: a refresh, and what follows where it fails.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.exchange_timeout = Duration::from_secs(65);
    policy
}

/// Says what a refusal means here. The documentation has no other codes than the standard's.
fn refine(refusal: &Refusal<'_>, error: Error) -> Error {
    let code = refusal.code.unwrap_or_default();
    match (refusal.step, code, refusal.status.as_u16()) {
        // A server that failed, or a gateway's word about it, leaves open whether the refresh token was spent.
        (Step::RefreshToken, _, 500 | 502 | 504) => error.with_sent(Sent::Maybe),
        // Documented with status 400, where the standard wants 401.
        (_, "invalid_client", _) => error.with_message(
            "the server does not know this client; check id, secret and region (the server address)",
        ),
        (_, "unauthorized_client", _) => error.with_message(
            "the client may not use the API; check its grants and the plan of the organization in the console",
        ),
        // Nobody can log in here: the client's own credentials are the login.
        (Step::ClientCredentials, "invalid_grant", _) => error
            .with_kind(ErrorKind::Configuration)
            .with_message("the server refused the client's own grant; check the client in the console"),
        _ => error,
    }
}

#[cfg(test)]
mod tests;
