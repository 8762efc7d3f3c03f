//! Strict emulators of token endpoints: what providers do, to the letter, on a loopback port.

mod basic;
mod check;
mod json;
mod orgapi;
mod rator;
mod vault;

pub use self::{
    basic::BasicDecoding,
    orgapi::{IssueRefreshToken, OldAccessToken, OrgApiEmulator, OrgApiKnobs},
    rator::{BasicFailureBody, BrandPlace, RatorEmulator, RatorKnobs, RatorProfile},
};
