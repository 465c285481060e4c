//! Whether the ledger and the link make progress. Each is asked for a sign of life, and answers where its own loop goes round.
//!
//! A flash card may stall for half a minute in a sync, and the ledger waits for it: that is no illness before [`DISK_MS`]. The time that the
//! ledger spends outside calls to the disk while it owes an answer is its own, and more than [`OWN_MS`] of it is a defect of ours. No
//! network is no illness: the link's loop goes round without one.

use crate::{clock::Clock, ledger::AtDisk};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Longest time that an answer may be owed, calls to the disk aside, in milliseconds.
pub const OWN_MS: u64 = 60_000;
/// Longest time that the ledger may owe an answer at all, in milliseconds.
pub const DISK_MS: u64 = 300_000;
/// A call to the disk that takes longer is told, in milliseconds.
const TOLD_MS: u64 = 5_000;

/// What must make progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The ledger's thread.
    Ledger,
    /// The link's loop.
    Link,
}

/// The judgement. Clones share it.
#[derive(Clone)]
pub struct Health {
    clock: Arc<dyn Clock>,
    at_disk: AtDisk,
    owed: Arc<Mutex<[Option<Owed>; 2]>>,
}

/// A sign of life that was asked for and has not come.
#[derive(Clone, Copy)]
struct Owed {
    since_ms: u64,
    /// What the disk had taken by then, in milliseconds.
    spent_ms: u64,
}

impl Health {
    /// Nothing is owed yet.
    pub fn new(clock: Arc<dyn Clock>, at_disk: AtDisk) -> Health {
        Health { clock, at_disk, owed: Arc::default() }
    }

    /// A sign of life is asked for; asked for again, it is owed since the first time.
    pub fn asked(&self, part: Part) {
        let owed = Owed { since_ms: self.clock.monotonic_ms(), spent_ms: self.at_disk.spent_ms() };
        self.lock()[part as usize].get_or_insert(owed);
    }

    /// It came.
    pub fn answered(&self, part: Part) {
        self.lock()[part as usize] = None;
    }

    /// `Ok` while both make progress.
    ///
    /// # Errors
    /// Which does not, and since when, in a sentence.
    pub fn judge(&self) -> Result<(), String> {
        let (now_ms, spent_ms) = (self.clock.monotonic_ms(), self.at_disk.spent_ms());
        let [ledger, link] = *self.lock();
        if let Some(Owed { since_ms, spent_ms: before }) = ledger {
            let owed = now_ms.saturating_sub(since_ms);
            let own = owed.saturating_sub(spent_ms.saturating_sub(before));
            if own > OWN_MS {
                return Err(format!("the ledger has made no progress for {} s, and not for the disk", owed / 1000));
            }
            if owed > DISK_MS {
                return Err(format!("the ledger has waited for the disk for {} s: is it broken?", owed / 1000));
            }
        }
        if let Some(Owed { since_ms, .. }) = link {
            let owed = now_ms.saturating_sub(since_ms);
            if owed > OWN_MS {
                return Err(format!("the link has made no progress for {} s", owed / 1000));
            }
        }
        Ok(())
    }

    /// For how many seconds the ledger has waited for the disk, where that is worth telling.
    pub fn stalled_s(&self) -> Option<u64> {
        self.at_disk.waiting_ms().filter(|ms| *ms >= TOLD_MS).map(|ms| ms / 1000)
    }

    fn lock(&self) -> MutexGuard<'_, [Option<Owed>; 2]> {
        // The holders only assign; a panic in one leaves nothing half done.
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
