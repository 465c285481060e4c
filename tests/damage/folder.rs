//! A state folder that is not what it should be, on a real disk.

use crate::{
    examine::examine,
    run::{notice, run},
    store::folder,
    support::{TestClock, open, options},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Barrier},
};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::{self, Answer, OpenError, Refused, recover, store::SledStore},
};
use vietqr_edge_core::{event::Reason, payment::PaymentId};

fn real() -> Arc<dyn Fs> {
    Arc::new(RealFs)
}

fn set_aside(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("set-aside")).map(|entries| entries.filter_map(Result::ok).collect());
    let entries: Vec<fs::DirEntry> = entries.unwrap_or_default();
    entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_folder_where_a_file_should_be_is_set_aside() {
    for name in ["journal/00000002.jsonl", "journal/00000099.jsonl", "journal/00000099.jsonl.new", "reserve"] {
        let dir = folder();
        let store = SledStore::new(real(), dir.path());
        let run = run(&real(), dir.path(), &store, 6, 3);
        let path = dir.path().join(name);
        fs::remove_file(&path).ok();
        fs::create_dir_all(path.join("with/something/in/it")).unwrap();
        let told = examine(&real(), dir.path(), &store, &run);
        assert_eq!(told.damaged.len(), usize::from(name.ends_with("02.jsonl")), "{name}: {told:?}");
        let begins = Path::new(name).file_name().unwrap().to_str().unwrap();
        assert!(set_aside(dir.path()).iter().any(|kept| kept.starts_with(begins)), "{name}");
    }
}

#[test]
fn a_file_where_a_folder_should_be_is_set_aside() {
    for name in ["journal", "raw"] {
        let dir = folder();
        let store = SledStore::new(real(), dir.path());
        let run = run(&real(), dir.path(), &store, 3, 3);
        fs::remove_dir_all(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name), b"a file").unwrap();
        let told = examine(&real(), dir.path(), &store, &run);
        assert_eq!(told.missing().len() as u64, if name == "journal" { run.last } else { 0 }, "{name}: {told:?}");
    }
}

#[test]
fn a_stranger_is_kept_and_counted_whatever_the_ring_holds() {
    let damages: [fn(&Path); 5] = [
        |path| fs::create_dir(path).unwrap(),
        |path| fs::write(path, vec![0; 5 << 20]).unwrap(),
        |path| {
            fs::write(path, br#"{"number":18446744073709551615,"at":"2026-11-21T02:30:00.000Z","reason":"unparsable","detail":"","topic":"","sha256":"","size":1}"#).unwrap()
        },
        |path| fs::write(path, [0xff; 1000]).unwrap(),
        |path| fs::write(path, b"{\"number\":").unwrap(),
    ];
    for damage in damages {
        let dir = folder();
        let store = SledStore::new(real(), dir.path());
        run(&real(), dir.path(), &store, 2, 2);
        for name in ["raw/strangers-0.jsonl", "raw/strangers-1.jsonl"] {
            let path = dir.path().join(name);
            fs::remove_file(&path).ok();
            damage(&path);
        }
        let mut counted = 0;
        for _ in 0..3 {
            let mut writer = open(&real(), &TestClock::new(), dir.path(), &store);
            let answers = writer.commit(vec![crate::support::receive(b"{".to_vec())]).unwrap();
            assert_eq!(answers, [Ok(Answer::Quarantined(Reason::Unparsable))]);
            let now = writer.reader().counters().quarantined[&Reason::Unparsable];
            assert!(now > counted, "{now} after {counted}");
            counted = now;
        }
    }
}

#[test]
fn the_second_opener_is_told_who_holds_the_folder() {
    let dir = folder();
    let _held = recover::lock(&RealFs, dir.path()).unwrap();
    let error = recover::lock(&RealFs, dir.path()).err().unwrap();
    assert!(matches!(&error, OpenError::Held { .. }));
    let text = error.to_string();
    assert!(text.contains(&std::process::id().to_string()) && text.contains(dir.path().to_str().unwrap()), "{text}");
}

#[test]
fn a_lock_ends_with_its_holder() {
    let dir = folder();
    drop(recover::lock(&RealFs, dir.path()).unwrap());
    assert!(recover::lock(&RealFs, dir.path()).is_ok());
}

#[test]
fn a_lock_that_is_just_being_given_up_is_waited_for() {
    let dir = folder();
    for _ in 0..20 {
        let held = recover::lock(&RealFs, dir.path()).unwrap();
        let start = Barrier::new(2);
        std::thread::scope(|threads| {
            let next = threads.spawn(|| {
                start.wait();
                recover::lock(&RealFs, dir.path()).is_ok()
            });
            start.wait();
            std::thread::yield_now();
            drop(held);
            assert!(next.join().unwrap());
        });
    }
}

/// Places that not even root can write.
fn unwritable() -> Vec<PathBuf> {
    let file = std::env::current_exe().unwrap();
    vec![PathBuf::from("/proc/state"), PathBuf::from("/sys/kernel/state"), file.join("state"), file]
}

#[test]
fn a_folder_that_can_not_be_written_is_named() {
    for dir in unwritable() {
        let store = SledStore::new(real(), &dir);
        let errors =
            [recover::lock(&RealFs, &dir).err(), ledger::open(options(&dir), real(), TestClock::new(), &store).err()];
        for error in errors.into_iter().flatten() {
            assert!(matches!(&error, OpenError::Folder { dir: named, .. } if *named == dir), "{error}");
            assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
        }
    }
}

#[test]
fn a_lock_that_is_a_folder_is_refused() {
    let dir = folder();
    fs::create_dir(dir.path().join("lock")).unwrap();
    assert!(matches!(recover::lock(&RealFs, dir.path()), Err(OpenError::Folder { .. })));
}

#[test]
fn a_name_that_is_no_segment_is_left_alone() {
    let dir = folder();
    let store = SledStore::new(real(), dir.path());
    let run = run(&real(), dir.path(), &store, 3, 3);
    let names = ["00000000.jsonl", "notes.txt", "1.jsonl", "00000002.jsonl.old"];
    for name in names {
        fs::write(dir.path().join("journal").join(name), b"mine").unwrap();
    }
    let told = examine(&real(), dir.path(), &store, &run);
    assert!(told.damaged.is_empty(), "{told:?}");
    for name in names {
        assert_eq!(fs::read(dir.path().join("journal").join(name)).unwrap(), b"mine");
    }
}

#[test]
fn a_segment_far_ahead_of_the_others_is_gone_on_behind() {
    let dir = folder();
    let store = SledStore::new(real(), dir.path());
    run(&real(), dir.path(), &store, 3, 3);
    fs::write(dir.path().join("journal/99999999.jsonl"), b"x").unwrap();
    for n in 0..3 {
        let mut writer = open(&real(), &TestClock::new(), dir.path(), &store);
        let answers = writer.commit(vec![notice(&format!("AFTER{n}")), notice("AFTER0")]).unwrap();
        let Ok(Answer::Booked(PaymentId(_))) = answers[0] else { panic!("{answers:?}") };
        assert_ne!(answers[1], Err(Refused::DiskFull));
        assert_eq!(writer.reader().find(&format!("AFTER{n}")).unwrap().len(), 1);
    }
    let mut writer = open(&real(), &TestClock::new(), dir.path(), &store);
    let again = writer.commit((0..3).map(|n| notice(&format!("AFTER{n}"))).collect()).unwrap();
    assert!(again.iter().all(|answer| matches!(answer, Ok(Answer::Repeat(_)))), "{again:?}");
}
