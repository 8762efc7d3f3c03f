//! Stories over real loopback sockets.
