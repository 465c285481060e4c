//! Applying lines again: from where the store stands, or from the beginning. Lines that can not be read cost only themselves.

use super::{
    index::{Index, IndexError, Overlay, keys},
    journal::{FORMAT, Hash, Header, Line, Open, Scanned, Scanner, SegmentName, line::BadLine},
    state::{Meta, Position, SegmentFacts, State, entry, entry::Oldest, snapshot},
    view::Counters,
};
use crate::fs::Fs;
use std::{collections::BTreeSet, io, path::Path};
use vietqr_edge_core::{event::JournalDamaged, refund::RefundId, time::Timestamp};

/// Lines are applied to the store in batches of about this many keys.
const BATCH_KEYS: usize = 2000;
/// As in the writer.
const POSITION_EVERY: u64 = 16 * 1024;

/// The journal can not be used.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It can not be read at all.
    #[error("the journal can not be read: {0}")]
    Io(#[from] io::Error),
    /// The store failed meanwhile.
    #[error("{0}")]
    Store(#[from] IndexError),
    /// It was written by a newer version.
    #[error("{segment} has format {found}; this version reads up to {FORMAT}. Install the newer version again")]
    Newer {
        /// File name.
        segment: String,
        /// Its format.
        found: u32,
    },
}

/// Where the lines applied so far lead to.
pub struct Replay<'a> {
    fs: &'a dyn Fs,
    dir: &'a Path,
    index: &'a dyn Index,
    journal: &'a str,
    /// Totals.
    pub counters: Counters,
    /// Where the held part begins.
    pub oldest: Option<Oldest>,
    /// Number of the next event.
    pub next: u64,
    /// Hash of the last good line.
    pub prev: Hash,
    /// Lines applied.
    pub lines: u64,
    /// Places that can not be read.
    pub damages: Vec<JournalDamaged>,
    /// Payments that waited when lines were lost, and will not be announced.
    pub forgotten: u64,
    /// Refunds that were in flight when lines were lost, and of which no later line or snapshot told.
    pub doubtful: BTreeSet<RefundId>,
    /// Where the last good line ends; `None` where a new segment must be begun.
    pub end: Option<u64>,
    /// The last segment.
    pub last_segment: SegmentName,
    batch: Option<State<'a>>,
    meta: Option<Meta>,
    positioned: Option<u64>,
    bad: Option<Bad>,
    /// The next snapshot is put back: what came before it is not known in full.
    lost: bool,
    at: Timestamp,
}

struct Bad {
    segment: SegmentName,
    offset: u64,
    reason: String,
    places: u32,
}

impl<'a> Replay<'a> {
    /// Nothing applied: a rebuild.
    pub fn from_start(fs: &'a dyn Fs, dir: &'a Path, index: &'a dyn Index, journal: &'a str) -> Replay<'a> {
        Replay {
            fs,
            dir,
            index,
            journal,
            counters: Counters::default(),
            oldest: None,
            next: 1,
            prev: Hash::NONE,
            lines: 0,
            damages: Vec::new(),
            forgotten: 0,
            doubtful: BTreeSet::new(),
            end: None,
            last_segment: SegmentName(0),
            batch: None,
            meta: None,
            positioned: None,
            bad: None,
            lost: true,
            at: Timestamp::from_secs(0),
        }
    }

    /// Everything up to and with the line that `meta` names is applied already.
    pub fn from_meta(
        fs: &'a dyn Fs,
        dir: &'a Path,
        index: &'a dyn Index,
        meta: &'a Meta,
        counters: Counters,
    ) -> Replay<'a> {
        let mut replay = Replay::from_start(fs, dir, index, &meta.journal);
        replay.counters = counters;
        (replay.next, replay.prev, replay.oldest, replay.lost) = (meta.last + 1, meta.hash, meta.oldest, false);
        replay
    }

    /// Applies a segment from `offset`.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn segment(&mut self, name: SegmentName, offset: u64) -> Result<(), ReplayError> {
        let file = self.fs.read(&name.path(self.dir))?;
        self.positioned = None;
        let missing = self.last_segment.0 != 0 && name.0 > self.last_segment.0 + 1;
        if missing {
            let gone = SegmentName(self.last_segment.0 + 1);
            self.bad = Some(Bad { segment: gone, offset: 0, reason: "the file is missing".into(), places: 2 });
        }
        self.last_segment = name;
        let mut end = offset;
        let mut whole = true;
        let mut scanner = Scanner::new(&*file, offset);
        while let Some(scanned) = scanner.next()? {
            whole = scanned.line.is_ok();
            if whole {
                end = scanned.end();
            }
            self.scanned(name, scanned)?;
        }
        self.end = whole.then_some(end);
        Ok(())
    }

    /// Ends the replay: what can not be read at the end is a torn last line, or damage.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn finish(&mut self, ahead: Option<u64>) -> Result<(), ReplayError> {
        let lost_to = ahead.filter(|last| *last >= self.next);
        match self.bad.take() {
            Some(bad) if bad.places > 1 || lost_to.is_some() => self.damaged(bad, lost_to)?,
            Some(bad) => {
                let (segment, offset) = (bad.segment.to_string(), bad.offset);
                tracing::info!(
                    segment,
                    offset,
                    "the last line was cut off before it was ever acknowledged; it is left where it is"
                );
            }
            None if lost_to.is_some() => {
                let reason = "lines that the store had seen are missing at the end".into();
                let bad = Bad { segment: self.last_segment, offset: self.end.unwrap_or(0), reason, places: 2 };
                self.damaged(bad, lost_to)?;
            }
            None => {}
        }
        self.flush()
    }

    fn scanned(&mut self, name: SegmentName, scanned: Scanned) -> Result<(), ReplayError> {
        let (prev, line, hash) = match scanned.line {
            Ok(read) => read,
            Err(reason) => {
                self.bad(name, scanned.offset, &reason);
                return Ok(());
            }
        };
        match line {
            Line::Header(header) => self.header(name, prev, header)?,
            Line::Open(open) => {
                if self.lost {
                    let state = self.state();
                    snapshot::restore(state, &open)?;
                    for item in &open {
                        if let Open::Refund { refund } = item {
                            self.doubtful.remove(&refund.id);
                        }
                    }
                }
            }
            Line::Group(group) => {
                self.gap(name, scanned.offset, prev, group.seq)?;
                self.lost = false;
                if group.seq < self.next {
                    // Its number was used already; nothing of it can be trusted to be new.
                    let reason = "its number was used before".into();
                    let bad = Bad { segment: name, offset: scanned.offset, reason, places: 1 };
                    self.damaged(bad, None)?;
                } else {
                    self.group(name, scanned.offset, group, hash)?;
                }
            }
        }
        self.prev = hash;
        Ok(())
    }

    fn group(
        &mut self,
        name: SegmentName,
        offset: u64,
        group: super::journal::Group,
        hash: Hash,
    ) -> Result<(), ReplayError> {
        let (positioned, end, at) = (self.positioned, group.end(), group.at);
        let state = self.state();
        for (seq, event) in (group.seq..).zip(&group.events) {
            state.event(seq, at, event)?;
        }
        for note in &group.notes {
            state.note(at, note)?;
        }
        let far = positioned.is_none_or(|last| offset - last >= POSITION_EVERY);
        if far {
            state.overlay.put(keys::position(group.seq), Position { segment: name.0, offset }.to_bytes());
        }
        let (oldest, keys) = (state.oldest, state.overlay.len());
        if far {
            self.positioned = Some(offset);
        }
        (self.next, self.at) = (end, at);
        self.lines += 1;
        self.meta =
            Some(Meta { journal: self.journal.to_owned(), last: end - 1, segment: name.0, offset, hash, oldest });
        if keys > BATCH_KEYS { self.flush() } else { Ok(()) }
    }

    fn header(&mut self, name: SegmentName, prev: Hash, header: Header) -> Result<(), ReplayError> {
        if header.format > FORMAT {
            return Err(ReplayError::Newer { segment: name.to_string(), found: header.format });
        }
        self.gap(name, 0, prev, header.first)?;
        let facts = SegmentFacts { first: header.first, at: header.at };
        self.state().overlay.put(keys::segment(name.0), entry::to_json(&facts));
        Ok(())
    }

    /// Looks whether something is missing before a line with this number that names `prev`.
    fn gap(&mut self, name: SegmentName, offset: u64, prev: Hash, seq: u64) -> Result<(), ReplayError> {
        let bad = self.bad.take();
        if self.prev == Hash::NONE && self.lines == 0 && self.next == 1 {
            return self.first(name, bad, seq);
        }
        if prev == self.prev && seq == self.next {
            // What could not be read was never part of the chain: a torn line before a new segment.
            return Ok(());
        }
        let reason = "the line before it is missing".into();
        let bad = bad.unwrap_or(Bad { segment: name, offset, reason, places: 1 });
        self.damaged(bad, (seq > self.next).then(|| seq - 1))
    }

    /// The first line found: everything before it may have been dropped on purpose, which only later lines tell.
    fn first(&mut self, name: SegmentName, bad: Option<Bad>, seq: u64) -> Result<(), ReplayError> {
        if seq > 1 || bad.is_some() {
            let reason = "the beginning of the journal is missing".into();
            let bad = bad.unwrap_or(Bad { segment: SegmentName(name.0.max(2) - 1), offset: 0, reason, places: 1 });
            self.damaged(bad, (seq > 1).then(|| seq - 1))?;
        }
        Ok(())
    }

    fn bad(&mut self, segment: SegmentName, offset: u64, reason: &BadLine) {
        match &mut self.bad {
            Some(bad) => bad.places += 1,
            none => *none = Some(Bad { segment, offset, reason: reason.to_string(), places: 1 }),
        }
    }

    fn damaged(&mut self, bad: Bad, last_missing: Option<u64>) -> Result<(), ReplayError> {
        let first_missing = last_missing.map(|_| self.next);
        self.damages.push(JournalDamaged {
            segment: bad.segment.to_string(),
            offset: bad.offset,
            first_missing,
            last_missing,
            reason: bad.reason,
        });
        let at = self.at;
        self.forgotten += snapshot::forget_due(self.state(), at)?;
        let in_flight = self.state().refunds_in_flight()?;
        self.doubtful.extend(in_flight.iter().map(|refund| refund.id));
        self.next = last_missing.map_or(self.next, |last| last + 1);
        self.lost = true;
        Ok(())
    }

    fn state(&mut self) -> &mut State<'a> {
        let (index, counters, oldest) = (self.index, &self.counters, self.oldest);
        self.batch.get_or_insert_with(|| State { overlay: Overlay::new(index), counters: counters.clone(), oldest })
    }

    fn flush(&mut self) -> Result<(), ReplayError> {
        let Some(mut state) = self.batch.take() else { return Ok(()) };
        (self.counters, self.oldest) = (state.counters, state.oldest);
        if let Some(meta) = &mut self.meta {
            meta.last = self.next - 1;
            meta.oldest = self.oldest;
            state.overlay.put(keys::META.to_vec(), entry::to_json(meta));
        }
        state.overlay.put(keys::COUNTERS.to_vec(), entry::to_json(&self.counters));
        Ok(self.index.apply(state.overlay.into_batch())?)
    }
}
