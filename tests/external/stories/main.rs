//! Stories against real servers, which the tests start themselves: private, on a free loopback port, in a temporary
//! folder. A program that is missing is named together with the line that installs it.

mod crash;
mod fleet;
mod servers;
mod stores;
