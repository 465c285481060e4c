//! `check`: every problem of the configuration.

use super::failure::Failure;
use crate::{
    clock::{Clock, SystemClock},
    config,
};
use std::{io::Write, path::Path};

/// Find every problem of the configuration
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Writes the report.
    ///
    /// # Errors
    /// Exit 78 where it has errors.
    pub(super) fn run(&self, path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let report = config::check(path, SystemClock::new().now());
        if self.json {
            writeln!(out, "{}", report.json())?;
        } else {
            write!(out, "{report}")?;
        }
        out.flush()?;
        if report.passed() { Ok(()) } else { Err(Failure::config("the configuration has errors")) }
    }
}
