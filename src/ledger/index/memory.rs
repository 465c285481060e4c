//! A store in memory, for tests that open thousands of states.

use super::{Batch, Index, IndexError, Pair};
use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryIndex {
    fn map(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything in it.
    pub fn dump(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.map().clone()
    }
}

impl Index for MemoryIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.map().get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        Ok(self.map().range::<[u8], _>(bounds).take(limit).map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        let mut map = self.map();
        for (key, value) in batch {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
