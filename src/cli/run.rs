//! `run`: the daemon, in the foreground.

use super::failure::Failure;
use crate::{config::LogFormat, logging, server};
use std::path::Path;

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// Exit 78 where the configuration has errors, 1 where the daemon can not start or can not go on.
pub(super) fn run(path: &Path) -> Result<(), Failure> {
    let config = super::config::load(path)?;
    let style = match config.log.format {
        LogFormat::Text => logging::Style::Text,
        LogFormat::Json => logging::Style::Json,
    };
    let log = logging::start(server::level(config.log.level), style).map_err(Failure::failed)?;
    server::run(config, path, &log).map_err(Failure::failed)
}
