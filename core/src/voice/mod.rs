//! Amounts and sentences in Vietnamese (voice.md). The sentences are a contract, to the letter.

#[cfg(test)]
mod examples;
mod quiet;
#[cfg(test)]
mod read_back;
mod sentence;
mod words;

pub use quiet::{Quiet, QuietError};
pub use sentence::Sentence;
pub use words::words;

use serde::{Deserialize, Serialize};

/// Whose words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// linh, nghìn.
    #[default]
    North,
    /// lẻ, ngàn.
    South,
}
