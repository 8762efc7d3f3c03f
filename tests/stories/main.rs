//! Stories over real loopback sockets.

mod architecture;
mod engine;
mod orgapi;
mod rator;
mod wire_orgapi;
mod wire_rator;
