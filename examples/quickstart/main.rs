//! Every flow of the three providers, against emulators on the loopback interface, while tokens expire, are refused and
//! rotate.
//!
//! Run it with `cargo run --example quickstart`. It tells what happened, what the layer did about it and how the call
//! ended; then it compares what the servers were sent with what is to be expected, and fails if there is a difference.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to tell what it does"
)]

mod account;
mod client;
mod issued;
mod octorate;
mod orgapi;
mod rator;

use std::process::ExitCode;

use auth_tower::BoxError;

use self::account::Account;

#[tokio::main]
async fn main() -> ExitCode {
    let mut account = Account::default();
    if let Err(error) = run(&mut account).await {
        account.stopped(&*error);
    }
    let (text, code) = account.finish();
    println!("{text}");
    code
}

async fn run(account: &mut Account) -> Result<(), BoxError> {
    octorate::run(account).await?;
    orgapi::run(account).await?;
    rator::run(account).await
}
