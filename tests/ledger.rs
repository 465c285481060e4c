//! The ledger's own rules, through its public interface.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{path::Path, process::Command as Process, sync::Arc};
use support::{TestClock, memory, notice, open, receive, simfs::SimFs, unlike};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::{
        Answer, Command, Refused, Speech, compact,
        index::{Index, SledIndex},
        store::{SledStore, Store},
    },
};
use vietqr_edge_core::{
    event::{Event, Kind, Reason, SkipReason},
    payment::{Age, PaymentId},
};

fn sim() -> (SimFs, Arc<dyn Fs>) {
    let disk = SimFs::default();
    (disk.clone(), Arc::new(disk))
}

const DIR: &str = "/state";

#[test]
fn a_payment_is_booked_once_and_a_repeat_only_counts() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    let answers = writer.commit(vec![notice("FT1", 25_000), notice("FT1", 25_000), notice("FT2", 10_000)]).unwrap();
    let id = PaymentId(1);
    assert_eq!(answers, [Ok(Answer::Booked(id)), Ok(Answer::Repeat(id)), Ok(Answer::Booked(PaymentId(2)))]);
    let payments = writer.reader().payments(None, 10).unwrap();
    assert_eq!(payments.len(), 2);
    assert_eq!((payments[0].repeats, payments[0].payment.amount.0, payments[0].speech), (1, 25_000, Speech::Due));
    let counters = writer.reader().counters();
    assert_eq!((counters.credits, counters.repeats, counters.credited.0), (2, 1, 35_000));
}

#[test]
fn a_group_is_one_line_and_one_sync() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT0", 1)]).unwrap();
    let before = disk.syncs();
    writer.commit((1..=40).map(|n| notice(&format!("FT{n}"), n)).collect()).unwrap();
    assert_eq!(disk.syncs() - before, 1);
}

#[test]
fn a_payment_is_announced_at_most_once_and_ends_as_told() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let clock = TestClock::new();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store);
    writer.commit(vec![notice("FT1", 25_000), notice("FT2", 5_000)]).unwrap();
    let start = |payments: Vec<PaymentId>| Command::AnnounceStart { payments, kind: Kind::Fresh, sentence: "x".into() };
    let answers = writer.commit(vec![start(vec![PaymentId(1)]), start(vec![PaymentId(1)])]).unwrap();
    assert_eq!(answers, [Ok(Answer::Recorded(3)), Err(Refused::NotDue(PaymentId(1)))]);
    let due = writer.reader().due(Age::Fresh, 10).unwrap();
    assert_eq!(due.iter().map(|due| due.payment).collect::<Vec<_>>(), [PaymentId(2)]);
    clock.forward(2000);
    writer.commit(vec![Command::AnnounceFinish { started: 3, took_ms: 1800 }]).unwrap();
    let view = writer.reader().payment(PaymentId(1)).unwrap().unwrap();
    assert!(matches!(view.speech, Speech::Finished(begun, ended) if ended.millis_since(begun) == 1800));
    writer
        .commit(vec![Command::AnnounceSkip {
            payments: vec![PaymentId(1), PaymentId(2)],
            reason: SkipReason::QuietHours,
        }])
        .unwrap();
    assert!(matches!(writer.reader().payment(PaymentId(2)).unwrap().unwrap().speech, Speech::Skipped(_)));
    assert!(matches!(writer.reader().payment(PaymentId(1)).unwrap().unwrap().speech, Speech::Finished(..)));
}

#[test]
fn what_is_not_booked_is_kept_counted_and_told_once_a_minute() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let clock = TestClock::new();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store);
    for _ in 0..50 {
        let answers = writer.commit(vec![receive(b"{half".to_vec())]).unwrap();
        assert_eq!(answers, [Ok(Answer::Quarantined(Reason::Unparsable))]);
    }
    let told = |writer: &vietqr_edge::ledger::Writer| -> Vec<u64> {
        let events = writer.reader().events(0, 100).unwrap();
        events
            .iter()
            .filter_map(|e| match &e.event {
                Event::MessageQuarantined(q) => Some(q.count),
                _ => None,
            })
            .collect()
    };
    assert_eq!(told(&writer), [1]);
    assert_eq!(writer.reader().counters().quarantined[&Reason::Unparsable], 50);
    clock.forward(60_000);
    writer.commit(vec![]).unwrap();
    assert_eq!(told(&writer), [1, 49]);
    assert_eq!(writer.reader().counters().quarantined[&Reason::Unparsable], 50);
}

#[test]
fn what_was_counted_and_not_told_is_told_after_a_restart() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit((0..9).map(|_| receive(b"{half".to_vec())).collect()).unwrap();
    writer.commit((0..9).map(|_| receive(b"{half".to_vec())).collect()).unwrap();
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &memory().1);
    assert_eq!(writer.reader().counters().quarantined[&Reason::Unparsable], 18);
    writer.commit(vec![]).unwrap();
    assert_eq!(writer.reader().counters().quarantined[&Reason::Unparsable], 18);
}

#[test]
fn nothing_is_stored_or_acknowledged_on_a_full_disk_and_all_of_it_when_there_is_room() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT1", 1)]).unwrap();
    disk.set_free(Some(100_000));
    assert_eq!(
        writer.commit(vec![notice("FT2", 2), receive(b"{".to_vec())]).unwrap(),
        [Err(Refused::DiskFull), Err(Refused::DiskFull)]
    );
    assert!(writer.reader().disk().full);
    disk.set_free(None);
    assert_eq!(writer.commit(vec![notice("FT2", 2)]).unwrap(), [Ok(Answer::Booked(PaymentId(2)))]);
}

#[test]
fn a_failed_sync_ends_the_writer_and_nothing_is_answered() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT1", 1)]).unwrap();
    disk.fail_sync(true);
    assert!(writer.commit(vec![notice("FT2", 2)]).is_err());
    assert_eq!(writer.reader().payments(None, 10).unwrap().len(), 1, "what is not durable is not shown");
}

#[test]
fn the_state_built_again_is_the_state_that_was() {
    let (disk, fs) = sim();
    let (index, store) = memory();
    let clock = TestClock::new();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store);
    for n in 0..60u64 {
        writer
            .commit(vec![
                notice(&format!("FT{n}"), n + 1),
                notice(&format!("FT{}", n / 2), n / 2 + 1),
                receive(b"x".to_vec()),
            ])
            .unwrap();
        let due = writer.reader().due(Age::Fresh, 1).unwrap();
        let payments = due.iter().map(|due| due.payment).collect();
        let started =
            writer.commit(vec![Command::AnnounceStart { payments, kind: Kind::Fresh, sentence: "x".into() }]).unwrap();
        let Ok(Answer::Recorded(started)) = started[0] else { panic!() };
        if n % 3 != 0 {
            writer.commit(vec![Command::AnnounceFinish { started, took_ms: 5 }]).unwrap();
        }
        clock.forward(1000);
    }
    assert!(disk.paths().iter().filter(|path| path.starts_with("/state/journal")).count() > 3, "several segments");
    let (again, empty) = memory();
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    drop(open(&fs, &clock, Path::new(DIR), &empty));
    assert_eq!(unlike(&index, &again), Vec::<String>::new());
}

#[test]
fn with_sled_on_a_real_disk_a_restart_resumes_and_a_lost_store_is_built_again() {
    let dir = tempfile::tempdir().unwrap();
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let clock = TestClock::new();
    let store = SledStore::new(Arc::clone(&fs), dir.path());
    {
        let mut writer = open(&fs, &clock, dir.path(), &store);
        writer.commit(vec![notice("FT1", 25_000), notice("FT2", 10_000)]).unwrap();
    }
    {
        let mut writer = open(&fs, &clock, dir.path(), &store);
        assert_eq!(writer.commit(vec![notice("FT1", 25_000)]).unwrap(), [Ok(Answer::Repeat(PaymentId(1)))]);
        assert!(!writer.has_untold(), "nothing to tell after an ordinary restart");
    }
    assert!(store.set_aside(vietqr_edge_core::time::Timestamp::from_secs(1)).unwrap().is_some());
    let mut writer = open(&fs, &clock, dir.path(), &store);
    assert_eq!(writer.commit(vec![notice("FT2", 10_000)]).unwrap(), [Ok(Answer::Repeat(PaymentId(2)))]);
    let events = writer.reader().events(0, 10).unwrap();
    assert!(events.iter().any(|e| matches!(&e.event, Event::StoreRebuilt(r) if r.lines == 2)), "{events:?}");
}

#[test]
fn a_kill_before_sled_wrote_anything_is_no_loss_of_the_store() {
    let (disk, fs) = sim();
    let (index, store) = memory();
    let clock = TestClock::new();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store);
    let begun = index.dump();
    writer.commit(vec![notice("FT1", 25_000)]).unwrap();
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let (as_begun, store) = memory();
    as_begun.apply(begun.into_iter().map(|(key, value)| (key, Some(value))).collect()).unwrap();
    let writer = open(&fs, &clock, Path::new(DIR), &store);
    assert!(!writer.has_untold(), "nothing to tell");
    assert_eq!(writer.reader().payments(None, 10).unwrap().len(), 1);
}

#[test]
fn a_store_that_grew_is_copied_by_a_process_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let index = SledIndex::open(Arc::clone(&fs), &dir.path().join("state")).unwrap();
    let key = |n: u32| [b"k".as_slice(), &n.wrapping_mul(2_654_435_761).to_be_bytes()].concat();
    for first in (0..60_000u32).step_by(50) {
        let batch = (first..first + 50).map(|n| (key(n % 20_000), Some(n.to_be_bytes().repeat(50))));
        index.apply(batch.collect()).unwrap();
    }
    index.checkpoint().unwrap();
    let held = index.range(&[], &[0xff], usize::MAX).unwrap();
    drop(index);
    assert!(compact::has_grown(&RealFs, dir.path()));
    let copied = Process::new(env!("CARGO_BIN_EXE_vietqr-edge")).arg("copy-store").arg(dir.path()).status().unwrap();
    assert!(copied.success());
    assert!(!compact::has_grown(&RealFs, dir.path()));
    let index = SledIndex::open(fs, &dir.path().join("state")).unwrap();
    assert!(index.range(&[], &[0xff], usize::MAX).unwrap() == held, "all of it, and nothing else");
}
