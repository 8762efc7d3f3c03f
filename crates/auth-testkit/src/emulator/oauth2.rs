//! A strict authorization server by the book.

mod authorize;
mod grants;
mod handler;
mod knobs;
#[cfg(test)]
mod tests;

use auth_core::Secret;

pub use self::knobs::OAuth2Knobs;
use super::Emulator;

const TOKEN: &str = "/token";
const AUTHORIZE: &str = "/authorize";

/// A strict emulator of an authorization server by RFC 6749, RFC 7636 and RFC 9700.
///
/// Routes: `POST /token`; the authorize page is [`approve`](OAuth2Emulator::approve) and
/// [`deny`](OAuth2Emulator::deny). Refresh tokens rotate, and the use of a spent one ends the whole family (RFC 9700
/// §4.14.2). It starts with one client, one user and one redirect address, all made up. Grants in the ledger:
/// `authorize`, `authorization_code`, `client_credentials`, `password`, `refresh_token`.
pub type OAuth2Emulator = Emulator<OAuth2Knobs>;

impl OAuth2Emulator {
    /// Returns name and password of the user.
    pub fn user(&self) -> (String, Secret) {
        let (name, password) = &self.desk().own.user;
        (name.clone(), password.as_str().into())
    }

    /// Returns the redirect address that is registered.
    pub fn redirect_uri(&self) -> String {
        self.desk().knobs.redirect_uri.clone()
    }

    /// Returns a refresh token of a new family, as if a user had just logged in.
    pub fn issue_refresh_token(&self) -> Secret {
        let now = self.office.clock.monotonic();
        let mut desk = self.desk();
        let family = desk.new_family();
        Secret::from(desk.new_refresh(family, now))
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address of the authorize page.
    pub fn authorize_url(&self) -> String {
        format!("{}{AUTHORIZE}", self.base_url())
    }

    /// Returns how often a refresh token was used that had been spent before.
    pub fn reuses(&self) -> usize {
        self.desk().own.reuses
    }

    /// Returns how many families were withdrawn because of that.
    pub fn families_revoked(&self) -> usize {
        self.desk().own.families_revoked
    }
}
