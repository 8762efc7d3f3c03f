//! The Organization API: its token endpoint and one protected resource.

mod handler;
mod knobs;
#[cfg(test)]
mod tests;

pub use self::knobs::{IssueRefreshToken, OldAccessToken, OrgApiKnobs};
use super::Emulator;

const TOKEN: &str = "/oauth2/token";
const RESOURCES: &str = "/api/v1/organization/";

/// An emulator of the Organization API.
///
/// Routes: `POST /oauth2/token` and everything below `/api/v1/organization/`, of which `demo` exists.
/// Grants in the ledger: `client_credentials`, `refresh_token`.
///
/// # Example
///
/// ```
/// use std::sync::Arc;
/// use auth_testkit::{ManualClock, OrgApiEmulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let emulator = OrgApiEmulator::start(Arc::new(ManualClock::new())).await?;
/// emulator.configure(|knobs| knobs.access_ttl = std::time::Duration::from_secs(300));
/// assert!(emulator.token_url().ends_with("/oauth2/token"));
/// assert_eq!(emulator.ledger().count("client_credentials"), 0);
/// # Ok(())
/// # }
/// ```
pub type OrgApiEmulator = Emulator<OrgApiKnobs>;

impl OrgApiEmulator {
    /// Returns the address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN}", self.base_url())
    }

    /// Returns the address of the protected resource.
    pub fn demo_url(&self) -> String {
        format!("{}{RESOURCES}demo", self.base_url())
    }
}
