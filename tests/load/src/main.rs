#![doc = include_str!("../README.md")]

mod client;
mod options;
mod report;
mod server;

use std::process::ExitCode;

use auth_tower::BoxError;

use crate::{options::Options, report::Report, server::Server};

/// What becomes of a token when the next one is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grace {
    /// It is dead at once.
    None,
    /// It lives on for a while.
    Some,
}

#[tokio::main]
async fn main() -> Result<ExitCode, BoxError> {
    let options = Options::parse(std::env::args().skip(1))?;
    let mut failed = false;
    for (name, grace) in [("L1, no grace", Grace::None), ("L2, grace", Grace::Some)] {
        let server = Server::start(grace).await?;
        let counts = client::run(&server, options).await?;
        let report = Report::new(name, grace, options, &server, counts);
        report.print();
        failed |= report.faults().next().is_some();
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
