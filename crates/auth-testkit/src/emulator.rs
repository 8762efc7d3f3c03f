//! Strict emulators of token endpoints: what providers do, to the letter, on a loopback port.

mod basic;
mod callback;
mod check;
mod json;
mod oauth2;
mod octorate;
mod orgapi;
mod rator;
mod vault;

use std::sync::Arc;

pub(crate) use self::check::bearer;
pub use self::{
    basic::BasicDecoding,
    oauth2::{OAuth2Emulator, OAuth2Knobs},
    octorate::{DateStyle, Environment, OctorateEmulator, OctorateKnobs, ReplyGeneration},
    orgapi::{IssueRefreshToken, OldAccessToken, OrgApiEmulator, OrgApiKnobs},
    rator::{BasicFailureBody, BrandPlace, RatorEmulator, RatorKnobs, RatorProfile},
};

/// Says whether a resource would accept an access token now.
pub type Acceptor = Arc<dyn Fn(&str) -> bool + Send + Sync>;
