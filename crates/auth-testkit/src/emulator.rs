//! Strict emulators of token endpoints: what providers do, to the letter, on a loopback port.

mod basic;
mod check;
mod orgapi;
mod vault;

pub use self::{
    basic::BasicDecoding,
    orgapi::{IssueRefreshToken, OldAccessToken, OrgApiEmulator, OrgApiKnobs},
};
