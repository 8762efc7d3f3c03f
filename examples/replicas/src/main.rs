//! A small service of four replicas that share one login, through PostgreSQL and then through Redis, while its tokens
//! expire and one replica after the other is replaced by a new one.
//!
//! Run it with `cargo run -p replicas`. It needs the programs of `apt-get install postgresql redis-server util-linux` and
//! starts private servers of its own. The provider is an emulator that ends the login at the second use of a refresh
//! token. At the end it compares what the provider was sent with what is to be expected, and fails if there is a
//! difference.

#![expect(
    clippy::print_stdout,
    reason = "an example is there to tell what it does"
)]

mod replica;
mod rollout;
mod server;
mod settings;

use std::{env, process::ExitCode};

use auth_tower::BoxError;

use self::server::Server;

#[tokio::main]
async fn main() -> ExitCode {
    // The processes of the service are this program, started again.
    let outcome = if env::args().nth(1).as_deref() == Some(replica::ROLE) {
        replica::serve().await
    } else {
        run().await
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), BoxError> {
    rollout::run("PostgreSQL", &Server::postgres()?).await?;
    rollout::run("Redis", &Server::redis()?).await?;
    println!("All as expected.");
    Ok(())
}
