//! sled's file after a power cut between a write and its sync: any of the pages that were written may be on the disk.

use crate::{
    store::folder,
    support::simfs::{Chance, Seeded},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge::{
    fs::RealFs,
    ledger::index::{Index, IndexError, SledIndex},
};

const PAGE: usize = 4096;
/// Entries of some 250 bytes: as much as is ever written at once.
const ENTRIES: u32 = 1500;

fn open(dir: &Path) -> Result<SledIndex, IndexError> {
    SledIndex::open(Arc::new(RealFs), dir)
}

/// Every entry gets this value, in one batch.
fn write(index: &SledIndex, value: u8) {
    let key = |n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes().to_vec();
    index.apply((0..ENTRIES).map(|n| (key(n), Some(vec![value; 250]))).collect()).unwrap();
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap()));
    files.map(|(path, bytes)| (path.file_name().unwrap().into(), bytes)).collect()
}

/// The values in a store after a cut: `None` where sled opens no store, or an empty one, so that it is built again.
fn after_cut(seed: u64, batches: u8) -> Option<BTreeSet<u8>> {
    let mut chance = Seeded(seed);
    let dir = folder();
    let index = open(&dir.path().join("state")).unwrap();
    for value in 1..=1 + chance.below(4) as u8 {
        write(&index, value);
    }
    index.checkpoint().unwrap();
    let synced = files(&dir.path().join("state"));
    (0..batches).for_each(|n| write(&index, 100 + n));
    // They are handed to the system, and the cut comes before it was asked to sync them.
    index.checkpoint().unwrap();
    let written = files(&dir.path().join("state"));
    drop(index);
    let cut = dir.path().join("cut");
    fs::create_dir(&cut).unwrap();
    let share = [1, 10, 50, 90, 100][chance.below(5)];
    for (name, bytes) in written {
        let mut left = synced.iter().find(|(known, _)| *known == name).map_or(vec![], |(_, bytes)| bytes.clone());
        left.resize(bytes.len(), 0);
        for (to, from) in left.chunks_mut(PAGE).zip(bytes.chunks(PAGE)) {
            if chance.below(100) < share {
                to.copy_from_slice(from);
            }
        }
        fs::write(cut.join(name), left).unwrap();
    }
    let held = open(&cut).and_then(|index| index.range(&[0], &[0xff; 5], usize::MAX)).ok()?;
    let values: BTreeSet<u8> = held.iter().map(|(_, value)| value[0]).collect();
    assert!(held.is_empty() || held.len() == ENTRIES as usize, "seed {seed}: {} entries", held.len());
    (!values.is_empty()).then_some(values)
}

#[test]
fn a_batch_of_which_any_pages_arrived_is_there_whole_or_not_at_all() {
    crate::store::quiet();
    for seed in 0..60 {
        let values = after_cut(seed, 1);
        assert!(values.as_ref().is_none_or(|values| values.len() == 1), "seed {seed}: {values:?}");
    }
}
