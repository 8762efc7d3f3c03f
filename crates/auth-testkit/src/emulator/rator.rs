//! The Rator REST API: its authentication context and its core context.

mod answers;
mod grants;
mod handler;
mod knobs;
mod resource;
#[cfg(test)]
mod tests;

use auth_core::Secret;

pub use self::knobs::{BasicFailureBody, BrandPlace, RatorKnobs, RatorProfile};
use super::Emulator;

const TOKEN: &str = "/rest-api-auth/oauth/token";
const RESOURCES: &str = "/rest-api-core/api/";

/// An emulator of the Rator REST API.
///
/// Routes: `POST /rest-api-auth/oauth/token` and everything below `/rest-api-core/api/`, all of which exists but
/// what is called `missing`, and all of which is allowed but what is called `forbidden`. It starts with a client, an
/// end user, an operator and the brand `BRAND1`, all made up; [`accepts`](RatorEmulator::accepts) leaves the brand
/// aside. Grants in the ledger: `password`, `operator_password`, `client_credentials`, `refresh_token`.
pub type RatorEmulator = Emulator<RatorKnobs>;

impl RatorEmulator {
    /// Adds an end user, or gives one another password.
    pub fn add_user(&self, name: &str, password: &str) {
        self.desk().add_person(name, password, "password");
    }

    /// Adds an operator, or gives one another password.
    pub fn add_operator(&self, name: &str, password: &str) {
        self.desk().add_person(name, password, "operator_password");
    }

    /// Returns name and password of the end user that the emulator started with.
    pub fn user(&self) -> (String, Secret) {
        self.desk().person("password")
    }

    /// Returns name and password of the operator that the emulator started with.
    pub fn operator(&self) -> (String, Secret) {
        self.desk().person("operator_password")
    }

    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address below which the resources are, without a slash at the end.
    pub fn api_url(&self) -> String {
        format!("{}{}", self.base_url(), RESOURCES.trim_end_matches('/'))
    }

    /// Returns the address of a protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}/billing-groups/1/balance", self.api_url())
    }

    /// Lets every refresh token end now.
    pub fn expire_refresh_tokens(&self) {
        let now = self.office.clock.monotonic();
        self.desk().refresh.expire_all(now);
    }

    /// Returns whether too many wrong passwords have locked this user or operator.
    pub fn is_locked(&self, name: &str) -> bool {
        self.desk().is_locked(name)
    }
}
