#![doc = include_str!("../README.md")]

mod clock;
pub mod contract;
pub mod mocks;
mod scripted;

pub use clock::ManualClock;
