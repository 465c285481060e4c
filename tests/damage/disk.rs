//! A full disk: nothing is acknowledged, nothing is lost, and a start is possible.

use crate::{
    run::{DIR, notice, run},
    store::folder,
    support::{TestClock, memory, open, options, simfs::SimFs},
};
use std::{path::Path, process::Command, sync::Arc};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::{self, Answer, OpenError, Refused, store::SledStore},
};

/// What was acknowledged is there, and only that.
fn holds(writer: &ledger::Writer, acknowledged: &[String]) {
    for reference in acknowledged {
        assert_eq!(writer.reader().find(reference).unwrap().len(), 1, "{reference}");
    }
}

#[test]
fn a_disk_that_fills_at_any_byte_costs_nothing_that_was_acknowledged() {
    // The header and first lines, byte by byte in steps; then with segments that begin.
    for room in (0..14_000).step_by(191) {
        let disk = SimFs::default();
        let fs: Arc<dyn Fs> = Arc::new(disk.clone());
        let (_, store) = memory();
        let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
        writer.commit(vec![notice("FIRST")]).unwrap();
        let mut acknowledged = vec!["FIRST".to_owned()];
        disk.set_free(Some(1 << 30));
        disk.set_room(Some(room));
        for n in 0..40 {
            let reference = format!("FT{n}");
            match writer.commit(vec![notice(&reference)]) {
                Ok(answers) if matches!(answers[0], Ok(Answer::Booked(_))) => acknowledged.push(reference),
                Ok(answers) => assert_eq!(answers, [Err(Refused::DiskFull)]),
                // The process ends; what it said holds.
                Err(_) => break,
            }
        }
        assert!(acknowledged.len() < 41, "{room} bytes were room enough");
        drop(writer);
        let disk = disk.after_kill();
        disk.set_room(None);
        let fs: Arc<dyn Fs> = Arc::new(disk);
        for store in [store, memory().1] {
            let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
            holds(&writer, &acknowledged);
            let answers = writer.commit(vec![notice(&format!("AFTER{room}"))]).unwrap();
            assert!(matches!(answers[0], Ok(Answer::Booked(_) | Answer::Repeat(_))), "{answers:?}");
            assert!(writer.reader().events(0, 1000).unwrap().iter().all(|e| e.event.name() != "journal.damaged"));
        }
    }
}

#[test]
fn a_disk_that_runs_out_of_files_at_any_one_costs_nothing_that_was_acknowledged() {
    for files in 0..60 {
        let disk = SimFs::default();
        let fs: Arc<dyn Fs> = Arc::new(disk.clone());
        let (_, store) = memory();
        let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
        writer.commit(vec![notice("FIRST")]).unwrap();
        let mut acknowledged = vec!["FIRST".to_owned()];
        disk.set_files(Some(files));
        // Segments of 4 KB: some begin meanwhile.
        for n in 0..40 {
            let reference = format!("FT{n}");
            match &writer.commit(vec![notice(&reference)]).unwrap()[..] {
                [Ok(Answer::Booked(_))] => acknowledged.push(reference),
                answers => assert_eq!(answers, [Err(Refused::DiskFull)]),
            }
        }
        assert_eq!(acknowledged.len() > 1, files >= 16, "{files} files");
        assert_eq!(writer.reader().disk().full, disk.free(Path::new(DIR)).unwrap().files < 16);
        drop(writer);
        // It starts as it is, also where not one file can be made; with room again it goes on.
        let disk = disk.after_kill();
        let fs: Arc<dyn Fs> = Arc::new(disk.clone());
        let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
        holds(&writer, &acknowledged);
        disk.set_files(Some(0));
        assert_eq!(writer.commit(vec![notice("NONE")]).unwrap(), [Err(Refused::DiskFull)]);
        disk.set_files(Some(1000));
        assert!(matches!(writer.commit(vec![notice("AFTER")]).unwrap()[..], [Ok(Answer::Booked(_))]));
        assert!(!writer.reader().disk().full);
    }
}

#[test]
fn it_is_told_that_the_disk_is_nearly_full_before_it_is() {
    let disk = SimFs::default();
    let fs: Arc<dyn Fs> = Arc::new(disk.clone());
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &memory().1);
    let mut now = |bytes: u64, files: Option<u64>| {
        disk.set_free(Some(bytes));
        disk.set_files(files);
        writer.commit(Vec::new()).unwrap();
        let disk = writer.reader().disk();
        (disk.low, disk.full)
    };
    // A file system that counts no files (btrfs, vfat) is never short of them.
    assert_eq!(now(1 << 30, None), (false, false));
    assert_eq!(now(1 << 30, Some(100)), (true, false));
    assert_eq!(now(1 << 30, Some(15)), (true, true));
    assert_eq!(now(10 << 20, None), (true, false));
    assert_eq!(now(1 << 20, None), (true, true));
    assert_eq!(now(1 << 30, Some(1000)), (false, false));
}

#[test]
fn a_start_on_a_full_disk_gets_the_reserve_back_and_refuses_until_there_is_room() {
    let disk = SimFs::default();
    let fs: Arc<dyn Fs> = Arc::new(disk.clone());
    let (_, store) = memory();
    disk.set_room(Some(64 << 20));
    drop(open(&fs, &TestClock::new(), Path::new(DIR), &store));
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    writer.commit(vec![notice("FT1")]).unwrap();
    let reserve = Path::new(DIR).join("reserve");
    assert_eq!(disk.contents(&reserve).unwrap().len(), 4 << 20);
    drop(writer);
    disk.set_room(Some(1000));
    let mut writer = open(&fs, &TestClock::new(), Path::new(DIR), &store);
    assert!(disk.contents(&reserve).is_none(), "the reserve is given back");
    holds(&writer, &["FT1".to_owned()]);
    assert!(matches!(writer.commit(vec![notice("FT2")]).unwrap()[0], Ok(Answer::Booked(_))), "it is room to start");
    disk.set_room(Some(1 << 20));
    assert_eq!(writer.commit(vec![notice("FT3")]).unwrap(), [Err(Refused::DiskFull)]);
    assert!(writer.reader().disk().full);
    disk.set_room(Some(64 << 20));
    assert!(matches!(writer.commit(vec![notice("FT3")]).unwrap()[0], Ok(Answer::Booked(_))));
    assert!(!writer.reader().disk().full);
}

#[test]
fn a_full_disk_is_no_reason_to_put_a_store_aside() {
    let disk = SimFs::default();
    let fs: Arc<dyn Fs> = Arc::new(disk.clone());
    let (index, store) = memory();
    run(&fs, Path::new(DIR), &store, 3, 3);
    let (_, ahead) = memory();
    let of_another = SimFs::default();
    run(&(Arc::new(of_another) as Arc<dyn Fs>), Path::new(DIR), &ahead, 9, 3);
    disk.set_free(Some(1000));
    let clock = TestClock::new();
    let error = ledger::open(options(Path::new(DIR)), Arc::clone(&fs), clock.clone(), &ahead).err().unwrap();
    assert!(matches!(&error, OpenError::Store { why, .. } if why.contains("make room")), "{error}");
    let before = index.dump();
    drop(open(&fs, &clock, Path::new(DIR), &store));
    assert_eq!(index.dump(), before, "one that fits is used as it is");
}

/// A disk of 48 MB, unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    /// `None` where this process may not mount.
    fn mount() -> Option<Small> {
        let dir = folder();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"]).arg(dir.path()).output();
        mount.is_ok_and(|output| output.status.success()).then_some(Small(dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_real_disk_that_fills_costs_nothing_that_was_acknowledged() {
    let Some(small) = Small::mount() else {
        println!("this process may not mount a small disk; the simulated one stands for it");
        return a_disk_that_fills_at_any_byte_costs_nothing_that_was_acknowledged();
    };
    let dir = small.0.path().join("state");
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let store = SledStore::new(Arc::clone(&fs), &dir);
    let mut acknowledged = Vec::new();
    let filler = small.0.path().join("filler");
    for round in 0..4 {
        let mut writer = open(&fs, &TestClock::new(), &dir, &store);
        holds(&writer, &acknowledged);
        // Something else fills the disk, more each time, down to the last byte.
        let left = [3 << 20, 1 << 20, 100_000, 0][round];
        let free = fs.free(small.0.path()).unwrap().bytes;
        std::fs::write(&filler, vec![1; free.saturating_sub(left) as usize]).unwrap();
        let mut full = false;
        for n in 0..3000 {
            let references: Vec<_> = (0..20).map(|k| format!("FT{round}-{n}-{k}")).collect();
            match writer.commit(references.iter().map(|reference| notice(reference)).collect()) {
                Ok(answers) if answers.iter().all(|answer| matches!(answer, Ok(Answer::Booked(_)))) => {
                    acknowledged.extend(references);
                }
                Ok(answers) => {
                    assert!(answers.iter().all(|answer| *answer == Err(Refused::DiskFull)), "{answers:?}");
                    full = true;
                    break;
                }
                Err(_) => break,
            }
        }
        assert!(full, "the headroom is there so that the ledger need not end");
        drop(writer);
        // A start while it is full.
        match ledger::open(options(&dir), Arc::clone(&fs), TestClock::new(), &store) {
            Ok(mut writer) => {
                holds(&writer, &acknowledged);
                if fs.free(&dir).unwrap().bytes < 2 << 20 {
                    assert_eq!(writer.commit(vec![notice("X")]).unwrap(), [Err(Refused::DiskFull)]);
                }
            }
            Err(error) => assert!(error.to_string().contains("the disk is full"), "{error}"),
        }
        std::fs::remove_file(&filler).unwrap();
    }
    let mut writer = open(&fs, &TestClock::new(), &dir, &store);
    holds(&writer, &acknowledged);
    assert!(matches!(writer.commit(vec![notice("ROOM")]).unwrap()[0], Ok(Answer::Booked(_))));
    assert!(!dir.join("set-aside").exists(), "a full disk is no damage");
}
