//! Octorate: its identity endpoints, its authorize page and a few resources.

mod answers;
mod authorize;
mod handler;
mod identity;
mod knobs;
mod resources;
mod state;
#[cfg(test)]
mod tests;

use auth_core::Secret;

pub use self::knobs::{DateStyle, Environment, OctorateKnobs, ReplyGeneration};
use super::Emulator;

const AUTHORIZE: &str = "/octobook/identity/oauth.xhtml";
const IDENTITY: &str = "/connect/rest/v1/identity/";
const CONFIGURATION: &str = "/connect/rest/v1/api/configuration";
const ACCOMMODATION: &str = "/connect/rest/v2/accommodation";
const DEMO: &str = "/connect/rest/v1/demo";

/// An emulator of Octorate.
///
/// Routes below `/connect`: `POST /rest/v1/identity/{token,refresh,apilogin,migrate}`, `GET` and `PATCH
/// /rest/v1/api/configuration`, `POST /rest/v2/accommodation` and the protected `/rest/v1/demo`. The authorize page
/// is [`approve`](OctorateEmulator::approve) and [`deny`](OctorateEmulator::deny). Grants in the ledger: `authorize`,
/// `code`, `refresh`, `apilogin`, `migrate`.
pub type OctorateEmulator = Emulator<OctorateKnobs>;

impl OctorateEmulator {
    /// Adds an address to the redirect addresses that are registered; `https://localhost` is from the start.
    pub fn add_redirect_uri(&self, address: &str) {
        self.desk().own.redirect_uris.push(address.to_owned());
    }

    /// Returns the redirect addresses that are registered.
    pub fn redirect_uris(&self) -> Vec<String> {
        self.desk().own.redirect_uris.clone()
    }

    /// Adds a key of the old interface, good for one migration of each property, and returns it.
    pub fn add_legacy_key(&self) -> Secret {
        self.desk().add_legacy_key()
    }

    /// Returns the root of the interface, without a slash at the end.
    pub fn api_root(&self) -> String {
        format!("{}/connect", self.base_url())
    }

    /// Returns the address of the authorize page.
    pub fn authorize_url(&self) -> String {
        format!("{}{AUTHORIZE}", self.base_url())
    }

    /// Returns the address of the protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}{DEMO}", self.base_url())
    }

    /// Withdraws the refresh tokens of a property, as a customer who disconnects does.
    pub fn revoke_refresh_token(&self, property: &str) {
        self.desk().refresh.kill_where(|own| own == property);
    }
}
