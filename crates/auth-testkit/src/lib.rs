#![doc = include_str!("../README.md")]

mod canary;
mod clock;
pub mod contract;
mod emulator;
mod ledger;
pub mod mocks;
mod resource;
mod scripted;
mod server;
#[cfg(test)]
mod wire;

pub use clock::ManualClock;
pub use emulator::{
    Acceptor, BasicDecoding, BasicFailureBody, BrandPlace, DateStyle, Emulator, Environment,
    IssueRefreshToken, OAuth2Emulator, OAuth2Knobs, OctorateEmulator, OctorateKnobs,
    OldAccessToken, OrgApiEmulator, OrgApiKnobs, RatorEmulator, RatorKnobs, RatorProfile,
    ReplyGeneration,
};
pub use ledger::{Deviation, DeviationKind, Entry, Ledger, Request, SecretKind, Stray};
pub use resource::{GrpcRefusal, Resource, ResourceKnobs};
pub use scripted::{
    FailingSource, FailingStore, Gate, Recorded, ScriptedGrant, ScriptedSource, ScriptedTransport,
    Seen, StaticSource, StoreCall, StoreFault, token, token_set,
};
pub use server::{Fault, InMemory, Server};
