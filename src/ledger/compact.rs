//! A store that grew by being changed is copied into one that holds what it holds.
//!
//! sled's file grows to several times what is in it, and at each start sled reads and moves whatever lies in the emptier parts: time,
//! flash and memory for nothing. So at a start the store is copied if its file has grown enough since it was copied last.
//!
//! Whatever is cut short leaves a whole store: the copy lies beside it until it is durable, then takes its place. It is not the truth
//! but the state, so in the worst case it is built again from the journal.

use super::index::{Index, IndexError, SledIndex, keys};
use crate::fs::Fs;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A file up to this length in bytes is left as it is.
const SMALL: u64 = 8 << 20;
/// So many times what it was after the last copy it may be.
const GROWN: u64 = 3;
/// Entries copied at once, and how often what was copied is made durable: sled must not have much that is not.
const PAGE: usize = 64;
const PAGES_A_SYNC: usize = 16;

/// Whether the store in a state folder has grown enough to be copied, and there is room for a copy.
pub fn has_grown(fs: &dyn Fs, state_dir: &Path) -> bool {
    Folders::new(state_dir).grown(fs)
}

/// Puts a copy of the store in its place. It takes memory for all that the store holds, some of it until the process ends: the daemon
/// has another process do it before it opens the store itself.
///
/// # Errors
/// What went wrong; the store is as it was, or away where even that could not be had.
pub fn copy(fs: &Arc<dyn Fs>, state_dir: &Path) -> Result<(), IndexError> {
    let folders = Folders::new(state_dir);
    folders.settle(&**fs).map_err(failed("can not be ended"))?;
    folders.copy(fs, SledIndex::open(Arc::clone(fs), &folders.store)?)
}

/// The store's folder, and those beside it while a copy is made.
pub(super) struct Folders {
    store: PathBuf,
    copy: PathBuf,
    old: PathBuf,
}

impl Folders {
    pub(super) fn new(state_dir: &Path) -> Folders {
        Folders { store: state_dir.join("state"), copy: state_dir.join("state.new"), old: state_dir.join("state.old") }
    }

    /// Ends a copy that was cut short: where the store is away its copy is whole, else the copy is not.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn settle(&self, fs: &dyn Fs) -> io::Result<()> {
        if !self.store.exists()
            && let Some(whole) = [&self.copy, &self.old].into_iter().find(|dir| dir.exists())
        {
            fs.rename(whole, &self.store)?;
            self.sync(fs)?;
        }
        remove(&self.copy)?;
        remove(&self.old)
    }

    fn grown(&self, fs: &dyn Fs) -> bool {
        let len = file_len(&self.store);
        let copied = fs::read_to_string(self.store.join(LEN)).ok().and_then(|text| text.parse::<u64>().ok());
        len > SMALL.max(copied.unwrap_or(0).saturating_mul(GROWN))
            && fs.free(&self.store).is_ok_and(|free| free.bytes > len.saturating_add(SMALL))
    }

    fn copy(&self, fs: &Arc<dyn Fs>, store: SledIndex) -> Result<(), IndexError> {
        let made = self.make(fs, &store);
        drop(store);
        if made.is_err() {
            remove(&self.copy).map_err(failed("can not be removed"))?;
            return made;
        }
        fs.rename(&self.store, &self.old).map_err(failed("can not take the store's place"))?;
        fs.rename(&self.copy, &self.store).map_err(failed("can not take the store's place"))?;
        self.sync(&**fs).map_err(failed("can not be made durable"))?;
        remove(&self.old).map_err(failed("has left the old store behind"))
    }

    fn make(&self, fs: &Arc<dyn Fs>, store: &SledIndex) -> Result<(), IndexError> {
        remove(&self.copy).map_err(failed("can not be removed"))?;
        let copy = SledIndex::open(Arc::clone(fs), &self.copy)?;
        let (mut from, mut pages) = (Vec::new(), 0);
        loop {
            // Keys begin with a letter.
            let page = store.range(&from, &[0xff], PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from = last.clone();
            from.push(0);
            copy.apply(page.into_iter().map(|(key, value)| (key, Some(value))).collect())?;
            pages += 1;
            if pages % PAGES_A_SYNC == 0 {
                copy.checkpoint()?;
            }
        }
        copy.checkpoint()?;
        if store.get(keys::META)? != copy.get(keys::META)? || store.has_failed() {
            return Err(IndexError("its copy is not what it is".into()));
        }
        drop(copy);
        let len = file_len(&self.copy);
        fs::write(self.copy.join(LEN), len.to_string()).map_err(failed("can not be written"))?;
        fs.sync_dir(&self.copy).map_err(failed("can not be made durable"))
    }

    fn sync(&self, fs: &dyn Fs) -> io::Result<()> {
        self.store.parent().map_or(Ok(()), |dir| fs.sync_dir(dir))
    }
}

/// The length of the file after the last copy, in bytes. Lost, it is copied once more.
const LEN: &str = "copied";

fn file_len(store: &Path) -> u64 {
    fs::metadata(store.join("db")).map_or(0, |file| file.len())
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> IndexError {
    move |error| IndexError(format!("a copy of it {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fs::RealFs,
        ledger::store::{SledStore, Store},
    };

    fn fs_() -> Arc<dyn Fs> {
        Arc::new(RealFs)
    }

    /// A store with many dead bytes, and all that is in it.
    fn grown(dir: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
        let index = SledIndex::open(fs_(), &dir.join("state")).unwrap();
        for round in 0..3u8 {
            for first in (0..20_000u32).step_by(50) {
                // In no order, as hashes come.
                let key = |n: u32| [b"k".as_slice(), &n.wrapping_mul(2_654_435_761).to_be_bytes()].concat();
                index.apply((first..first + 50).map(|n| (key(n), Some(vec![round; 200]))).collect()).unwrap();
            }
        }
        index.apply(vec![(keys::META.to_vec(), Some(b"meta".to_vec()))]).unwrap();
        index.checkpoint().unwrap();
        all(&index)
    }

    fn all(index: &dyn Index) -> Vec<(Vec<u8>, Vec<u8>)> {
        index.range(&[], &[0xff], usize::MAX).unwrap()
    }

    #[test]
    fn a_grown_store_is_copied_once_and_holds_what_it_held() {
        let dir = tempfile::tempdir().unwrap();
        let held = grown(dir.path());
        let folders = Folders::new(dir.path());
        let before = file_len(&folders.store);
        assert!(folders.grown(&RealFs), "{before} bytes");
        copy(&fs_(), dir.path()).unwrap();
        let index = SledStore::new(fs_(), dir.path()).open().unwrap();
        assert_eq!(all(&*index), held);
        let after = file_len(&folders.store);
        assert!(after * 4 < before * 3, "{before} bytes, then {after}");
        assert!(!folders.grown(&RealFs));
        assert!(!folders.copy.exists() && !folders.old.exists());
    }

    #[test]
    fn a_copy_that_is_cut_short_anywhere_leaves_a_whole_store() {
        let dir = tempfile::tempdir().unwrap();
        let held = grown(dir.path());
        let folders = Folders::new(dir.path());
        let opens_whole = || {
            let index = SledStore::new(fs_(), dir.path()).open().unwrap();
            assert_eq!(all(&*index), held);
            assert!(!folders.copy.exists() && !folders.old.exists());
        };
        // While the copy is written.
        fs::create_dir(&folders.copy).unwrap();
        fs::write(folders.copy.join("db"), b"half").unwrap();
        opens_whole();
        // Between the two renames.
        fs::rename(&folders.store, &folders.old).unwrap();
        let copy = SledIndex::open(fs_(), &folders.copy).unwrap();
        copy.apply(held.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()).unwrap();
        copy.checkpoint().unwrap();
        drop(copy);
        opens_whole();
        // Before the old one is gone.
        fs::create_dir(&folders.old).unwrap();
        fs::write(folders.old.join("db"), b"old").unwrap();
        opens_whole();
    }
}
