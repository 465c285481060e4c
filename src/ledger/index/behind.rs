//! A store that is written behind: what is applied waits in memory and is seen by all, until a checkpoint or its bound.
//!
//! The journal has what waits, so a crash costs nothing but applying it again. A payment's entries change three or four times within
//! seconds (booked, said, ended); so the store, which writes an entry anew with each change, writes them once.
//!
//! What is written is synced before more is: of more than a segment that is not synced, sled may find a part after a power cut and take
//! it for the whole.

use super::{
    Batch, Index, IndexError, Pair,
    changes::{self, Changes},
};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// So much may wait, in bytes.
const MOST: usize = 384 * 1024;

/// A store with what is not written to it yet.
pub struct WriteBehind<I> {
    under: I,
    most: usize,
    waiting: RwLock<Changes>,
    /// Held while the store is written, so that what is applied meanwhile waits for the next time.
    writing: Mutex<()>,
}

impl<I: Index> WriteBehind<I> {
    /// Nothing waits.
    pub fn new(under: I) -> WriteBehind<I> {
        WriteBehind::holding(under, MOST)
    }

    /// The same where `most` bytes may wait.
    pub fn holding(under: I, most: usize) -> WriteBehind<I> {
        WriteBehind { under, most, waiting: RwLock::default(), writing: Mutex::default() }
    }

    fn waiting(&self) -> RwLockReadGuard<'_, Changes> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits, and syncs it. Meanwhile all of it is still seen.
    fn write(&self) -> Result<(), IndexError> {
        let bytes = {
            // Only `apply` waits for this lock, and that waits for `writing` before it.
            let waiting = self.waiting();
            if waiting.len() > 0 {
                self.under.apply_from(&mut waiting.iter())?;
            }
            waiting.bytes()
        };
        *self.waiting.write().unwrap_or_else(PoisonError::into_inner) = Changes::default();
        if bytes > MOST / 4 {
            crate::memory::trim();
        }
        self.under.checkpoint()
    }
}

impl<I: Index> Index for WriteBehind<I> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let waiting = self.waiting().get(key).cloned();
        waiting.map_or_else(|| self.under.get(key), Ok)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        // No lock is held while the store is read: that may take as long as the disk likes.
        let waiting = self.waiting().part(from, to, limit);
        waiting.range(&self.under, from, to, limit)
    }

    fn first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        let change = self.waiting().first_change(from, to);
        changes::first(change, &self.under, from, to, || self.range(from, to, 1))
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let full = {
            let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
            for (key, value) in batch {
                waiting.set(key, value);
            }
            waiting.bytes() > self.most
        };
        if full { self.write() } else { Ok(()) }
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.write()
    }

    fn has_failed(&self) -> bool {
        self.under.has_failed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MemoryIndex, *};
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// It may be written only where all that was written is synced.
    #[derive(Default)]
    struct Synced {
        held: MemoryIndex,
        unsynced: AtomicBool,
    }

    impl Index for Synced {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
            self.held.get(key)
        }

        fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
            self.held.range(from, to, limit)
        }

        fn apply(&self, batch: Batch) -> Result<(), IndexError> {
            assert!(!self.unsynced.swap(true, Ordering::Relaxed), "written twice without a sync between");
            self.held.apply(batch)
        }

        fn checkpoint(&self) -> Result<(), IndexError> {
            self.unsynced.store(false, Ordering::Relaxed);
            Ok(())
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Apply(Batch),
        Checkpoint,
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..4, 1..3)
    }

    fn step() -> impl Strategy<Value = Step> {
        let value = prop::option::of(prop_oneof![Just(1usize), Just(MOST / 3)].prop_map(|len| vec![7; len]));
        prop_oneof![
            4 => prop::collection::vec((key(), value), 0..4).prop_map(Step::Apply),
            1 => Just(Step::Checkpoint),
        ]
    }

    proptest! {
        #[test]
        fn what_waits_is_seen_and_is_written_whole_or_not_at_all(
            steps in prop::collection::vec(step(), 0..20),
            ranges in prop::collection::vec((key(), key(), prop_oneof![1usize..4, Just(usize::MAX)]), 8),
        ) {
            let (store, model) = (WriteBehind::new(Synced::default()), MemoryIndex::default());
            let mut states = vec![model.dump()];
            for step in steps {
                match step {
                    Step::Apply(batch) => {
                        store.apply(batch.clone()).unwrap();
                        model.apply(batch).unwrap();
                        states.push(model.dump());
                    }
                    Step::Checkpoint => {
                        store.checkpoint().unwrap();
                        prop_assert_eq!(store.under.held.dump(), model.dump());
                    }
                }
                prop_assert!(store.waiting().bytes() <= MOST);
                // A crash leaves the store as it was after one of the batches.
                prop_assert!(states.contains(&store.under.held.dump()));
                for (from, to, limit) in &ranges {
                    prop_assert_eq!(store.get(from).unwrap(), model.get(from).unwrap());
                    prop_assert_eq!(store.range(from, to, *limit).unwrap(), model.range(from, to, *limit).unwrap());
                    prop_assert_eq!(store.first(from, to).unwrap(), model.first(from, to).unwrap());
                }
            }
        }
    }
}
