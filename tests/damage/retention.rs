//! The bounds: what is dropped is told first, the folder stays inside them, and what is still open outlives its segment.

use crate::{
    run::{DIR, notice},
    store::folder,
    support::{
        MORNING, TestClock,
        behind::{Behind, Dump},
        dump, memory, options, receive,
        simfs::{Exhaustive, Op, SimFs, after_cut},
    },
};
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};
use vietqr_edge::{
    clock::Clock,
    fs::{Fs, RealFs},
    ledger::{
        self, Answer, Command, Incoming, Limits, Writer, retention,
        store::{SledStore, Store},
    },
};
use vietqr_edge_core::{
    event::{ClockCorrected, Event, JournalDropped, Reason},
    payment::{Age, PaymentId},
    time::Timestamp,
};

fn open(fs: &Arc<dyn Fs>, clock: &Arc<TestClock>, dir: &Path, store: &dyn Store, limits: Limits) -> Writer {
    let mut options = options(dir);
    options.limits = limits;
    ledger::open(options, Arc::clone(fs), Arc::clone(clock) as Arc<dyn Clock>, store).unwrap()
}

/// Room for some 4 segments of 4 KB beside the bodies.
fn small() -> Limits {
    Limits { segment_bytes: 4096, disk_bytes: 24 << 10, raw_days: 30, ledger_days: 400 }
}

fn dropped(writer: &Writer) -> Vec<JournalDropped> {
    let events = writer.reader().events(writer.reader().oldest() - 1, 100_000).unwrap();
    events.into_iter().filter_map(|e| if let Event::JournalDropped(d) = e.event { Some(d) } else { None }).collect()
}

fn segments(disk: &SimFs) -> Vec<String> {
    let names = disk.paths().into_iter().filter(|path| path.starts_with("/state/journal"));
    names.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// A payment made and heard of now.
fn paid(clock: &TestClock, reference: &str, content: &str) -> Command {
    let now = clock.now();
    let vietnam = Timestamp::from_secs(now.secs() + 7 * 3600).to_string();
    let (year, month, day, time) = (&vietnam[..4], &vietnam[5..7], &vietnam[8..10], &vietnam[11..19]);
    let body = format!(
        r#"{{"bankAccount":"1234567890","amount":5000,"transType":"C","referenceNumber":"{reference}","content":"{content}","status":1,"timePaid":"{day}/{month}/{year} {time}"}}"#
    );
    match receive(body.into_bytes()) {
        Command::Receive(incoming) => Command::Receive(Incoming { received_at: now, ..incoming }),
        other => other,
    }
}

/// Books `count` payments, one a commit, and says each.
fn fill(writer: &mut Writer, clock: &TestClock, count: usize, name: &str) {
    for n in 0..count {
        let answers = writer.commit(vec![paid(clock, &format!("{name}{n}"), "x")]).unwrap();
        let Ok(Answer::Booked(id)) = answers[0] else { panic!("{answers:?}") };
        writer.commit(vec![crate::examine::say(id)]).unwrap();
        clock.forward(1000);
    }
}

fn simulated() -> (SimFs, Arc<dyn Fs>, Arc<TestClock>) {
    let disk = SimFs::default();
    (disk.clone(), Arc::new(disk), TestClock::new())
}

#[test]
fn a_segment_goes_only_after_the_journal_says_so_and_what_is_gone_is_refused() {
    let (disk, fs, clock) = simulated();
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, small());
    fill(&mut writer, &clock, 60, "FT");
    let log = disk.log();
    let mut told = None;
    let mut gone = 0;
    for op in &log {
        match op {
            Op::Write { bytes, .. } if String::from_utf8_lossy(bytes).contains("journal.dropped") => told = Some(false),
            Op::SyncFile { .. } => told = told.map(|_| true),
            Op::Unlink { path }
                if path.extension().is_some_and(|ext| ext == "jsonl") && path.starts_with("/state/journal") =>
            {
                assert_eq!(told, Some(true), "{} goes before that is durable", path.display());
                gone += 1;
            }
            _ => {}
        }
    }
    assert!(gone >= 3, "{gone} segments went");
    let reader = writer.reader();
    let oldest = reader.oldest();
    assert!(oldest > 1 && reader.events(oldest - 2, 10).is_err());
    assert_eq!(reader.events(oldest - 1, 1).unwrap()[0].seq, oldest);
    assert_eq!(reader.payments(None, 1000).unwrap()[0].id.0, oldest.max(reader.payments(None, 1).unwrap()[0].id.0));
    let all = dropped(&writer);
    assert!(all.windows(2).all(|pair| pair[1].first == pair[0].last + 1), "{all:?}");
}

#[test]
fn what_was_dropped_is_forgotten_and_too_old_to_be_booked_again() {
    let (_, fs, clock) = simulated();
    let (index, store) = memory();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store, small());
    let (first, last) = (paid(&clock, "FT0", "x"), |clock: &TestClock| paid(clock, "FT59", "x"));
    fill(&mut writer, &clock, 60, "FT");
    let counts = |kind: u8| dump(&index).keys().filter(|key| key[0] == kind).count();
    let held = writer.reader().payments(None, 1000).unwrap().len();
    assert!(held < 40 && counts(b'k') == held && counts(b'a') == held, "{held} payments, {} keys", counts(b'k'));
    assert!(writer.reader().find("FT0").unwrap().is_empty());
    let answers = writer.commit(vec![first, last(&clock)]).unwrap();
    assert_eq!(answers[0], Ok(Answer::Quarantined(Reason::TooOld)));
    assert!(matches!(answers[1], Ok(Answer::Repeat(_))));
}

#[test]
fn a_drop_that_was_cut_short_is_finished_at_the_next_start() {
    let (disk, fs, clock) = simulated();
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, small());
    fill(&mut writer, &clock, 60, "FT");
    drop(writer);
    let log = disk.log();
    let cuts = log.iter().enumerate().filter(|(_, op)| {
        matches!(op, Op::Unlink { path } if path.starts_with("/state/journal") && path.extension().unwrap() == "jsonl")
    });
    for (cut, op) in cuts {
        let Op::Unlink { path } = op else { unreachable!() };
        let disk = after_cut(&log, cut, &mut Exhaustive::default());
        assert!(disk.contents(path).is_some());
        let fs: Arc<dyn Fs> = Arc::new(disk.clone());
        let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, small());
        assert!(disk.contents(path).is_none(), "{} is still there", path.display());
        writer.commit(vec![]).unwrap();
        let names: Vec<_> = writer.reader().events(writer.reader().oldest() - 1, 1000).unwrap();
        assert!(names.iter().all(|e| e.event.name() != "journal.damaged"), "what was dropped is not damage");
    }
}

#[test]
fn a_cut_anywhere_while_segments_go_leaves_nothing_of_them_in_the_store() {
    for waits in [0, 8 << 10, 1 << 20] {
        let (disk, fs, clock) = simulated();
        let store = Behind::new(&disk, &Dump::new(), waits);
        let mut writer = open(&fs, &clock, Path::new(DIR), &store, small());
        fill(&mut writer, &clock, 60, "FT");
        let booked = writer.reader().payments(None, 1000).unwrap().last().unwrap().id;
        drop(writer);
        let log = disk.log();
        // What a segment that goes brings about, and some of what is between.
        let goes = |op: &Op| matches!(op, Op::Unlink { path } if path.starts_with("/state/journal"));
        let near = |upto: usize| log[upto.saturating_sub(4)..(upto + 3).min(log.len())].iter().any(goes);
        for upto in (0..=log.len()).filter(|upto| near(*upto) || upto % 50 == 0) {
            let mut chance = Exhaustive::default();
            let cut = after_cut(&log, upto, &mut chance);
            for held in store.left(upto) {
                let disk = cut.after_kill();
                let store = Behind::new(&disk, &held, waits);
                let fs: Arc<dyn Fs> = Arc::new(disk);
                let mut writer = open(&fs, &clock, Path::new(DIR), &store, small());
                writer.commit(vec![]).unwrap();
                let events = writer.reader().events(writer.reader().oldest() - 1, 10_000).unwrap();
                assert!(events.iter().all(|e| !["journal.damaged", "store.rebuilt"].contains(&e.event.name())));
                // Whatever was left half gone is gone for good with the next one that goes.
                fill(&mut writer, &clock, 25, &format!("AGAIN{upto}-"));
                writer.checkpoint().unwrap();
                let payments = writer.reader().payments(None, 1000).unwrap();
                assert!(upto < log.len() || payments.iter().any(|view| view.id == booked));
                let held: BTreeSet<_> = payments.iter().map(|view| view.payment.reference_number.clone()).collect();
                assert_eq!(held.len(), payments.len(), "a payment is there twice");
                let keys = dump(&store.held());
                let counts = |kind: u8| keys.keys().filter(|key| key[0] == kind).count();
                assert_eq!((counts(b'k'), counts(b'a')), (held.len(), held.len()), "keys after a cut at {upto}");
                let segments = names(&fs);
                assert_eq!(counts(b'g'), segments, "segments after a cut at {upto}");
            }
        }
    }
}

fn names(fs: &Arc<dyn Fs>) -> usize {
    fs.list(&Path::new(DIR).join("journal")).unwrap().len()
}

#[test]
fn a_payment_that_waits_outlives_its_segment() {
    let (disk, fs, clock) = simulated();
    let (_, store) = memory();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store, small());
    writer.commit(vec![notice("WAITS")]).unwrap();
    fill(&mut writer, &clock, 60, "FT");
    assert!(!segments(&disk).contains(&"00000001.jsonl".to_owned()));
    drop(writer);
    for store in [store, memory().1] {
        let writer = open(&(Arc::new(disk.after_kill()) as Arc<dyn Fs>), &clock, Path::new(DIR), &store, small());
        let due: Vec<_> = writer.reader().due(Age::Fresh, 10).unwrap().into_iter().map(|due| due.payment).collect();
        assert_eq!(due, [PaymentId(1)]);
    }
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, small());
    assert!(matches!(writer.commit(vec![crate::examine::say(PaymentId(1))]).unwrap()[0], Ok(Answer::Recorded(_))));
    assert!(writer.commit(vec![crate::examine::say(PaymentId(1))]).unwrap()[0].is_err());
}

#[test]
fn the_state_built_from_what_is_held_is_the_state_that_was() {
    let (disk, fs, clock) = simulated();
    let (index, store) = memory();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store, small());
    writer.commit(vec![notice("WAITS"), receive(b"x".to_vec())]).unwrap();
    fill(&mut writer, &clock, 60, "FT");
    let oldest = writer.reader().oldest();
    drop(writer);
    let (again, empty) = memory();
    drop(open(&(Arc::new(disk.after_kill()) as Arc<dyn Fs>), &clock, Path::new(DIR), &empty, small()));
    let (was, is) = (dump(&index), dump(&again));
    // What is known of payments before the oldest held may be there or not: their block of speech, announcements without an end.
    // For which journal the store was begun is not made from the journal.
    let block = [&b"p"[..], &(oldest >> vietqr_edge::ledger::index::keys::SPEECH_BITS).to_be_bytes()].concat();
    let before = |key: &[u8]| {
        key == vietqr_edge::ledger::index::keys::BEGUN
            || (key[0] == b'p' && key <= block.as_slice())
            || (key[0] == b's' && key[1..9] < oldest.to_be_bytes()[..])
    };
    let keys: BTreeSet<_> = was.keys().chain(is.keys()).filter(|key| !before(key)).collect();
    let differ: Vec<_> = keys.into_iter().filter(|key| was.get(*key) != is.get(*key)).collect();
    assert!(differ.is_empty(), "{differ:?}");
}

#[test]
fn a_clock_that_runs_ahead_costs_one_segment_a_look_and_no_payment() {
    let (disk, fs, clock) = simulated();
    let limits = Limits { disk_bytes: 1 << 30, ..small() };
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, limits);
    fill(&mut writer, &clock, 40, "FT");
    let before = segments(&disk).len();
    let years = 60 * 365 * 24 * 3600 * 1000;
    clock.jump(years);
    writer.retain().unwrap();
    assert_eq!(segments(&disk).len(), before - 1, "one at a time");
    fill(&mut writer, &clock, 40, "AHEAD");
    clock.jump(-years);
    fill(&mut writer, &clock, 40, "BACK");
    let held = dropped(&writer).last().unwrap().held_since;
    assert!(held <= Timestamp::from_millis(MORNING + 60_000), "held since {held}");
}

#[test]
fn a_wrong_time_of_the_oldest_line_makes_no_payment_too_old() {
    let (_, fs, clock) = simulated();
    let years = 60 * 365 * 24 * 3600 * 1000;
    clock.jump(years);
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, small());
    fill(&mut writer, &clock, 60, "AHEAD");
    assert!(writer.reader().oldest() > 1);
    clock.jump(-years);
    let answers = writer.commit(vec![paid(&clock, "NOW", "x")]).unwrap();
    assert!(matches!(answers[0], Ok(Answer::Booked(_))), "{answers:?}");
    // But where it is the clock of today that is known to be behind, the oldest line stands.
    let (from, to) = (Timestamp::from_secs(0), Timestamp::from_millis(MORNING + years));
    writer.commit(vec![Command::Record(Event::ClockCorrected(ClockCorrected { from, to }))]).unwrap();
    let answers = writer.commit(vec![paid(&clock, "OLD", "x")]).unwrap();
    assert_eq!(answers, [Ok(Answer::Quarantined(Reason::TooOld))]);
}

#[test]
fn many_that_wait_do_not_begin_a_segment_with_every_commit() {
    let (disk, fs, clock) = simulated();
    let limits = Limits { disk_bytes: 1 << 30, ..small() };
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1, limits);
    // Some 130 bytes of snapshot each: many times a segment.
    for n in 0..10 {
        writer.commit((0..40).map(|k| notice(&format!("WAIT{n}-{k}"))).collect()).unwrap();
    }
    let before = segments(&disk).len();
    for n in 0..40 {
        writer.commit(vec![notice(&format!("FT{n}"))]).unwrap();
    }
    let begun = segments(&disk).len() - before;
    assert!(begun <= 40 * 700 / 4096 + 1, "{begun} segments for 40 payments");
}

#[test]
fn a_store_that_is_behind_finds_its_line_whatever_was_dropped() {
    let dir = folder();
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let store = SledStore::new(Arc::clone(&fs), dir.path());
    let clock = TestClock::new();
    let mut writer = open(&fs, &clock, dir.path(), &store, small());
    fill(&mut writer, &clock, 10, "EARLY");
    writer.checkpoint().unwrap();
    fill(&mut writer, &clock, 60, "LATER");
    assert!(writer.reader().oldest() > 60, "the store's last line was dropped");
    drop(writer);
    let writer = open(&fs, &clock, dir.path(), &store, small());
    assert!(!writer.has_untold(), "it goes on, and was not built again");
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap().filter_map(Result::ok);
    entries
        .map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) })
        .sum()
}

#[test]
fn what_lies_aside_counts_and_goes_before_bodies_and_history() {
    let dir = folder();
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let (clock, store) = (TestClock::new(), SledStore::new(Arc::clone(&fs), dir.path()));
    // The reserve takes 4 MB of it.
    let mut writer = open(&fs, &clock, dir.path(), &store, Limits { disk_bytes: 8 << 20, ..small() });
    fill(&mut writer, &clock, 20, "FT");
    clock.forward(24 * 3600 * 1000);
    fill(&mut writer, &clock, 1, "NEXT");
    let kept = || ["journal", "raw"].map(|name| size(&dir.path().join(name)));
    let before = kept();
    assert_eq!(fs::read_dir(dir.path().join("raw")).unwrap().count(), 2, "two days of bodies");
    for broken in ["state-1", "state-2"] {
        let broken = dir.path().join("set-aside").join(broken);
        fs::create_dir_all(&broken).unwrap();
        fs::write(broken.join("db"), vec![0; 2 << 20]).unwrap();
    }
    assert_eq!(retention::used(&*fs, dir.path()), size(dir.path()));
    assert!(size(dir.path()) > 8 << 20);
    writer.retain().unwrap();
    assert!(size(dir.path()) <= 8 << 20);
    assert_eq!(kept(), before, "bodies or history went while something lay aside");
}

#[test]
fn the_folder_stays_inside_its_bound_over_a_long_run() {
    let dir = folder();
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let store = SledStore::new(Arc::clone(&fs), dir.path());
    let clock = TestClock::new();
    let limits = Limits { segment_bytes: 256 << 10, ..Limits::new(16, 30, 400) };
    let mut writer = open(&fs, &clock, dir.path(), &store, limits);
    let long = "x".repeat(900);
    let (mut most, mut booked) = (0, 0u64);
    for n in 0..230 {
        let payments = (0..60).map(|k| paid(&clock, &format!("FT{n}-{k}"), &long));
        let answers = writer.commit(payments.collect()).unwrap();
        booked += answers.iter().filter(|answer| matches!(answer, Ok(Answer::Booked(_)))).count() as u64;
        let due = writer.reader().due(Age::Fresh, 100).unwrap().into_iter().map(|due| due.payment).collect();
        let skip = Command::AnnounceSkip { payments: due, reason: vietqr_edge_core::event::SkipReason::VoiceOff };
        writer.commit(vec![skip]).unwrap();
        if n % 5 == 0 {
            writer.checkpoint().unwrap();
            most = most.max(size(dir.path()));
        }
        if n == 150 {
            // What lies aside counts, and goes before history.
            fs::create_dir_all(dir.path().join("set-aside/state-1")).unwrap();
            fs::write(dir.path().join("set-aside/state-1/db"), vec![0; 3 << 20]).unwrap();
        }
        clock.forward(60_000);
    }
    assert_eq!(booked, 230 * 60);
    let reader = writer.reader();
    assert!(reader.oldest() > 1, "nothing was dropped: {most} bytes");
    assert!(most <= 16 << 20, "{most} bytes");
    assert!(!dir.path().join("set-aside/state-1/db").exists());
    let held = reader.payments(None, 100_000).unwrap().len();
    println!("at most {most} bytes; {held} of {booked} payments held");
    assert!(held > 1000, "{held} payments are held");
}
