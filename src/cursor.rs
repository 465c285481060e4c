//! How far each outlet has come: `cursors.json`, replaced atomically, at most once a second. A lost or older one means that events are
//! delivered again.

use crate::fs::{self, Fs};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The shortest time between two writes, in milliseconds.
const WRITE_EVERY_MS: u64 = 1_000;
/// The file is a few names and numbers.
const MOST_BYTES: u64 = 64 * 1024;

/// The cursors of all outlets; cheap to clone.
#[derive(Clone)]
pub struct Cursors(Arc<Inner>);

struct Inner {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursors: BTreeMap<String, u64>,
    written_ms: Option<u64>,
    dirty: bool,
}

impl Cursors {
    /// From the state folder; none where the file is missing or can not be read.
    pub fn open(fs: Arc<dyn Fs>, state_dir: &Path) -> Cursors {
        let path = state_dir.join("cursors.json");
        let cursors = read(&*fs, &path).unwrap_or_default();
        let state = Mutex::new(State { cursors, ..State::default() });
        Cursors(Arc::new(Inner { fs, path, state }))
    }

    /// Number of the last event that this outlet has delivered.
    pub fn get(&self, outlet: &str) -> Option<u64> {
        self.state().cursors.get(outlet).copied()
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<String, u64> {
        self.state().cursors.clone()
    }

    /// This outlet has delivered up to `seq`. Written where the last write is a second ago.
    pub fn set(&self, outlet: &str, seq: u64, now_ms: u64) {
        let mut state = self.state();
        state.dirty |= state.cursors.insert(outlet.to_owned(), seq) != Some(seq);
        let due = state.written_ms.is_none_or(|last| now_ms.saturating_sub(last) >= WRITE_EVERY_MS);
        if state.dirty && due {
            state.written_ms = Some(now_ms);
            self.write(&mut state);
        }
    }

    /// Writes what was not written yet.
    pub fn flush(&self) {
        let mut state = self.state();
        if state.dirty {
            self.write(&mut state);
        }
    }

    fn write(&self, state: &mut State) {
        let bytes = serde_json::to_vec(&state.cursors).unwrap_or_default();
        match fs::replace(&*self.0.fs, &self.0.path, &bytes) {
            Ok(()) => state.dirty = false,
            // Events are delivered again after the next start, which every receiver can take.
            Err(error) => tracing::warn!(%error, "cursors.json can not be written"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(fs: &dyn Fs, path: &Path) -> io::Result<BTreeMap<String, u64>> {
    vietqr_edge_core::json::from_bytes(&fs::read_whole(fs, path, MOST_BYTES)?).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::RealFs;

    #[test]
    fn a_cursor_is_written_at_most_once_a_second_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Cursors::open(Arc::new(RealFs), dir.path());
        let cursors = open();
        assert_eq!(cursors.get("a"), None);
        cursors.set("a", 1, 0);
        cursors.set("a", 2, 999);
        assert_eq!((cursors.get("a"), open().get("a")), (Some(2), Some(1)));
        cursors.set("a", 2, 1_000);
        assert_eq!(open().get("a"), Some(2));
        cursors.set("b", 7, 1_001);
        cursors.flush();
        assert_eq!(open().all(), BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 7)]));
    }

    #[test]
    fn a_file_that_can_not_be_read_is_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("cursors.json"), "{\"a\":").unwrap();
        assert_eq!(Cursors::open(Arc::new(RealFs), dir.path()).all(), BTreeMap::new());
    }
}
