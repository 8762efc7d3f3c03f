//! Stories over real loopback sockets.

mod architecture;
mod engine;
mod orgapi;
mod wire_orgapi;
