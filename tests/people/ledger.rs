//! Wrong PINs in the ledger: what survives kills, lost stores and dropped lines.

use crate::support::{TestClock, memory, notice, open, options, simfs::SimFs, unlike};
use proptest::prelude::*;
use std::{path::Path, sync::Arc};
use vietqr_edge::{
    clock::Clock,
    fs::Fs,
    ledger::{self, Command, Refused, Writer, store::MemoryStore},
};
use vietqr_edge_core::lockout::{Lockouts, Who};

const DIR: &str = "/state";

fn wrong(operator: &str, caller: &str) -> Command {
    let who = Who::new(operator, caller);
    Command::PinWrong { who, operator: Some(operator.into()), caller: caller.into() }
}

fn wait(writer: &Writer, clock: &TestClock, operator: &str, caller: &str) -> Option<u64> {
    writer.reader().pin_wait(Who::new(operator, caller), clock.now()).unwrap().map(|wait| wait.ms)
}

fn sim() -> (SimFs, Arc<dyn Fs>) {
    let disk = SimFs::default();
    (disk.clone(), Arc::new(disk))
}

#[test]
fn wrong_pins_are_counted_through_kills_and_lost_stores() {
    let clock = TestClock::new();
    let (mut disk, mut fs) = sim();
    let (mut index, _) = memory();
    for n in 1..=5 {
        let mut writer = open(&fs, &clock, Path::new(DIR), &MemoryStore::new(Arc::clone(&index)));
        assert_eq!(wait(&writer, &clock, "lan", "till"), None, "{n}");
        writer.commit(vec![wrong("lan", "till")]).unwrap();
        drop(writer);
        disk = disk.after_kill();
        fs = Arc::new(disk.clone());
        if n % 2 == 0 {
            index = memory().0;
        }
    }
    let writer = open(&fs, &clock, Path::new(DIR), &MemoryStore::new(Arc::clone(&index)));
    assert_eq!(wait(&writer, &clock, "lan", "till"), Some(300_000));
    assert_eq!(wait(&writer, &clock, "lan", "other"), None);
    let (again, store) = memory();
    let rebuilt = open(&(Arc::new(disk.after_kill()) as Arc<dyn Fs>), &clock, Path::new(DIR), &store);
    assert_eq!(wait(&rebuilt, &clock, "lan", "till"), Some(300_000));
    // Positions depend on where a start began to write.
    let differ: Vec<String> = unlike(&index, &again).into_iter().filter(|key| !key.starts_with('i')).collect();
    assert_eq!(differ, Vec::<String>::new());
}

#[test]
fn a_lock_outlives_the_lines_that_made_it() {
    let clock = TestClock::new();
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut options = options(Path::new(DIR));
    options.limits = ledger::Limits { segment_bytes: 2048, ..ledger::Limits::new(16, 30, 400) };
    let mut writer = ledger::open(options, Arc::clone(&fs), clock.clone() as Arc<dyn Clock>, &store).unwrap();
    for _ in 0..5 {
        writer.commit(vec![wrong("lan", "till")]).unwrap();
    }
    for n in 0..40 {
        writer.commit(vec![notice(&format!("FT{n}"), 1_000)]).unwrap();
    }
    drop(writer);
    let first = Path::new(DIR).join("journal/00000001.jsonl");
    let disk = disk.after_kill();
    disk.lose(&first);
    let fs: Arc<dyn Fs> = Arc::new(disk);
    let writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    assert_eq!(wait(&writer, &clock, "lan", "till"), Some(300_000), "from the snapshot of a later segment");
}

#[test]
fn on_a_full_disk_a_wrong_pin_is_not_recorded_and_the_caller_is_told() {
    let clock = TestClock::new();
    let (disk, fs) = sim();
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    writer.commit(vec![notice("FT1", 1_000)]).unwrap();
    disk.set_free(Some(0));
    assert_eq!(writer.commit(vec![wrong("lan", "till")]).unwrap(), [Err(Refused::DiskFull)]);
    disk.set_free(None);
    assert_eq!(writer.reader().counters().wrong_pins, 0);
}

#[test]
fn a_right_pin_without_wrong_ones_before_writes_nothing() {
    let clock = TestClock::new();
    let (_, fs) = sim();
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    writer.commit(vec![notice("FT1", 1_000), wrong("lan", "till")]).unwrap();
    let bytes = |writer: &Writer| writer.reader().disk().journal_bytes;
    let before = bytes(&writer);
    writer.commit(vec![Command::PinRight { who: Who::new("hoa", "till") }, Command::PinsSetBack]).unwrap();
    assert_eq!(bytes(&writer), before);
    writer.commit(vec![Command::PinRight { who: Who::new("lan", "till") }]).unwrap();
    assert!(bytes(&writer) > before);
    assert!(!writer.reader().pin_row(Who::new("lan", "till")).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_state_built_again_knows_the_same_wrong_pins(
        steps in prop::collection::vec((0..6u8, 0..3u8, 0..4_000_000i64, prop::bool::weighted(0.1)), 1..80),
    ) {
        let clock = TestClock::new();
        let (disk, fs) = sim();
        let (index, store) = memory();
        let mut writer = open(&fs, &clock, Path::new(DIR), &store);
        let mut plain = Lockouts::default();
        for (operator, caller, later, right) in steps {
            clock.forward(later);
            let (operator, caller) = (format!("operator {operator}"), format!("till {caller}"));
            let who = Who::new(&operator, &caller);
            let command = if right { Command::PinRight { who } } else { wrong(&operator, &caller) };
            if right { plain.right(who) } else { plain.wrong(who, clock.now()); }
            writer.commit(vec![command]).unwrap();
            prop_assert_eq!(writer.reader().pin_wait(who, clock.now()).unwrap(), plain.wait(who, clock.now()));
        }
        drop(writer);
        let (again, store) = memory();
        open(&(Arc::new(disk.after_kill()) as Arc<dyn Fs>), &clock, Path::new(DIR), &store);
        prop_assert_eq!(unlike(&index, &again), Vec::<String>::new());
    }
}
