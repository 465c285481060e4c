//! A damaged journal, with the store as it was (the daemon resumes) and without one (the state is built again).

use crate::{
    examine::{Told, examine, start},
    run::{DIR, Run, change_lines, copy, lines_of, run, segments},
    support::{TestClock, memory, open, options, simfs::SimFs},
};
use std::{path::Path, sync::Arc};
use vietqr_edge::{
    clock::Clock,
    fs::Fs,
    ledger::{
        self, OpenError,
        index::{Batch, Index, MemoryIndex},
        journal::{Hash, LINE_MAX, SegmentName, line},
        recover,
        store::MemoryStore,
    },
};

pub struct Shop {
    pub disk: SimFs,
    pub run: Run,
    pub index: Arc<MemoryIndex>,
}

pub fn shop(commits: usize) -> Shop {
    let disk = SimFs::default();
    let (index, store) = memory();
    let run = run(&(Arc::new(disk.clone()) as Arc<dyn Fs>), Path::new(DIR), &store, commits, 3);
    Shop { disk, run, index }
}

impl Shop {
    pub fn store(&self) -> MemoryStore {
        let index = Arc::new(MemoryIndex::default());
        let batch: Batch = self.index.dump().into_iter().map(|(key, value)| (key, Some(value))).collect();
        index.apply(batch).unwrap();
        MemoryStore::new(index)
    }

    pub fn names(&self) -> Vec<SegmentName> {
        segments(&self.disk, Path::new(DIR))
    }

    /// Does damage, then opens what is left: with the store as it was, and without it.
    fn after(&self, damage: impl Fn(&SimFs)) -> [Told; 2] {
        [self.store(), memory().1].map(|store| {
            let (disk, fs) = copy(&self.disk);
            damage(&disk);
            examine(&fs, Path::new(DIR), &store, &self.run)
        })
    }

    /// Does damage to each kind of segment: the first, one in the middle, the newest.
    fn each(&self, damage: impl Fn(&mut Vec<Vec<u8>>)) -> Vec<[Told; 2]> {
        let names = self.names();
        assert!(names.len() >= 5, "{names:?}");
        let newest = lines_of(&self.disk.contents(&path(names[names.len() - 1])).unwrap());
        assert!(newest.len() >= first_group(&newest) + 3, "too little in the newest segment");
        let some = [names[0], names[names.len() / 2], names[names.len() - 1]];
        some.map(|name| self.after(|disk| change_lines(disk, name, &damage))).into()
    }
}

fn path(name: SegmentName) -> std::path::PathBuf {
    name.path(&Path::new(DIR).join("journal"))
}

/// Breaks a line without touching its end.
pub fn garble(line: &mut [u8]) {
    let middle = line.len() / 2;
    line[middle] ^= 1;
}

/// The first line of a segment that is a group.
fn first_group(lines: &[Vec<u8>]) -> usize {
    lines.iter().position(|line| line.windows(6).any(|part| part == b"\"seq\":")).unwrap()
}

#[test]
fn an_undamaged_journal_is_built_again_and_says_nothing_of_damage() {
    let [resumed, rebuilt] = shop(13).after(|_| {});
    assert_eq!(resumed, Told::default());
    assert!(rebuilt.damaged.is_empty() && rebuilt.rebuilt.len() == 1, "{rebuilt:?}");
}

#[test]
fn a_garbled_line_costs_only_itself() {
    for told in shop(13).each(|lines| {
        let first = first_group(lines);
        garble(&mut lines[first]);
    }) {
        for told in told {
            assert_eq!(told.damaged.len(), 1, "{told:?}");
        }
    }
}

#[test]
fn a_garbled_last_line_that_the_store_had_seen_is_damage() {
    let shop = shop(13);
    let newest = *shop.names().last().unwrap();
    let [seen, _] = shop.after(|disk| change_lines(disk, newest, |lines| garble(lines.last_mut().unwrap())));
    assert_eq!((seen.damaged.len(), seen.rebuilt.len()), (1, 1), "{seen:?}");
}

#[test]
fn a_torn_last_line_that_no_store_had_seen_is_no_damage() {
    let shop = shop(13);
    let newest = *shop.names().last().unwrap();
    let (disk, _) = copy(&shop.disk);
    let line = lines_of(&disk.contents(&path(newest)).unwrap()).pop().unwrap();
    for torn in [1, line.len() / 2, line.len() - 1] {
        for told in shop.after(|disk| disk.damage(&path(newest), |bytes| bytes.extend_from_slice(&line[..torn]))) {
            assert!(told.damaged.is_empty(), "{told:?}");
        }
    }
}

#[test]
fn a_cut_last_line_leaves_all_before_it() {
    let shop = shop(13);
    let newest = *shop.names().last().unwrap();
    for cut in [1, 5, 100] {
        let [seen, unseen] = shop.after(|disk| disk.damage(&path(newest), |bytes| bytes.truncate(bytes.len() - cut)));
        assert_eq!((seen.damaged.len(), unseen.damaged.len()), (1, 0), "cut by {cut}: only the store knew of it");
    }
}

#[test]
fn a_removed_line_breaks_the_chain_and_is_told() {
    for told in shop(13).each(|lines| {
        let first = first_group(lines);
        lines.remove(first + 1);
    }) {
        for told in told {
            assert_eq!(told.damaged.len(), 1, "{told:?}");
        }
    }
}

#[test]
fn a_line_that_is_there_twice_counts_once() {
    for at in [0, 1, 2] {
        for told in shop(13).each(|lines| {
            let at = first_group(lines) - 2 + at;
            lines.insert(at, lines[at].clone());
        }) {
            for told in told {
                assert!(told.damaged.len() == 1 && told.missing().is_empty(), "{told:?}");
            }
        }
    }
}

#[test]
fn two_lines_that_changed_places_both_count() {
    for told in shop(13).each(|lines| {
        let first = first_group(lines);
        lines.swap(first, first + 1);
    }) {
        for told in told {
            assert!(!told.damaged.is_empty() && told.missing().is_empty(), "{told:?}");
        }
    }
}

#[test]
fn lines_in_any_order_all_count() {
    for told in shop(13).each(|lines| {
        let first = first_group(lines);
        lines[first..].reverse();
    }) {
        for told in told {
            assert!(told.missing().is_empty(), "{told:?}");
        }
    }
}

#[test]
fn a_missing_segment_costs_only_itself() {
    let shop = shop(13);
    let names = shop.names();
    let some =
        [&names[..1], &names[2..3], &names[names.len() - 1..], &names[1..3], &names[names.len() - 2..], &names[..2]];
    for gone in some {
        let [resumed, rebuilt] = shop.after(|disk| gone.iter().for_each(|name| disk.lose(&path(*name))));
        assert!(!resumed.damaged.is_empty(), "{gone:?}: {resumed:?}");
        assert!(!rebuilt.damaged.is_empty() || gone.contains(names.last().unwrap()), "{gone:?}: {rebuilt:?}");
    }
}

#[test]
fn a_lost_journal_is_told_by_the_store_that_saw_it_and_no_number_is_used_again() {
    let shop = shop(13);
    let names = shop.names();
    let [known, unknown] = shop.after(|disk| names.iter().for_each(|name| disk.lose(&path(*name))));
    assert_eq!(known.missing(), (1..=shop.run.last).collect());
    assert!(unknown.damaged.is_empty(), "a new journal: {unknown:?}");
}

#[test]
fn an_empty_segment_is_told() {
    let shop = shop(13);
    for name in shop.names() {
        for told in shop.after(|disk| disk.damage(&path(name), Vec::clear)) {
            assert!(!told.damaged.is_empty(), "{name}: {told:?}");
        }
    }
}

#[test]
fn a_garbled_header_or_snapshot_costs_no_payment() {
    let shop = shop(13);
    for line in [0, 1] {
        for told in shop.each(|lines| garble(&mut lines[line])) {
            for told in told {
                assert!(told.damaged.len() == 1 && told.missing().is_empty(), "line {line}: {told:?}");
            }
        }
    }
}

#[test]
fn every_header_garbled_is_still_the_same_journal() {
    let shop = shop(13);
    let names = shop.names();
    let [resumed, _] = shop.after(|disk| {
        for name in &names {
            change_lines(disk, *name, |lines| garble(&mut lines[0]));
        }
    });
    assert!(resumed.rebuilt.is_empty(), "the store fits by its last line's hash: {resumed:?}");
}

#[test]
fn garbage_in_any_amount_is_passed_over_and_told() {
    let shop = shop(13);
    for (size, fill, line_end) in [
        (1, 0, false),
        (1, b'x', true),
        (100, 0xff, true),
        (2000, b'\n', true),
        (70_000, 0, true),
        (1_000_000, 0, false),
        (1_000_000, b'x', true),
    ] {
        let garbage = [vec![fill; size], if line_end { vec![b'\n'] } else { vec![] }].concat();
        for told in shop.each(|lines| {
            let first = first_group(lines);
            lines.insert(first + 1, garbage.clone());
        }) {
            for told in told {
                assert_eq!(told.damaged.len(), 1, "{size} of {fill}: {told:?}");
            }
        }
    }
}

#[test]
fn garbage_at_the_end_that_no_cut_can_leave_is_told() {
    let shop = shop(13);
    let newest = *shop.names().last().unwrap();
    for garbage in [vec![0xff; 1 << 20], b"{half\n{half\n".to_vec()] {
        for told in shop.after(|disk| disk.damage(&path(newest), |bytes| bytes.extend_from_slice(&garbage))) {
            assert_eq!(told.damaged.len(), 1, "{told:?}");
        }
    }
}

#[test]
fn hundreds_of_broken_places_are_told_in_as_many_lines_as_it_takes() {
    let disk = SimFs::default();
    run(&(Arc::new(disk.clone()) as Arc<dyn Fs>), Path::new(DIR), &memory().1, 520, 1);
    for name in segments(&disk, Path::new(DIR)) {
        change_lines(&disk, name, |lines| {
            let first = first_group(lines);
            lines[first..].iter_mut().step_by(2).for_each(|line| garble(line));
        });
    }
    let (fs, store) = (Arc::new(disk.clone()) as Arc<dyn Fs>, memory().1);
    let told = Told::of(&start(&fs, Path::new(DIR), &store));
    let bytes: usize = told.damaged.iter().map(|place| serde_json::to_vec(place).unwrap().len()).sum();
    assert!(bytes > LINE_MAX, "{} places fit one line", told.damaged.len());
    assert!(!open(&fs, &TestClock::new(), Path::new(DIR), &store).has_untold());
}

fn refusal(disk: &SimFs, store: &MemoryStore) -> String {
    let (fs, clock) = (Arc::new(disk.clone()), TestClock::new() as Arc<dyn Clock>);
    match ledger::open(options(Path::new(DIR)), fs, clock, store) {
        Ok(_) => panic!("it opened"),
        Err(error @ OpenError::Journal(_)) => error.to_string(),
        Err(other) => panic!("{other}"),
    }
}

/// The same line with another text in it, and a checksum that fits.
fn rewritten(line: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(line.to_vec()).unwrap();
    let rest = &text.trim_end()[r#"{"crc":"01234567","#.len()..];
    let rest = rest.replacen(from, to, 1);
    format!("{{\"crc\":\"{:08x}\",{rest}\n", crc32(rest.as_bytes())).into_bytes()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn what_a_newer_version_wrote_is_refused_with_a_sentence_and_left_as_it_is() {
    let shop = shop(13);
    let names = shop.names();
    for name in [names[0], names[names.len() / 2], names[names.len() - 1]] {
        for (from, to, says) in [
            (r#""format":1"#, r#""format":2"#, "has format 2"),
            (r#""type":""#, r#""type":"new."#, "Install the version that wrote it"),
        ] {
            let (disk, _) = copy(&shop.disk);
            change_lines(&disk, name, |lines| {
                let line = lines.iter_mut().find(|line| String::from_utf8_lossy(line).contains(from)).unwrap();
                *line = rewritten(line, from, to);
            });
            let before: Vec<_> = disk.paths().into_iter().map(|path| (disk.contents(&path), path)).collect();
            let text = refusal(&disk, &memory().1);
            assert!(text.contains(says) && text.contains(&name.to_string()), "{text}");
            for (contents, path) in before {
                assert_eq!(disk.contents(&path), contents, "{}", path.display());
            }
        }
    }
    let (disk, _) = copy(&shop.disk);
    let newest = names[names.len() - 1];
    change_lines(&disk, newest, |lines| lines[0] = rewritten(&lines[0], r#""format":1"#, r#""format":2"#));
    assert!(refusal(&disk, &shop.store()).contains("has format 2"), "with a store that fits, too");
}

#[test]
fn the_checksums_of_this_test_are_those_of_the_journal() {
    let line = line::encode(&ledger::journal::Line::Open(vec![]), Hash::NONE).unwrap().0;
    assert_eq!(rewritten(&line, "x", "x"), line);
}

#[test]
fn two_openers_are_one_too_many() {
    let disk = SimFs::default();
    let _held = recover::lock(&disk, Path::new(DIR)).unwrap();
    let error = recover::lock(&disk, Path::new(DIR)).err().unwrap();
    assert!(matches!(&error, OpenError::Held { holder, .. } if holder == "1"), "{error}");
}
