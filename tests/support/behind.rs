//! A store that is written behind, over a model of sled: what waits is lost in a crash, and of what was written since sled was last
//! synced any number of batches may be.

use super::simfs::SimFs;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex},
};
use vietqr_edge::ledger::{
    index::{Batch, Index, IndexError, MemoryIndex, Pair, WriteBehind},
    store::Store,
};
use vietqr_edge_core::time::Timestamp;

pub type Dump = BTreeMap<Vec<u8>, Vec<u8>>;

/// What sled holds from some operation of the disk on.
struct Written {
    since: usize,
    held: Arc<Dump>,
    /// From when on it is that or a later state.
    synced: Option<usize>,
}

struct Model {
    disk: SimFs,
    held: MemoryIndex,
    written: Mutex<Vec<Written>>,
}

#[derive(Clone)]
struct Sled(Arc<Model>);

impl Sled {
    fn write(&self, batch: Batch) {
        self.0.held.apply(batch).unwrap();
        let held = Arc::new(self.0.held.dump());
        self.0.written.lock().unwrap().push(Written { since: self.0.disk.ops(), held, synced: None });
    }

    fn sync(&self) {
        let mut written = self.0.written.lock().unwrap();
        written.last_mut().unwrap().synced.get_or_insert(self.0.disk.ops());
    }
}

impl Index for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        self.0.held.get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        self.0.held.range(from, to, limit)
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        self.write(batch);
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        self.sync();
        Ok(())
    }
}

/// The store of a ledger on a disk.
pub struct Behind {
    sled: Sled,
    most: usize,
}

impl Behind {
    /// It holds this, durable; `most` bytes may wait.
    pub fn new(disk: &SimFs, held: &Dump, most: usize) -> Behind {
        let model = Model { disk: disk.clone(), held: MemoryIndex::default(), written: Mutex::default() };
        let sled = Sled(Arc::new(model));
        sled.write(held.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect());
        sled.sync();
        Behind { sled, most }
    }

    /// What sled holds, as a process that goes on sees it.
    pub fn held(&self) -> MemoryIndex {
        let held = MemoryIndex::default();
        held.apply(self.sled.0.held.dump().into_iter().map(|(key, value)| (key, Some(value))).collect()).unwrap();
        held
    }

    /// Every state that a crash behind the first `upto` operations of the disk may leave.
    pub fn left(&self, upto: usize) -> Vec<Arc<Dump>> {
        let written = self.sled.0.written.lock().unwrap();
        let synced = written.iter().rposition(|state| state.synced.is_some_and(|at| at < upto)).unwrap_or(0);
        let later = written[synced + 1..].iter().filter(|state| state.since <= upto);
        [&written[synced]].into_iter().chain(later).map(|state| Arc::clone(&state.held)).collect()
    }

    /// The same where sled's files may have lost what was synced, too.
    pub fn ever(&self, upto: usize) -> Vec<Arc<Dump>> {
        let written = self.sled.0.written.lock().unwrap();
        written.iter().filter(|state| state.since <= upto).map(|state| Arc::clone(&state.held)).collect()
    }
}

impl Store for Behind {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        Ok(Arc::new(WriteBehind::holding(self.sled.clone(), self.most)))
    }

    fn set_aside(&self, _now: Timestamp) -> io::Result<Option<String>> {
        self.sled.write(self.sled.0.held.dump().into_keys().map(|key| (key, None)).collect());
        self.sled.sync();
        Ok(Some("set-aside/model".into()))
    }
}
