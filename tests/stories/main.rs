//! Stories over real loopback sockets.

mod architecture;
