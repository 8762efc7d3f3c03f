//! What can go wrong between a client and its token endpoint, through the whole chain and over real sockets, and with a
//! store that a newer program wrote to.
//!
//! Each fault has a number, and `numbers` fails when one of them has no test anywhere in the workspace.

mod answers;
mod clocks;
mod connection;
mod names;
mod newer_format;
mod numbers;
#[cfg(unix)]
mod process;
mod refused_logins;
mod replies;
mod scene;
mod silence;
mod sizes;
mod tls;
