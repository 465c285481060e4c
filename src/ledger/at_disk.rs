//! Whether the ledger's thread waits for the disk: what tells a flash card that stalls from a thread that is stuck.
//!
//! The writer's file system and store are wrapped, readers' are not: they run on other threads.

use super::index::{Batch, Index, IndexError, Pair};
use crate::{
    clock::Clock,
    fs::{Entry, File, Free, Fs, ReadAt},
};
use std::{
    any::Any,
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The time that one thread has spent in calls to the disk. Clones share it.
#[derive(Clone)]
pub struct AtDisk {
    clock: Arc<dyn Clock>,
    spent: Arc<Mutex<Spent>>,
}

#[derive(Default)]
struct Spent {
    /// Calls that have ended, in milliseconds.
    ended_ms: u64,
    /// When the call began that has not ended.
    since_ms: Option<u64>,
}

impl AtDisk {
    /// Nothing was spent yet.
    pub fn new(clock: Arc<dyn Clock>) -> AtDisk {
        AtDisk { clock, spent: Arc::default() }
    }

    /// Milliseconds spent in calls so far, the one under way included.
    pub fn spent_ms(&self) -> u64 {
        let now_ms = self.clock.monotonic_ms();
        let spent = self.lock();
        spent.ended_ms + spent.since_ms.map_or(0, |since| now_ms.saturating_sub(since))
    }

    /// How long the call under way has taken, in milliseconds; `None` where there is none.
    pub fn waiting_ms(&self) -> Option<u64> {
        let now_ms = self.clock.monotonic_ms();
        self.lock().since_ms.map(|since| now_ms.saturating_sub(since))
    }

    /// A file system whose calls are counted here.
    pub(super) fn fs(&self, fs: Arc<dyn Fs>) -> Arc<dyn Fs> {
        Arc::new(Watched { inner: fs, at: self.clone() })
    }

    /// A store whose calls are counted here.
    pub(super) fn index(&self, index: Arc<dyn Index>) -> Arc<dyn Index> {
        Arc::new(Watched { inner: index, at: self.clone() })
    }

    fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        self.lock().since_ms = Some(self.clock.monotonic_ms());
        // Dropped also where the call panics.
        let _call = Call(self);
        call()
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Call<'a>(&'a AtDisk);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let now_ms = self.0.clock.monotonic_ms();
        let mut spent = self.0.lock();
        let took = spent.since_ms.take().map_or(0, |since| now_ms.saturating_sub(since));
        spent.ended_ms += took;
    }
}

struct Watched<T> {
    inner: T,
    at: AtDisk,
}

impl<T> Watched<T> {
    fn wrap<U>(&self, inner: U) -> Box<Watched<U>> {
        Box::new(Watched { inner, at: self.at.clone() })
    }
}

impl Fs for Watched<Arc<dyn Fs>> {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.at.call(|| self.inner.create_dir(dir))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.at.call(|| self.inner.list(dir))
    }

    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>> {
        let file = self.at.call(|| self.inner.append(path, create))?;
        Ok(self.wrap(file))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = self.at.call(|| self.inner.create(path))?;
        Ok(self.wrap(file))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        let file = self.at.call(|| self.inner.read(path))?;
        Ok(self.wrap(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.at.call(|| self.inner.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.at.call(|| self.inner.remove(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.at.call(|| self.inner.sync_dir(dir))
    }

    fn free(&self, dir: &Path) -> io::Result<Free> {
        self.at.call(|| self.inner.free(dir))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send>> {
        self.at.call(|| self.inner.lock(path))
    }
}

impl File for Watched<Box<dyn File>> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Watched { inner, at } = self;
        at.call(|| inner.append(bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        let Watched { inner, at } = self;
        at.call(|| inner.sync())
    }
}

impl ReadAt for Watched<Box<dyn ReadAt>> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.at.call(|| self.inner.read_at(offset, buffer))
    }

    fn len(&self) -> io::Result<u64> {
        self.at.call(|| self.inner.len())
    }
}

impl Index for Watched<Arc<dyn Index>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.at.call(|| self.inner.get(key))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        self.at.call(|| self.inner.range(from, to, limit))
    }

    fn first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        self.at.call(|| self.inner.first(from, to))
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        self.at.call(|| self.inner.apply(batch))
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        self.at.call(|| self.inner.checkpoint())
    }

    fn has_failed(&self) -> bool {
        self.inner.has_failed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use vietqr_edge_core::time::Timestamp;

    struct At(AtomicU64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(0)
        }
        fn monotonic_ms(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn a_call_counts_while_it_lasts_and_afterwards() {
        let clock = Arc::new(At(AtomicU64::new(100)));
        let at = AtDisk::new(clock.clone());
        assert_eq!((at.spent_ms(), at.waiting_ms()), (0, None));
        at.call(|| {
            clock.0.fetch_add(30, Ordering::Relaxed);
            assert_eq!((at.spent_ms(), at.waiting_ms()), (30, Some(30)));
        });
        clock.0.fetch_add(1000, Ordering::Relaxed);
        assert_eq!((at.spent_ms(), at.waiting_ms()), (30, None));
    }

    #[test]
    fn a_call_that_panics_has_ended() {
        let at = AtDisk::new(Arc::new(At(AtomicU64::new(0))));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| at.call(|| panic!("sled does"))));
        assert!(panicked.is_err() && at.waiting_ms().is_none());
    }
}
