//! `config`: the effective configuration.

use super::failure::Failure;
use crate::config::{self, Config};
use std::{io::Write, path::Path};

/// Writes it as TOML that could be used again. Warnings go to stderr.
///
/// # Errors
/// Exit 78 where it has errors.
pub(super) fn run(path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let (config, warnings) = Config::load(path).map_err(Failure::config)?;
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    write!(out, "{}", config::print(&config))?;
    Ok(())
}
