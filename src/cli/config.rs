//! `config`: the effective configuration.

use super::failure::{Failure, say};
use crate::config::{self, Config};
use std::{io::Write, path::Path};

/// Writes it as TOML that could be used again. Warnings go to stderr.
///
/// # Errors
/// Exit 78 where it has errors.
pub(super) fn run(path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    write!(out, "{}", config::print(&load(path)?))?;
    Ok(())
}

/// The configuration. Warnings go to stderr.
///
/// # Errors
/// Exit 78 with every error.
pub(super) fn load(path: &Path) -> Result<Config, Failure> {
    let wrong = |problems| Failure::config(format!("the configuration has errors:\n{problems}"));
    let (config, warnings) = Config::load(path).map_err(wrong)?;
    for warning in warnings {
        say(format_args!("warning: {warning}"));
    }
    Ok(config)
}
