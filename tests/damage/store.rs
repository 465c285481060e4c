//! sled on a real disk, damaged in every way that was measured (DEPENDENCIES 2.5). The journal is whole, so nothing may be lost.

use crate::{
    examine::{Told, examine, say, start},
    run::{DIR, Run, notice, run},
    support::{
        TestClock, memory, open,
        simfs::{Chance, Seeded, SimFs},
    },
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Once, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::{
        Answer,
        index::{Batch, Index, IndexError, MemoryIndex, Pair, keys},
        store::{MemoryStore, SledStore, Store},
    },
};
use vietqr_edge_core::{payment::PaymentId, time::Timestamp};

fn real() -> Arc<dyn Fs> {
    Arc::new(RealFs)
}

/// In memory where the machine has such a place: what is tested is what files hold, not when they hold it.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A state folder that was written once, to be copied.
struct Template {
    files: Vec<(PathBuf, Vec<u8>)>,
    run: Run,
}

fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let dir = folder();
        let store = SledStore::new(real(), dir.path());
        let run = run(&real(), dir.path(), &store, 16, 5);
        fill(&store);
        Template { files: files(dir.path()), run }
    })
}

/// Makes the store as large as after ten thousand payments: sled judges its last segment more kindly than those before.
fn fill(store: &SledStore) {
    let index = store.open().unwrap();
    let mut chance = Seeded(1);
    for _ in 0..12 {
        let mut keys = || [vec![b"AK"[chance.below(2)]], chance.draw().to_be_bytes().repeat(2)].concat();
        index.apply((0..1000).map(|_| (keys(), Some(vec![7; 150]))).collect()).unwrap();
        index.checkpoint().unwrap();
    }
}

/// The files of a folder and the folders in it, by their path from there.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let (name, path) = entry.map(|entry| (PathBuf::from(entry.file_name()), entry.path())).unwrap();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            found.push((name, fs::read(path).unwrap()));
        }
    }
    found
}

fn write(files: &[(PathBuf, Vec<u8>)], dir: &Path) {
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Puts another store in the place of the one that is there.
fn replace_store(dir: &Path, files: &[(PathBuf, Vec<u8>)]) {
    fs::remove_dir_all(dir.join("state")).unwrap();
    write(files, &dir.join("state"));
}

fn copied() -> tempfile::TempDir {
    let dir = folder();
    write(&template().files, dir.path());
    dir
}

/// Damages a copy, opens it, and holds it against the run.
fn after(damage: impl FnOnce(&Path)) -> Told {
    let dir = copied();
    damage(&dir.path().join("state"));
    let told = examine(&real(), dir.path(), &SledStore::new(real(), dir.path()), &template().run);
    assert!(told.damaged.is_empty(), "the journal is whole: {told:?}");
    told
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// How much of sled's file was ever written.
fn used(db: &Path) -> usize {
    fs::read(db).unwrap().iter().rposition(|byte| *byte != 0).unwrap() + 1
}

/// Runs seeded cases, and prints how many built the state again. `DAMAGE_CASES` asks for more, `DAMAGE_SEED` for one of them.
fn cases(name: &str, seeds: u64, damage: fn(&mut Seeded, &Path)) {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let seeds = number("DAMAGE_CASES").unwrap_or(seeds);
    let mut rebuilt = 0;
    quiet();
    for seed in number("DAMAGE_SEED").map_or(0..seeds, |seed| seed..seed + 1) {
        let result = std::panic::catch_unwind(|| after(|state| damage(&mut Seeded(seed), state)));
        let told = result.unwrap_or_else(|_| panic!("{name}: replay with DAMAGE_SEED={seed}"));
        rebuilt += usize::from(!told.rebuilt.is_empty());
    }
    println!("{name}: {rebuilt} of {seeds} were built again");
}

/// sled's own panics are what is asked for here; their backtraces would hide the others.
pub fn quiet() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.location().is_some_and(|location| location.file().contains("/sled-0.34")) {
                before(panic);
            }
        }));
    });
}

#[test]
fn a_store_that_lost_its_tail_loses_nothing() {
    cases("tail", 45, |chance, state| {
        change(&state.join("db"), |bytes| {
            let len = 1 + chance.below(4096);
            let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            match chance.below(3) {
                0 => bytes.truncate(end - len),
                1 => bytes[end - len..end].fill(0),
                _ => bytes[end - len..end].fill_with(|| chance.draw() as u8),
            }
        });
    });
}

#[test]
fn a_store_cut_anywhere_loses_nothing() {
    cases("cut", 20, |chance, state| {
        let end = used(&state.join("db"));
        change(&state.join("db"), |bytes| bytes.truncate(chance.below(end)));
    });
}

#[test]
fn one_flipped_bit_anywhere_loses_nothing() {
    cases("flip", 60, |chance, state| {
        let end = used(&state.join("db"));
        change(&state.join("db"), |bytes| bytes[chance.below(end)] ^= 1 << chance.below(8));
    });
}

#[test]
fn one_zeroed_sector_anywhere_loses_nothing() {
    cases("sector", 40, |chance, state| {
        let end = used(&state.join("db"));
        change(&state.join("db"), |bytes| {
            let at = chance.below(end / 512) * 512;
            bytes[at..at + 512].fill(0);
        });
    });
}

#[test]
fn a_damaged_conf_or_snapshot_loses_nothing() {
    cases("conf and snap", 40, |chance, state| {
        let names: Vec<PathBuf> = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path()).collect();
        let mut small: Vec<_> = names.into_iter().filter(|path| path.is_file() && !path.ends_with("db")).collect();
        small.sort();
        let path = &small[chance.below(small.len())];
        match chance.below(4) {
            0 => fs::remove_file(path).unwrap(),
            1 => change(path, Vec::clear),
            2 => change(path, |bytes| bytes.truncate(chance.below(bytes.len()))),
            _ => change(path, |bytes| {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }),
        }
    });
}

#[test]
fn a_store_that_is_not_there_or_is_something_else_is_built_again() {
    let told = after(|state| fs::remove_dir_all(state).unwrap());
    assert_eq!((told.rebuilt.len(), &told.rebuilt[0].set_aside), (1, &None));
    let told = after(|state| change(&state.join("db"), |bytes| bytes.fill(0x5a)));
    assert_eq!(told.rebuilt.len(), 1, "sled takes it for an empty file");
    let something_else: [fn(&Path); 3] = [
        |state| {
            fs::remove_dir_all(state).unwrap();
            fs::write(state, b"a file").unwrap();
        },
        |state| fs::write(state.join("suspect"), b"").unwrap(),
        |state| {
            fs::remove_file(state.join("db")).unwrap();
            fs::create_dir(state.join("db")).unwrap();
        },
    ];
    for damage in something_else {
        let told = after(damage);
        assert_eq!(told.rebuilt.len(), 1, "{told:?}");
        assert!(told.rebuilt[0].set_aside.is_some(), "what was there is kept for people: {told:?}");
    }
}

#[test]
fn a_store_that_is_behind_goes_on_from_there_and_says_nothing() {
    let dir = folder();
    let store = SledStore::new(real(), dir.path());
    run(&real(), dir.path(), &store, 3, 2);
    let before = files(&dir.path().join("state"));
    let mut writer = open(&real(), &TestClock::new(), dir.path(), &store);
    let answers = writer.commit((0..30).map(|n| notice(&format!("LATER{n}"))).collect()).unwrap();
    let Ok(Answer::Booked(first)) = answers[0] else { panic!("{answers:?}") };
    writer.commit(vec![say(first)]).unwrap();
    drop(writer);
    replace_store(dir.path(), &before);
    let mut writer = open(&real(), &TestClock::new(), dir.path(), &store);
    assert!(!writer.has_untold());
    assert_eq!(writer.commit(vec![notice("LATER0")]).unwrap(), [Ok(Answer::Repeat(first))]);
    assert!(writer.commit(vec![say(first)]).unwrap()[0].is_err());
}

#[test]
fn a_store_of_another_journal_or_of_a_later_day_is_set_aside() {
    let other = folder();
    let store = SledStore::new(real(), other.path());
    let mut options = crate::support::options(other.path());
    options.fresh_journal = "ffffffff".into();
    let mut writer = vietqr_edge::ledger::open(options, real(), TestClock::new(), &store).unwrap();
    writer.commit(vec![notice("STRANGE")]).unwrap();
    writer.checkpoint().unwrap();
    drop(writer);
    let other = files(&other.path().join("state"));
    let told = after(|state| replace_store(state.parent().unwrap(), &other));
    assert!(told.rebuilt[0].reason.contains("another journal"), "{told:?}");

    let later = copied();
    let store = SledStore::new(real(), later.path());
    let mut writer = open(&real(), &TestClock::new(), later.path(), &store);
    writer.commit(vec![notice("LATER")]).unwrap();
    writer.checkpoint().unwrap();
    drop(writer);
    let dir = copied();
    replace_store(dir.path(), &files(&later.path().join("state")));
    let mut writer = start(&real(), dir.path(), &SledStore::new(real(), dir.path()));
    let events = writer.reader().events(template().run.last, 10).unwrap();
    let names: Vec<_> = events.iter().map(|event| event.event.name()).collect();
    assert_eq!(names[..2], ["store.rebuilt", "journal.damaged"]);
    assert!(events[0].seq > template().run.last + 1, "the number that the store had seen is used again");
    let answers = writer.commit(vec![notice("LATER")]).unwrap();
    assert!(matches!(answers[0], Ok(Answer::Booked(_))), "it is not in the journal, so it is not known: {answers:?}");
}

#[test]
fn what_was_half_built_is_not_taken_for_the_state() {
    let dir = copied();
    let store = SledStore::new(real(), dir.path());
    let index = store.open().unwrap();
    // What a rebuild that was killed leaves: entries, and nothing that says where they stand.
    index.apply(vec![(keys::META.to_vec(), None)]).unwrap();
    index.checkpoint().unwrap();
    drop(index);
    let told = examine(&real(), dir.path(), &store, &template().run);
    assert_eq!(told.rebuilt.len(), 1, "{told:?}");
}

/// A store that fails from some moment on, for whoever reads it.
#[derive(Default)]
struct Failing {
    store: MemoryIndex,
    fails: AtomicBool,
    /// Fails once it has said where it stands.
    after_meta: AtomicBool,
    failed: AtomicBool,
}

impl Failing {
    fn called(&self) -> Result<&MemoryIndex, IndexError> {
        if self.fails.load(Ordering::Relaxed) {
            self.failed.store(true, Ordering::Relaxed);
            return Err(IndexError("a page can not be read".into()));
        }
        Ok(&self.store)
    }
}

impl Index for Failing {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let found = self.called()?.get(key);
        if self.after_meta.load(Ordering::Relaxed) {
            self.fails.store(true, Ordering::Relaxed);
        }
        found
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>, IndexError> {
        self.called()?.range(from, to, limit)
    }

    fn apply(&self, batch: Batch) -> Result<(), IndexError> {
        self.called()?.apply(batch)
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        self.called()?.checkpoint()
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

/// Opens as the failing store once, as an empty one after it was set aside.
struct FailingOnce {
    failing: Arc<Failing>,
    then: MemoryStore,
    set_aside: AtomicBool,
}

impl Store for FailingOnce {
    fn open(&self) -> Result<Arc<dyn Index>, IndexError> {
        if self.set_aside.load(Ordering::Relaxed) { self.then.open() } else { Ok(Arc::clone(&self.failing) as _) }
    }

    fn set_aside(&self, _now: Timestamp) -> io::Result<Option<String>> {
        self.set_aside.store(true, Ordering::Relaxed);
        Ok(None)
    }
}

fn failing() -> FailingOnce {
    FailingOnce { failing: Arc::default(), then: memory().1, set_aside: AtomicBool::new(false) }
}

#[test]
fn a_store_that_a_reader_finds_broken_ends_the_writer() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::default());
    let store = failing();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT1")]).unwrap();
    store.failing.fails.store(true, Ordering::Relaxed);
    assert!(writer.reader().payments(None, 10).is_err());
    store.failing.fails.store(false, Ordering::Relaxed);
    assert!(writer.commit(vec![]).is_err(), "it goes on with a store that fails");
}

#[test]
fn a_store_that_fails_while_lines_are_applied_is_built_again_in_the_same_start() {
    let disk = SimFs::default();
    let fs: Arc<dyn Fs> = Arc::new(disk.clone());
    let store = failing();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT1")]).unwrap();
    drop(writer);
    // It still says where it stands, and fails at the next thing it is asked.
    store.failing.after_meta.store(true, Ordering::Relaxed);
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    assert_eq!(writer.commit(vec![notice("FT1")]).unwrap(), [Ok(Answer::Repeat(PaymentId(1)))]);
    let events = writer.reader().events(1, 10).unwrap();
    assert!(matches!(&events[..], [one] if one.event.name() == "store.rebuilt"), "{events:?}");
}

#[test]
fn an_undamaged_store_is_taken_as_it_is() {
    assert_eq!(after(|_| {}), Told::default());
}
