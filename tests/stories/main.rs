//! Stories over real loopback sockets.

mod architecture;
mod engine;
