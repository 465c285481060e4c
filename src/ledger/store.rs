//! Where the store lives, and how a broken one is put aside.

use super::index::{Index, IndexError, MemoryIndex, SledIndex, WriteBehind};
use super::{compact, retention};
use crate::fs::Fs;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::time::Timestamp;

/// A store that can be opened, and replaced by an empty one.
pub trait Store {
    /// Opens it, or creates an empty one.
    ///
    /// # Errors
    /// [`IndexError`] where it can not be used.
    fn open(&self) -> Result<Arc<dyn Index>, IndexError>;

    /// Moves it out of the way; where it lies now, relative to the state folder, if there was one.
    ///
    /// # Errors
    /// As the system says.
    fn set_aside(&self, now: Timestamp) -> io::Result<Option<String>>;
}

/// sled in `state/`.
pub struct SledStore {
    fs: Arc<dyn Fs>,
    state_dir: PathBuf,
}

impl SledStore {
    /// In this state folder.
    pub fn new(fs: Arc<dyn Fs>, state_dir: &Path) -> SledStore {
        SledStore { fs, state_dir: state_dir.to_owned() }
    }
}

/// Broken stores kept for people to look at.
const KEPT_ASIDE: usize = 2;

impl Store for SledStore {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        let folders = compact::Folders::new(&self.state_dir);
        folders.settle(&*self.fs).map_err(|error| IndexError(format!("what lies beside it: {error}")))?;
        let index = SledIndex::open(Arc::clone(&self.fs), &self.state_dir.join("state"))?;
        Ok(Arc::new(WriteBehind::new(index)))
    }

    fn set_aside(&self, now: Timestamp) -> io::Result<Option<String>> {
        let from = self.state_dir.join("state");
        if !from.exists() {
            return Ok(None);
        }
        let aside = self.state_dir.join("set-aside");
        self.fs.create_dir(&aside)?;
        retention::thin_set_aside(&aside, KEPT_ASIDE - 1)?;
        // Two in one millisecond, or a clock that stands still, must not meet.
        let mut name = format!("state-{}", now.millis());
        while aside.join(&name).exists() {
            name.push('+');
        }
        self.fs.rename(&from, &aside.join(&name))?;
        self.fs.sync_dir(&self.state_dir)?;
        self.fs.sync_dir(&aside)?;
        Ok(Some(format!("set-aside/{name}")))
    }
}

/// A store in memory, for tests: the one given first; an empty one after it was set aside.
pub struct MemoryStore(std::sync::Mutex<Option<Arc<MemoryIndex>>>);

impl MemoryStore {
    /// Opens as this one until it is set aside.
    pub fn new(index: Arc<MemoryIndex>) -> MemoryStore {
        MemoryStore(std::sync::Mutex::new(Some(index)))
    }
}

impl Store for MemoryStore {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        let mut held = self.0.lock().map_err(|_| IndexError("a test panicked".into()))?;
        Ok(Arc::clone(held.get_or_insert_default()) as _)
    }

    fn set_aside(&self, _now: Timestamp) -> io::Result<Option<String>> {
        let held = self.0.lock().map(|mut held| held.take());
        Ok(held.ok().flatten().map(|_| "set-aside/memory".into()))
    }
}
