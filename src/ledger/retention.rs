//! Staying inside the configured bounds: whole segments and days are removed, oldest first, and the journal says so.

use super::{
    index::{Index, IndexError, Overlay, keys},
    journal::{Line, Scanner, SegmentName},
    raw, reserve, retention_refunds,
    state::{
        SegmentFacts, entry,
        known::{self, By},
    },
    writer::{Fatal, Writer},
};
use crate::fs::{Entry, Fs};
use std::{
    io,
    path::{Path, PathBuf},
};
use vietqr_edge_core::{
    event::{Event, JournalDropped, Note},
    payment::{PaymentId, reference_key},
    time::Timestamp,
};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// By how much sled's file grows at once.
const SLED_SEGMENT_BYTES: u64 = 512 << 10;
/// Entries are removed in pages.
const PAGE: usize = 512;

/// The bounds.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A segment is closed at this length in bytes.
    pub segment_bytes: u64,
    /// The whole state folder in bytes.
    pub disk_bytes: u64,
    /// Days that raw bodies are kept.
    pub raw_days: u32,
    /// Days that the journal is kept.
    pub ledger_days: u32,
}

impl Limits {
    /// From `[retention]`.
    pub fn new(max_disk_mb: u64, raw_days: u32, ledger_days: u32) -> Limits {
        let disk_bytes = max_disk_mb.saturating_mul(1 << 20);
        Limits { segment_bytes: (disk_bytes / 32).clamp(256 << 10, 8 << 20), disk_bytes, raw_days, ledger_days }
    }

    /// Down to here segments are dropped: until the next look the journal grows by one, and sled by one of its own.
    fn target(&self) -> u64 {
        let growth = self.segment_bytes.saturating_add(SLED_SEGMENT_BYTES);
        self.disk_bytes.saturating_sub(growth.min(self.disk_bytes / 8))
    }

    /// The most that one day's raw bodies take, in bytes.
    pub fn raw_day_bytes(&self) -> u64 {
        self.disk_bytes / 8
    }
}

/// Removes what is past its time or over the bounds.
///
/// By age, one day of bodies and one segment go at a time: a clock that is wrong for an hour must not cost the history.
pub(super) fn run(writer: &mut Writer) -> Result<(), Fatal> {
    let now = writer.now();
    let raw_dir = writer.state_dir.join("raw");
    let too_old = now.minus_millis(u64::from(writer.limits.raw_days) * DAY_MS).vietnam_day();
    let mut days = list(&*writer.fs, &raw_dir);
    days.retain(|entry| raw::day(&entry.name).is_some());
    days.sort_by(|a, b| a.name.cmp(&b.name));
    let mut aged = true;
    days.retain(|entry| {
        let old = aged && raw::day(&entry.name).is_some_and(|day| *day < *too_old);
        if old {
            remove(&*writer.fs, &raw_dir.join(&entry.name));
            aged = false;
        }
        !old
    });
    finish(writer)?;
    let forgotten = now.minus_millis(u64::from(writer.limits.ledger_days) * DAY_MS);
    retention_refunds::run(&*writer.index, writer.oldest, forgotten, now)?;
    let mut used = used(&*writer.fs, &writer.state_dir);
    for (path, len) in evidence(writer, &days) {
        if used <= writer.limits.target() {
            break;
        }
        remove(&*writer.fs, &path);
        used = used.saturating_sub(len);
    }
    if reserve::roomy(writer.fs.free(&writer.state_dir).map_err(Fatal::Journal)?) {
        drop_segments(writer, now, used)?;
    }
    Ok(())
}

/// What goes before history: what was set aside, then bodies, oldest first. The newest day is being written.
fn evidence(writer: &Writer, days: &[Entry]) -> Vec<(PathBuf, u64)> {
    let raw_dir = writer.state_dir.join("raw");
    let days = days.iter().take(days.len().saturating_sub(1));
    set_aside(&*writer.fs, &writer.state_dir)
        .into_iter()
        .chain(days.map(|entry| (raw_dir.join(&entry.name), entry.len)))
        .collect()
}

/// The files in `set-aside/`, with their length.
fn set_aside(fs: &dyn Fs, state_dir: &Path) -> Vec<(PathBuf, u64)> {
    let dir = state_dir.join("set-aside");
    let mut files = Vec::new();
    for entry in list(fs, &dir) {
        let path = dir.join(&entry.name);
        let inside = list(fs, &path);
        files.extend(inside.into_iter().map(|file| (path.join(file.name), file.len)));
        if entry.len > 0 {
            files.push((path, entry.len));
        }
    }
    files
}

/// Drops segments while the oldest is past its time or the folder is too large.
fn drop_segments(writer: &mut Writer, now: Timestamp, mut used: u64) -> Result<(), Fatal> {
    let current = writer.appender.segment().0;
    let oldest_kept = now.minus_millis(u64::from(writer.limits.ledger_days) * DAY_MS);
    let segments = segments(&*writer.index)?;
    let sizes = list(&*writer.fs, &writer.shared.journal_dir);
    let mut dropped: Option<JournalDropped> = None;
    for (n, pair) in segments.windows(2).enumerate() {
        let [(number, facts), (following, next)] = pair else { continue };
        // A segment ends when the next one begins.
        let reason = if next.at < oldest_kept && n == 0 {
            "ledger_days"
        } else if used > writer.limits.target() {
            "max_disk_mb"
        } else {
            break;
        };
        if *following > current {
            break;
        }
        let name = SegmentName(*number).to_string();
        used = used.saturating_sub(sizes.iter().find(|entry| entry.name == name).map_or(0, |entry| entry.len));
        let event = dropped.get_or_insert(JournalDropped {
            segments: 0,
            first: facts.first,
            last: 0,
            held_since: next.at,
            reason: reason.into(),
        });
        event.segments += 1;
        event.last = next.first.saturating_sub(1);
        // Clocks jump: what is held may reach further back than its first line says.
        let held = segments[n + 1..].iter().map(|(_, facts)| facts.at);
        event.held_since = held.fold(now, Timestamp::min);
    }
    if let Some(dropped) = dropped {
        tracing::info!(
            first = dropped.first,
            last = dropped.last,
            reason = dropped.reason,
            "old journal segments are removed"
        );
        writer.found.push_back(Event::JournalDropped(dropped));
        // Durable first: what is gone is always told.
        writer.tell_found()?;
        finish(writer)?;
    }
    Ok(())
}

/// Removes segments that the journal says are dropped, and what the store knows of them.
pub(super) fn finish(writer: &mut Writer) -> Result<(), Fatal> {
    let Some(oldest) = writer.oldest else { return Ok(()) };
    let segments = segments(&*writer.index)?;
    let dropped = segments.windows(2).take_while(|pair| pair[1].1.first <= oldest.seq).map(|pair| pair[0].0);
    let dropped: Vec<u32> = dropped.collect();
    if dropped.is_empty() {
        return Ok(());
    }
    let path = |number: &u32| SegmentName(*number).path(&writer.shared.journal_dir);
    for number in &dropped {
        forget(&*writer.fs, &*writer.index, &path(number))?;
    }
    // A store that is behind goes on from its last line, which must not go; and which keys go is known from the lines alone.
    writer.index.checkpoint()?;
    for number in &dropped {
        let path = path(number);
        let len = writer.fs.read(&path).and_then(|file| file.len()).unwrap_or(0);
        if let Err(error) = writer.fs.remove(&path) {
            // It is tried again with the next segment: no reason to stop taking money.
            tracing::warn!(%error, path = %path.display(), "a dropped segment can not be removed");
            break;
        }
        writer.fs.sync_dir(&writer.shared.journal_dir).map_err(Fatal::Journal)?;
        forget_numbers(&*writer.index, oldest.seq)?;
        writer.index.apply(vec![(keys::segment(*number), None)])?;
        writer.shared.removed(len);
    }
    Ok(())
}

/// Removes the keys of a segment's payments.
fn forget(fs: &dyn Fs, index: &dyn Index, path: &Path) -> Result<(), Fatal> {
    let Ok(file) = fs.read(path) else { return Ok(()) };
    let mut scanner = Scanner::new(&*file, 0);
    let mut state = Overlay::new(index);
    while let Ok(Some(scanned)) = scanner.next() {
        let Ok((_, Line::Group(group), _)) = scanned.line else { continue };
        for (seq, event) in (group.seq..).zip(&group.events) {
            let (Event::PaymentReceived(payment) | Event::PaymentDebited(payment)) = event else { continue };
            let found_by = payment.keys();
            if let Some(hash) = &found_by.reference {
                known::forget(&mut state, By::Reference, hash, PaymentId(seq))?;
            }
            for hash in &found_by.others {
                known::forget(&mut state, By::WithoutReference, hash, PaymentId(seq))?;
                known::forget(&mut state, By::Other, hash, PaymentId(seq))?;
                // A payment without a reference is under both: `Places::taken` counts on it.
                if let Some(left) = known::get(&state, By::WithoutReference, hash)? {
                    known::set_first(&mut state, By::Other, hash, left)?;
                }
            }
        }
        for note in &group.notes {
            let Note::ReferenceAdopted { payment, bank_account, trans_type, reference_number, .. } = note else {
                continue;
            };
            let hash = reference_key(bank_account, reference_number, *trans_type);
            known::forget(&mut state, By::Reference, &hash, *payment)?;
        }
        if state.len() >= PAGE {
            index.apply(std::mem::replace(&mut state, Overlay::new(index)).into_batch())?;
        }
    }
    Ok(index.apply(state.into_batch())?)
}

/// Removes what is kept under numbers below `oldest`.
fn forget_numbers(index: &dyn Index, oldest: u64) -> Result<(), IndexError> {
    let ends = [
        (vec![b'p'], keys::speech(PaymentId(oldest))),
        (vec![b'x'], keys::extra(PaymentId(oldest))),
        (keys::position(oldest.saturating_sub(1)), keys::all(b'i').1),
        (vec![b's'], keys::unfinished(oldest, 0)),
    ];
    for (from, to) in ends {
        loop {
            let page = index.range(&from, &to, PAGE)?;
            if page.is_empty() {
                break;
            }
            index.apply(page.into_iter().map(|(key, _)| (key, None)).collect())?;
        }
    }
    Ok(())
}

/// The segments that the state knows, oldest first.
pub(super) fn segments(index: &dyn Index) -> Result<Vec<(u32, SegmentFacts)>, IndexError> {
    let (from, to) = keys::all(b'g');
    index
        .range(&from, &to, usize::MAX)?
        .into_iter()
        .filter_map(|(key, value)| {
            let number = u32::from_be_bytes(key.get(1..5)?.try_into().ok()?);
            Some(entry::from_json(&value).map(|facts| (number, facts)))
        })
        .collect()
}

/// What counts towards `max_disk_mb`, in bytes: all that the daemon keeps in a state folder, what it set aside too. A folder that can
/// not be read counts nothing.
pub fn used(fs: &dyn Fs, state_dir: &Path) -> u64 {
    let kept = ["", "journal", "raw", "state"].into_iter().flat_map(|name| list(fs, &state_dir.join(name)));
    let lens = kept.map(|entry| entry.len).chain(set_aside(fs, state_dir).into_iter().map(|(_, len)| len));
    lens.fold(0, u64::saturating_add)
}

fn list(fs: &dyn Fs, dir: &Path) -> Vec<Entry> {
    fs.list(dir).unwrap_or_default()
}

fn remove(fs: &dyn Fs, path: &Path) {
    if let Err(error) = fs.remove(path) {
        tracing::warn!(%error, path = %path.display(), "an old file can not be removed");
    }
}

/// Removes what was set aside, oldest first, down to `keep` of them.
pub(super) fn thin_set_aside(dir: &Path, keep: usize) -> io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(dir)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    entries.sort();
    let surplus = entries.len().saturating_sub(keep);
    for path in entries.into_iter().take(surplus) {
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(%error, path = %path.display(), "what was set aside can not be removed");
        }
    }
    Ok(())
}
