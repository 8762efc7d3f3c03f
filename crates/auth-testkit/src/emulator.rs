//! Strict emulators of token endpoints: what providers do, to the letter, on a loopback port.

mod basic;
mod check;
mod json;
mod octorate;
mod orgapi;
mod rator;
mod vault;

pub use self::{
    basic::BasicDecoding,
    octorate::{DateStyle, Environment, OctorateEmulator, OctorateKnobs, ReplyGeneration},
    orgapi::{IssueRefreshToken, OldAccessToken, OrgApiEmulator, OrgApiKnobs},
    rator::{BasicFailureBody, BrandPlace, RatorEmulator, RatorKnobs, RatorProfile},
};
