//! A shop's day: payments, repeats, references that come later, announcements, strangers.

use crate::support::{TestClock, open, receive, simfs::SimFs};
use std::{collections::BTreeMap, path::Path, sync::Arc};
use vietqr_edge::{
    fs::Fs,
    ledger::{
        Answer, Command,
        journal::{Line, Scanner, SegmentName},
        store::Store,
    },
};
use vietqr_edge_core::{
    event::{Event, Kind},
    payment::{Age, PaymentId},
};

pub const DIR: &str = "/state";

/// What was answered in a run.
#[derive(Clone)]
pub struct Run {
    /// By number: the reference that it is found by.
    pub booked: BTreeMap<PaymentId, String>,
    /// By payment: the number of the event that says so.
    pub announced: BTreeMap<PaymentId, u64>,
    /// By hash: the numbers of each line, up to but not including the second.
    pub lines: BTreeMap<String, (u64, u64)>,
    /// Number of the last event.
    pub last: u64,
}

/// The notice of a payment.
pub fn notice(reference: &str) -> Command {
    body(reference, reference)
}

fn body(reference: &str, content: &str) -> Command {
    let amount = 1000 + content.bytes().fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 100_000);
    receive(
        format!(
            r#"{{"bankAccount":"1234567890","amount":{amount},"transType":"C","referenceNumber":"{reference}","orderId":"","content":"{content}","status":1,"timePaid":"21/11/2026 09:30:00"}}"#
        )
        .into_bytes(),
    )
}

/// Runs `commits` groups of payments and what follows them, and ends as a killed process does.
pub fn run(fs: &Arc<dyn Fs>, dir: &Path, store: &dyn Store, commits: usize, group: usize) -> Run {
    let clock = TestClock::new();
    let mut writer = open(fs, &clock, dir, store);
    let (mut booked, mut announced) = (BTreeMap::new(), BTreeMap::new());
    for commit in 0..commits {
        let mut commands = Vec::new();
        let mut references = Vec::new();
        for n in 0..group {
            let reference = format!("FT{commit}-{n}");
            // A reference that comes later finds the payment too.
            commands.push(if n == 1 { body("", &reference) } else { notice(&reference) });
            references.push(reference);
        }
        let later = (group > 1).then(|| notice(&format!("FT{commit}-1")));
        commands.extend([notice("FT0-0"), receive(b"not a notice".to_vec())]);
        let answers = writer.commit(commands).unwrap();
        for (answer, reference) in answers.into_iter().zip(references) {
            let Ok(Answer::Booked(id)) = answer else { panic!("{answer:?}") };
            booked.insert(id, reference);
        }
        if let Some(later) = later {
            assert!(matches!(writer.commit(vec![later]).unwrap()[0], Ok(Answer::Repeat(_))));
        }
        if commit % 4 != 3 {
            let due = writer.reader().due(Age::Fresh, 2).unwrap();
            let payments: Vec<_> = due.iter().map(|due| due.payment).collect();
            let start =
                Command::AnnounceStart {
                    payments: payments.clone(), kind: Kind::Fresh, sentence: "Đã nhận".into()
                };
            let Ok(Answer::Recorded(started)) = writer.commit(vec![start]).unwrap()[0] else { panic!("not started") };
            announced.extend(payments.into_iter().map(|payment| (payment, started)));
            if commit % 3 != 0 {
                writer.commit(vec![Command::AnnounceFinish { started, took_ms: 1500 }]).unwrap();
            }
        }
        clock.forward(7_000);
    }
    writer.checkpoint().unwrap();
    let last = *writer.reader().committed().borrow();
    drop(writer);
    let mut lines = BTreeMap::new();
    each_line(&**fs, dir, |hash, first, end, _| {
        lines.insert(hash, (first, end));
    });
    Run { booked, announced, lines, last }
}

/// The groups that can be read, in the order they lie on the disk.
pub fn each_line(fs: &dyn Fs, dir: &Path, mut visit: impl FnMut(String, u64, u64, &[Event])) {
    for name in segments(fs, dir) {
        let Ok(file) = fs.read(&name.path(&dir.join("journal"))) else { continue };
        let mut scanner = Scanner::new(&*file, 0);
        while let Ok(Some(scanned)) = scanner.next() {
            if let Ok((_, Line::Group(group), hash)) = scanned.line {
                visit(hash.to_string(), group.seq, group.end(), &group.events);
            }
        }
    }
}

pub fn segments(fs: &dyn Fs, dir: &Path) -> Vec<SegmentName> {
    let entries = fs.list(&dir.join("journal")).unwrap_or_default();
    let mut names: Vec<_> = entries.iter().filter_map(|entry| SegmentName::parse(&entry.name)).collect();
    names.sort();
    names
}

/// The lines of a segment, each with its line end.
pub fn lines_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// A disk of its own with the same contents.
pub fn copy(disk: &SimFs) -> (SimFs, Arc<dyn Fs>) {
    let copy = disk.after_kill();
    (copy.clone(), Arc::new(copy))
}

/// Replaces the lines of a segment by others.
pub fn change_lines(disk: &SimFs, name: SegmentName, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    disk.damage(&name.path(&Path::new(DIR).join("journal")), |bytes| {
        let mut lines = lines_of(bytes);
        change(&mut lines);
        *bytes = lines.concat();
    });
}
