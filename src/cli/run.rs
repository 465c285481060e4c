//! `run`: the daemon, in the foreground.

use super::failure::Failure;
use std::path::Path;

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// Exit 78 where the configuration has errors, 1 where the daemon can not start or can not go on.
pub(super) fn run(path: &Path) -> Result<(), Failure> {
    let _config = super::config::load(path)?;
    Err(Failure::failed("this build has no server yet"))
}
