//! `journal verify` and `journal export`: for a stopped device, read-only.

use super::failure::Failure;
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// Verify or export the journal of a stopped device
#[derive(Debug, clap::Args)]
pub(super) struct Journal {
    #[command(subcommand)]
    what: What,
    /// The state folder; default: the one the configuration names
    #[arg(long, value_name = "DIR", global = true)]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check every line, and name the first bad one
    Verify,
    /// Write every event as a line of JSON
    Export,
}

impl Journal {
    /// Writes the report, or the lines.
    ///
    /// # Errors
    /// Exit 1 where a line is bad.
    pub(super) fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let state_dir = match &self.state_dir {
            Some(dir) => dir.clone(),
            None => super::socket::state_dir(config)?,
        };
        match self.what {
            What::Verify => verify(&state_dir, out),
            What::Export => export(&state_dir, out),
        }
    }
}

fn verify(_state_dir: &Path, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::failed("this build can not verify yet"))
}

fn export(_state_dir: &Path, _out: &mut dyn Write) -> Result<(), Failure> {
    Err(Failure::failed("this build can not export yet"))
}
