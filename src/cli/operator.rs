//! `operator hash`: a PIN becomes what the configuration keeps of it.

use super::{failure::Failure, pin};
use crate::pin::PinHash;
use std::io::Write;

/// Make what the configuration needs of a person who may refund
#[derive(Debug, clap::Args)]
pub(super) struct Operator {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read a PIN of 4 to 12 digits, from the terminal or a line from standard input, and print its hash for `pin_hash`
    Hash,
}

impl Operator {
    /// Reads, and writes the hash.
    ///
    /// # Errors
    /// Exit 1 where there is no PIN that will do.
    pub(super) fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let What::Hash = self.what;
        let pin = pin::read_new()?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|e| Failure::failed(format!("there is no randomness for the salt: {e}")))?;
        writeln!(out, "{}", PinHash::new(&pin, salt).expose())?;
        Ok(())
    }
}
