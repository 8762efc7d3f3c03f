//! Stories over real loopback sockets.
#![expect(
    clippy::unwrap_used,
    reason = "a story that cannot go on has failed, in its helpers too"
)]

mod architecture;
mod cancelled;
mod clients;
mod contracts;
mod engine;
mod faults;
mod octorate;
mod orgapi;
mod rator;
mod redirects;
mod routes;
mod secrets;
mod standards;
mod vectors;
mod wire_octorate;
mod wire_orgapi;
mod wire_rator;
mod wrong_input;
