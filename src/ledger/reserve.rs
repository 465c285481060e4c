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
/// Under this the disk is nearly full, in bytes.
pub const LOW_BYTES: u64 = 16 << 20;
/// Under this the disk is nearly full, in files.
pub const LOW_FILES: u64 = 128;
/// Room for the outcome of a refund, in bytes: a line of the journal, and what sled makes of it.
pub const OUTCOME_BYTES: u64 = 1 << 20;
/// Size of the reserve in bytes.
pub const RESERVE_BYTES: u64 = 4 << 20;
/// Places of the reserve for files: sled makes some when it opens, the socket is one.
pub const RESERVE_FILES: u64 = 8;

/// Whether there is room to write.
pub fn roomy(free: Free) -> bool {
    free.bytes >= HEADROOM_BYTES && free.files >= HEADROOM_FILES
}

/// Whether the disk is nearly full. Once it `was`, only with a quarter more room it is no longer: it is not said at each file that comes
/// and goes.
pub fn low(free: Free, was: bool) -> bool {
    let more = |least: u64| if was { least + least / 4 } else { least };
    free.bytes < more(LOW_BYTES) || free.files < more(LOW_FILES)
}

/// Whether there is room to write, and to write the outcome of a refund behind it when nothing else is written any more.
pub fn roomy_for_outcome(free: Free) -> bool {
    free.bytes >= HEADROOM_BYTES + OUTCOME_BYTES && free.files >= HEADROOM_FILES
}

/// Whether the outcome of a refund can be written where nothing else is: the headroom is for this. Files make no difference: it goes
/// into the segment that is there.
pub fn outcome_fits(free: Free) -> bool {
    free.bytes >= OUTCOME_BYTES
}

/// The reserve's file.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("reserve")
}

/// Empty files that keep the place of those that a start makes.
fn places(state_dir: &Path) -> impl Iterator<Item = PathBuf> + use<'_> {
    (1..=RESERVE_FILES).map(|n| state_dir.join(format!("reserve.{n}")))
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
        for path in places(state_dir).chain([path]) {
            fs.remove(&path)?;
        }
        return Ok(held > 0);
    }
    if free.bytes <= 4 * (HEADROOM_BYTES + RESERVE_BYTES) || free.files <= 4 * (HEADROOM_FILES + RESERVE_FILES) {
        return Ok(false);
    }
    let missing: Vec<PathBuf> = places(state_dir).filter(|place| fs.read(place).is_err()).collect();
    if held < RESERVE_BYTES {
        let mut file = fs.create(&path)?;
        let zeros = vec![0; 64 * 1024];
        for _ in 0..RESERVE_BYTES / zeros.len() as u64 {
            file.append(&zeros)?;
        }
        file.sync()?;
    }
    for place in &missing {
        fs.create(place)?;
    }
    if held < RESERVE_BYTES || !missing.is_empty() {
        fs.sync_dir(state_dir)?;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u64 = u64::MAX;

    #[test]
    fn no_room_for_files_is_no_room() {
        assert!(!roomy(Free { bytes: PLENTY, files: HEADROOM_FILES - 1 }));
        assert!(!roomy_for_outcome(Free { bytes: PLENTY, files: HEADROOM_FILES - 1 }));
        assert!(roomy(Free { bytes: HEADROOM_BYTES, files: HEADROOM_FILES }));
    }

    #[test]
    fn it_is_told_early_and_not_at_each_file_that_comes_and_goes() {
        for (free, was, expected) in [
            (Free { bytes: LOW_BYTES, files: LOW_FILES }, false, false),
            (Free { bytes: LOW_BYTES - 1, files: PLENTY }, false, true),
            (Free { bytes: PLENTY, files: LOW_FILES - 1 }, false, true),
            (Free { bytes: LOW_BYTES, files: PLENTY }, true, true),
            (Free { bytes: LOW_BYTES * 2, files: LOW_FILES }, true, true),
            (Free { bytes: LOW_BYTES * 2, files: LOW_FILES * 2 }, true, false),
        ] {
            assert_eq!(low(free, was), expected, "{free:?}, {was}");
        }
    }
}
