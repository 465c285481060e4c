//! A group's own changes over the store, so that each command of the group sees what the ones before it did.

use super::{Batch, Index, IndexError, Look, Pair};
use std::{collections::BTreeMap, ops::Bound};

/// Changes not yet made.
pub struct Overlay<'a> {
    under: &'a dyn Index,
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    pub fn new(under: &'a dyn Index) -> Overlay<'a> {
        Overlay { under, changes: BTreeMap::new() }
    }

    /// Sets a key.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Up to `limit` entries with keys in `from..to`, ascending, with the changes made.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let changed = || self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let removed = changed().filter(|(_, value)| value.is_none()).count();
        let mut merged: BTreeMap<_, _> =
            self.under.range(from, to, limit.saturating_add(removed))?.into_iter().map(|(k, v)| (k, Some(v))).collect();
        for (key, value) in changed() {
            merged.insert(key.clone(), value.clone());
        }
        Ok(merged.into_iter().filter_map(|(k, v)| v.map(|v| (k, v))).take(limit).collect())
    }

    /// How many keys change.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes, to be made together.
    pub fn into_batch(self) -> Batch {
        self.changes.into_iter().collect()
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
        if from >= to {
            return Ok(None);
        }
        let mut under = self.under.look_first(from, to)?;
        while let Some((key, _)) = &under
            && matches!(self.changes.get(key), Some(None))
        {
            // Rare: what is first there is removed here.
            let next = [key, &[0][..]].concat();
            under = self.under.look_first(&next, to)?;
        }
        let mut changed = self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let changed = changed.find_map(|(key, value)| Some((key.clone(), value.clone()?)));
        Ok(match (under, changed) {
            (Some(under), Some(changed)) => Some(if changed.0 <= under.0 { changed } else { under }),
            (under, changed) => changed.or(under),
        })
    }
}
