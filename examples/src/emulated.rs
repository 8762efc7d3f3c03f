//! Providers on the loopback interface, for the programs in the documentation.

use std::{io, sync::Arc};

use auth_core::SystemClock;
use auth_testkit::{OctorateEmulator, OrgApiEmulator, RatorEmulator};

/// Starts an emulator of Octorate.
///
/// # Errors
///
/// Where no loopback port can be had.
pub async fn octorate() -> io::Result<OctorateEmulator> {
    OctorateEmulator::start(Arc::new(SystemClock::new())).await
}

/// Starts an emulator of the Organization API.
///
/// # Errors
///
/// Where no loopback port can be had.
pub async fn orgapi() -> io::Result<OrgApiEmulator> {
    OrgApiEmulator::start(Arc::new(SystemClock::new())).await
}

/// Starts an emulator of the Rator REST API that offers every grant.
///
/// # Errors
///
/// Where no loopback port can be had.
pub async fn rator() -> io::Result<RatorEmulator> {
    let emulator = RatorEmulator::start(Arc::new(SystemClock::new())).await?;
    emulator.configure(|knobs| knobs.grants.push("client_credentials".to_owned()));
    Ok(emulator)
}
