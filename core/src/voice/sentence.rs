//! Every sentence that the device says.

use super::Dialect;
use crate::money::Dong;

/// A sentence of voice.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// Money in, no bill open for it.
    Received(Dong),
}

impl Sentence {
    /// The words, to the letter: NFC, single spaces, no final full stop.
    pub fn text(&self, _dialect: Dialect) -> String {
        todo!("sentences")
    }
}
