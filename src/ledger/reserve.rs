//! Room kept aside. A full disk stops writing long before its last byte; the reserve is what lets the next start open the store and
//! begin a segment.

use crate::fs::{Free, Fs};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Under this nothing is written, in bytes: room for sled's next segment and its snapshot.
pub const HEADROOM_BYTES: u64 = 2 << 20;
/// Under this nothing is written, in files.
pub const HEADROOM_FILES: u64 = 16;
/// Room for the outcome of a refund, in bytes: a line of the journal, and what sled makes of it.
pub const OUTCOME_BYTES: u64 = 1 << 20;
/// Size of the reserve in bytes.
pub const RESERVE_BYTES: u64 = 4 << 20;

/// Whether there is room to write.
pub fn roomy(free: Free) -> bool {
    free.bytes >= HEADROOM_BYTES && free.files >= HEADROOM_FILES
}

/// Whether there is room to write, and to write the outcome of a refund behind it when nothing else is written any more.
pub fn roomy_for_outcome(free: Free) -> bool {
    free.bytes >= HEADROOM_BYTES + OUTCOME_BYTES && free.files >= HEADROOM_FILES
}

/// Whether the outcome of a refund can be written where nothing else is: the headroom is for this.
pub fn outcome_fits(free: Free) -> bool {
    free.bytes >= OUTCOME_BYTES
}

/// The reserve's file.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("reserve")
}

/// At a start: gives the reserve back where there is no room, makes it where there is plenty. Says whether it was given back.
///
/// # Errors
/// As the system says; a start goes on without a reserve.
pub fn settle(fs: &dyn Fs, state_dir: &Path) -> io::Result<bool> {
    let path = path(state_dir);
    let free = fs.free(state_dir)?;
    let held = fs.read(&path).and_then(|file| file.len()).unwrap_or(0);
    if !roomy(free) {
        fs.remove(&path)?;
        return Ok(held > 0);
    }
    if held < RESERVE_BYTES && free.bytes > 4 * (HEADROOM_BYTES + RESERVE_BYTES) {
        let mut file = fs.create(&path)?;
        let zeros = vec![0; 64 * 1024];
        for _ in 0..RESERVE_BYTES / zeros.len() as u64 {
            file.append(&zeros)?;
        }
        file.sync()?;
        fs.sync_dir(state_dir)?;
    }
    Ok(false)
}
