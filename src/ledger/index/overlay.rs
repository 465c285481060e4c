//! A group's own changes over the store, so that each command of the group sees what the ones before it did.

use super::{Batch, Index, IndexError, Look, Pair, changes::Changes};

/// Changes not yet made.
pub struct Overlay<'a> {
    under: &'a dyn Index,
    changes: Changes,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    pub fn new(under: &'a dyn Index) -> Overlay<'a> {
        Overlay { under, changes: Changes::default() }
    }

    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.set(key, Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.set(key, None);
    }

    /// Up to `limit` entries with keys in `from..to`, ascending, with the changes made.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        self.changes.range(self.under, from, to, limit)
    }

    /// How many keys change.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Nothing changes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The changes, to be made together.
    pub fn into_batch(self) -> Batch {
        self.changes.into_batch()
    }
}

impl Look for Overlay<'_> {
    fn look(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        match self.changes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.under.get(key),
        }
    }

    fn look_first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        self.changes.first(self.under, from, to)
    }
}
