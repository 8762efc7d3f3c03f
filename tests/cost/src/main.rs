//! Sends requests through a layer over a service that does nothing, for `callgrind` to count the instructions.
//!
//! ```text
//! cost <way> <requests>
//! ```
//!
//! `.ci/cost` runs each way with few requests and with many, shares the difference among the requests, and compares our
//! layer with tower-http's static header layer.

mod lane;
mod ways;

use std::{env, error::Error};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = "say which way and how many requests, such as: cost fixed 1000";
    let (way, requests) = arguments.next().zip(arguments.next()).ok_or(usage)?;
    ways::drive(&way, requests.parse()?)
}
