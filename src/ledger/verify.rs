//! Reading the journal of a stopped or running device, without changing anything: is it whole, and what does it say.

use super::{
    folder,
    index::{Batch, Index, IndexError, Pair},
    journal::{Line, Scanner},
    replay::{Replay, ReplayError},
    view::{Identity, Recorded},
};
use crate::fs::{Fs, ReadAt};
use serde::Serialize;
use std::{collections::VecDeque, io, ops::ControlFlow, path::Path};
use vietqr_edge_core::event::JournalDamaged;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files.
    pub segments: u64,
    /// Lines that count.
    pub lines: u64,
    /// First event held; 1 unless older ones were dropped.
    pub first: u64,
    /// Last event; 0 where there is none.
    pub last: u64,
    /// SHA-256 of the last line: whoever wrote it down can prove that nothing before it was changed.
    pub head: String,
    /// The last line was cut off before it was ever acknowledged; that is no damage.
    pub torn_tail: bool,
    /// Places that can not be read, in order.
    pub damages: Vec<BadPlace>,
}

/// A place that can not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadPlace {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Where it is, and what is missing there.
    #[serde(flatten)]
    pub damage: JournalDamaged,
}

/// Checks every line's checksum, and the chain of hashes and numbers.
///
/// # Errors
/// [`ReplayError`] where there is no journal, or it is of a newer format.
pub fn verify(fs: &dyn Fs, state_dir: &Path) -> Result<Report, ReplayError> {
    verify_with(fs, state_dir, &mut || true)
}

/// The same, with a pause after each segment: what is found so far where `go_on` is false.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(fs: &dyn Fs, state_dir: &Path, go_on: &mut dyn FnMut() -> bool) -> Result<Report, ReplayError> {
    let dir = state_dir.join("journal");
    let names = folder::segments(fs, &dir)?;
    if names.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("no segment in {}", dir.display())).into());
    }
    let mut replay = Replay::from_start(fs, &dir, &Nowhere, "");
    for name in &names {
        replay.segment(*name, 0)?;
        if !go_on() {
            break;
        }
    }
    replay.finish(None)?;
    let damages = std::mem::take(&mut replay.damages).held(replay.oldest.map(|oldest| oldest.seq));
    let damages = damages.into_iter().map(|damage| BadPlace { line: line_of(fs, &dir, &damage), damage }).collect();
    Ok(Report {
        segments: names.len() as u64,
        lines: replay.lines,
        first: replay.oldest.map_or(1, |oldest| oldest.seq),
        last: replay.next.saturating_sub(1),
        head: replay.prev.to_string(),
        torn_tail: replay.torn,
        damages,
    })
}

/// Visits every event that can be read, oldest first.
///
/// # Errors
/// As the system says.
pub fn each_event(
    fs: &dyn Fs,
    state_dir: &Path,
    mut visit: impl FnMut(&Identity, Recorded) -> ControlFlow<()>,
) -> io::Result<()> {
    let dir = state_dir.join("journal");
    for name in folder::segments(fs, &dir)? {
        if each_in(fs, &name.path(&dir), &mut visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The last `n` events that can be read, oldest first. Reads no more segments than it needs, the newest first.
///
/// # Errors
/// As the system says.
pub fn last_events(fs: &dyn Fs, state_dir: &Path, n: usize) -> io::Result<Vec<(Identity, Recorded)>> {
    let dir = state_dir.join("journal");
    let mut last = VecDeque::new();
    for name in folder::segments(fs, &dir)?.into_iter().rev() {
        let wanted = n.saturating_sub(last.len());
        if wanted == 0 {
            break;
        }
        let mut here = VecDeque::new();
        let _ = each_in(fs, &name.path(&dir), &mut |identity, recorded| {
            if here.len() == wanted {
                here.pop_front();
            }
            here.push_back((identity.clone(), recorded));
            ControlFlow::Continue(())
        })?;
        here.append(&mut last);
        last = here;
    }
    Ok(last.into())
}

/// Visits the events of a segment.
fn each_in(
    fs: &dyn Fs,
    segment: &Path,
    visit: &mut impl FnMut(&Identity, Recorded) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut identity = Identity { device: String::new(), journal: String::new() };
    let file = fs.read(segment)?;
    let mut scanner = Scanner::new(&*file, 0);
    while let Some(scanned) = scanner.next()? {
        match scanned.line {
            Ok((_, Line::Header(header), _)) => {
                identity = Identity { device: header.device, journal: header.journal };
            }
            Ok((_, Line::Group(group), _)) => {
                for (seq, event) in (group.seq..).zip(group.events) {
                    if visit(&identity, Recorded { seq, at: group.at, event }).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Ok((_, Line::Open(_), _)) | Err(_) => {}
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn line_of(fs: &dyn Fs, dir: &Path, damage: &JournalDamaged) -> u64 {
    let count = || -> io::Result<u64> {
        let file: Box<dyn ReadAt> = fs.read(&dir.join(&damage.segment))?;
        let mut scanner = Scanner::new(&*file, 0);
        let mut line = 1;
        while let Some(scanned) = scanner.next()? {
            if scanned.end() > damage.offset {
                break;
            }
            line += 1;
        }
        Ok(line)
    };
    count().unwrap_or(1)
}

/// A store that keeps nothing: what it would hold is of no interest here.
struct Nowhere;

impl Index for Nowhere {
    fn get(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(None)
    }

    fn range(&self, _from: &[u8], _to: &[u8], _limit: usize) -> Result<Vec<Pair>, IndexError> {
        Ok(Vec::new())
    }

    fn apply(&self, _batch: Batch) -> Result<(), IndexError> {
        Ok(())
    }

    fn checkpoint(&self) -> Result<(), IndexError> {
        Ok(())
    }
}
