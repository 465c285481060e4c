//! sled 0.34 behind [`Index`]: it panics on most damage, so every call is fenced; it is not durable by itself, so a checkpoint
//! syncs its file; it is never the only copy.

use super::{Batch, Change, Index, IndexError, Pair, drowsy::drowsy};
use crate::fs::Fs;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Never changed: sled keeps it in its `conf` and refuses another.
const SEGMENT_BYTES: usize = 512 * 1024;
/// In bytes on disk; memory is some four times that.
const CACHE_BYTES: u64 = 1 << 20;
/// What was applied is flushed at each checkpoint; this is for what sled does by itself: it cleans up, and syncs even where nothing is new.
const FLUSH_EVERY_MS: u64 = 5000;
/// A larger value would become a file of its own that sled never syncs.
pub const VALUE_MAX: usize = 4096;
/// Its lock outlives its last handle by up to 13 ms, measured.
const LOCK_TRIES: u32 = 100;

/// The store on disk.
pub struct SledIndex {
    db: sled::Db,
    tree: sled::Tree,
    file: PathBuf,
    suspect: AtomicBool,
    mark: PathBuf,
    fs: std::sync::Arc<dyn Fs>,
}

impl SledIndex {
    /// Opens or creates the store in `dir`.
    ///
    /// # Errors
    /// [`IndexError`] where sled errs or panics, or the last process marked it suspect.
    pub fn open(fs: std::sync::Arc<dyn Fs>, dir: &Path) -> Result<SledIndex, IndexError> {
        let mark = dir.join("suspect");
        if fs.read(&mark).is_ok() {
            return Err(IndexError("it failed in the last run".into()));
        }
        let mut tries = 0;
        let db = loop {
            let config = sled::Config::new()
                .path(dir)
                .segment_size(SEGMENT_BYTES)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(Some(FLUSH_EVERY_MS))
                .mode(sled::Mode::LowSpace);
            let opened = drowsy(|| fenced(|| config.open()));
            match opened {
                Err(error) if error.0.contains("could not acquire lock") && tries < LOCK_TRIES => {
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(10));
                }
                other => break other?,
            }
        };
        let tree = drowsy(|| fenced(|| db.open_tree("state")))?;
        Ok(SledIndex { db, tree, file: dir.join("db"), suspect: AtomicBool::new(false), mark, fs })
    }

    /// Runs a call; an error or panic marks the store for rebuilding at the next start.
    fn guarded<T>(&self, call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, IndexError> {
        fenced(call).inspect_err(|_| {
            if !self.suspect.swap(true, Ordering::Relaxed) {
                // If even this can not be written, the next open fails or panics too and rebuilds.
                let _ = self.fs.create(&self.mark).and_then(|mut file| file.sync());
            }
        })
    }
}

/// Turns a panic of sled into an error.
fn fenced<T>(call: impl FnOnce() -> Result<T, sled::Error>) -> Result<T, IndexError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| IndexError(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(IndexError(format!("sled panicked: {}", text.unwrap_or("without a message"))))
        }
    }
}

fn pair((key, value): (sled::IVec, sled::IVec)) -> Pair {
    (key.to_vec(), value.to_vec())
}

impl Index for SledIndex {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.guarded(|| Ok(self.tree.get(key)?.map(|value| value.to_vec())))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.guarded(|| self.tree.range(from..to).take(limit).map(|entry| entry.map(pair)).collect())
    }

    fn first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        if from >= to {
            return Ok(None);
        }
        self.guarded(|| self.tree.range(from..to).next().map(|entry| entry.map(pair)).transpose())
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        self.apply_from(&mut batch.iter().map(|(key, value)| (key.as_slice(), value.as_deref())))
    }

    fn apply_from(&self, changes: &mut dyn Iterator<Item = Change<'_>>) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) if value.len() > VALUE_MAX => {
                    return Err(IndexError(format!("a value of {} bytes is larger than {VALUE_MAX}", value.len())));
                }
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        drowsy(|| self.guarded(|| self.tree.apply_batch(batch)))
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        drowsy(|| self.guarded(|| self.db.flush()))?;
        // sled's flush hands the pages to the kernel but syncs neither the file's size nor the device's cache.
        self.fs
            .append(&self.file, false)
            .and_then(|mut file| file.sync())
            .map_err(|error| IndexError(format!("its file can not be synced: {error}")))
    }

    fn has_failed(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }
}
