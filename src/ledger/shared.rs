//! What the writer publishes and readers see.

use super::{
    index::Index,
    reserve,
    ring::Untold,
    view::{Disk, Identity},
};
use crate::fs::{Free, Fs};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;
use vietqr_edge_core::event::Reason;

/// Shared between the writer and all readers.
pub struct Shared {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) index: Arc<dyn Index>,
    pub(super) journal_dir: PathBuf,
    pub(super) identity: Identity,
    pub(super) accounts: Vec<String>,
    committed: watch::Sender<u64>,
    disk: Mutex<Disk>,
    untold: Mutex<BTreeMap<Reason, u64>>,
}

impl Shared {
    pub(super) fn new(
        fs: Arc<dyn Fs>,
        index: Arc<dyn Index>,
        journal_dir: PathBuf,
        identity: Identity,
        accounts: Vec<String>,
        last: u64,
        disk: Disk,
    ) -> Shared {
        let (committed, untold) = (watch::Sender::new(last), Mutex::default());
        Shared { fs, index, journal_dir, identity, accounts, committed, disk: Mutex::new(disk), untold }
    }

    /// Number of the last committed event.
    pub(super) fn last(&self) -> u64 {
        *self.committed.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    pub(super) fn disk(&self) -> Disk {
        *lock(&self.disk)
    }

    pub(super) fn untold(&self) -> BTreeMap<Reason, u64> {
        lock(&self.untold).clone()
    }

    /// A line of `bytes` was committed; its segment is `len` long now.
    pub(super) fn committed(&self, last: u64, _len: u64, bytes: u64) {
        lock(&self.disk).journal_bytes += bytes;
        self.committed.send_replace(last);
    }

    /// A segment was begun and is `len` long.
    pub(super) fn begun(&self, len: u64) {
        let mut disk = lock(&self.disk);
        disk.segments += 1;
        disk.journal_bytes += len;
    }

    /// A segment was removed.
    pub(super) fn removed(&self, bytes: u64) {
        let mut disk = lock(&self.disk);
        disk.segments = disk.segments.saturating_sub(1);
        disk.journal_bytes = disk.journal_bytes.saturating_sub(bytes);
    }

    pub(super) fn set_free(&self, free: Free, full: bool) {
        let mut disk = lock(&self.disk);
        let Free { bytes: free_bytes, files: free_files } = free;
        let low = reserve::low(free, disk.low);
        if low && !disk.low && !full {
            tracing::warn!(
                free_bytes,
                free_files,
                "the disk is nearly full: soon nothing will be stored or acknowledged"
            );
        }
        if full != disk.full {
            if full {
                tracing::error!(
                    free_bytes,
                    free_files,
                    "the disk is full: nothing is stored or acknowledged until there is room"
                );
            } else {
                tracing::info!(free_bytes, free_files, "there is room on the disk again");
            }
        }
        (disk.free_bytes, disk.free_files, disk.low, disk.full) = (free_bytes, free_files, low, full);
    }

    pub(super) fn set_untold(&self, untold: &Untold) {
        let mut counts = lock(&self.untold);
        counts.clear();
        counts.extend(untold.0.iter().map(|(reason, (count, _))| (*reason, *count)));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The holders only assign numbers; a panic in one leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
