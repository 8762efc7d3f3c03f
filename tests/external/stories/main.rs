//! Stories against real servers, which the tests start themselves: private, on a free loopback port, in a temporary
//! folder. A program that is missing is named together with the line that installs it.
#![expect(
    clippy::unwrap_used,
    reason = "a story that cannot go on has failed, in its helpers too"
)]

mod crash;
mod fleet;
mod servers;
mod stores;
