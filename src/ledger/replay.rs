//! Applying lines again: from where the store stands, or from the beginning. Lines that can not be read cost only themselves.

use super::{
    damages::{Bad, Damages},
    index::{Index, IndexError, Look, Overlay, keys},
    journal::{FORMAT, Group, Hash, Header, Line, Open, Scanned, Scanner, SegmentName, line::BadLine},
    state::{Meta, Position, SegmentFacts, State, entry, entry::Oldest, snapshot},
    view::Counters,
};
use crate::fs::Fs;
use std::{collections::BTreeSet, io, path::Path};
use vietqr_edge_core::{refund::RefundId, time::Timestamp};

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
    /// A line is whole, and says what this version does not know.
    #[error(
        "{segment} has a line at byte {offset} that is whole, but not known to this version ({why}). Install the version that wrote it"
    )]
    NotUnderstood {
        /// File name.
        segment: String,
        /// Where the line begins.
        offset: u64,
        /// What is not known.
        why: String,
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
    pub damages: Damages,
    /// Payments that waited when lines were lost, and will not be announced.
    pub forgotten: u64,
    /// Refunds that were in flight when lines were lost, and of which no later line or snapshot told.
    pub doubtful: BTreeSet<RefundId>,
    /// Where the last good line ends; `None` where a new segment must be begun.
    pub end: Option<u64>,
    /// The last line was cut off before it was ever acknowledged.
    pub torn: bool,
    /// The last segment.
    pub last_segment: SegmentName,
    batch: Option<State<'a>>,
    meta: Option<Meta>,
    /// A state that is being built says where it stands only when it is whole: half of one is not taken for all of it.
    building: bool,
    positioned: Option<u64>,
    bad: Option<Bad>,
    /// Nothing was applied and no line was read yet.
    untouched: bool,
    /// What came before is not known in full: the next snapshot is put back.
    lost: bool,
    here: Here,
    at: Timestamp,
}

/// What was found so far in the segment that is read.
#[derive(Default)]
struct Here {
    /// Its header was read, and follows what came before.
    header: bool,
    /// Its snapshot is being put back.
    restoring: bool,
    /// Its first group.
    first: Option<SegmentFacts>,
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
            damages: Damages::default(),
            forgotten: 0,
            doubtful: BTreeSet::new(),
            end: None,
            torn: false,
            last_segment: SegmentName(0),
            batch: None,
            meta: None,
            building: true,
            positioned: None,
            bad: None,
            untouched: true,
            lost: true,
            here: Here::default(),
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
        replay.at = counters.last_credit.unwrap_or(replay.at);
        replay.counters = counters;
        (replay.next, replay.prev, replay.oldest) = (meta.last.saturating_add(1), meta.hash, meta.oldest);
        (replay.lost, replay.untouched, replay.building) = (false, false, false);
        replay
    }

    /// Applies a segment from `offset`.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn segment(&mut self, name: SegmentName, offset: u64) -> Result<(), ReplayError> {
        let file = self.fs.read(&name.path(self.dir))?;
        self.positioned = None;
        if self.last_segment.0 != 0 && name > self.last_segment.next()? {
            self.bad = Some(Bad::missing_file(self.last_segment.next()?));
        }
        self.last_segment = name;
        self.here = Here { header: offset > 0, ..Here::default() };
        let before = SegmentFacts { first: self.next, at: self.at };
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
        if end == 0 && whole {
            self.bad = Some(Bad::certain(name, 0, "the file is empty"));
        }
        if !self.here.header {
            // It is known to the state all the same, or it would never be dropped.
            let facts = self.here.first.take().unwrap_or(before);
            self.begun(name, facts);
        }
        // A segment without a header could not be the oldest; what comes next begins another.
        self.end = (whole && self.here.header).then_some(end);
        Ok(())
    }

    /// Ends the replay: what can not be read at the end is a torn last line, or damage. `ahead` is the last number that a store had
    /// seen whose line is not in the journal.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub fn finish(&mut self, ahead: Option<u64>) -> Result<(), ReplayError> {
        let lost_to = ahead.filter(|last| *last >= self.next);
        // A line without numbers may be lost too; unless another place tells already why the store's line is not there.
        let lost = lost_to.is_some() || (ahead.is_some() && self.damages.is_empty());
        match self.bad.take() {
            Some(bad) if !bad.may_be_torn() || lost => self.damaged(bad, lost_to)?,
            Some(bad) => {
                let (segment, offset) = (bad.segment.to_string(), bad.offset);
                tracing::info!(
                    segment,
                    offset,
                    "the last line was cut off before it was ever acknowledged; it is left where it is"
                );
                self.torn = true;
            }
            None if lost => {
                let segment = self.last_segment.max(SegmentName(1));
                let reason = "lines that the store had seen are missing at the end";
                self.damaged(Bad::certain(segment, self.end.unwrap_or(0), reason), lost_to)?;
            }
            None => {}
        }
        let held = match &self.batch {
            Some(state) => state.overlay.look(keys::LOST)?,
            None => self.index.get(keys::LOST)?,
        };
        if held.is_some() && self.doubtful.is_empty() {
            // The numbers are passed over, and nothing else hangs on what they were.
            self.state().overlay.remove(keys::LOST.to_vec());
        }
        self.building = false;
        self.flush()
    }

    fn scanned(&mut self, name: SegmentName, scanned: Scanned) -> Result<(), ReplayError> {
        let offset = scanned.offset;
        match scanned.line {
            Ok((prev, Line::Header(header), hash)) => self.header(name, offset, prev, header, hash),
            Ok((prev, Line::Open(open), hash)) => self.open(name, offset, prev, &open, hash),
            Ok((prev, Line::Group(group), hash)) => self.group(name, offset, prev, group, hash),
            Err(BadLine::Unknown(why)) => Err(ReplayError::NotUnderstood { segment: name.to_string(), offset, why }),
            Err(reason) => {
                self.bad(name, offset, &reason);
                Ok(())
            }
        }
    }

    fn header(
        &mut self,
        name: SegmentName,
        offset: u64,
        prev: Hash,
        header: Header,
        hash: Hash,
    ) -> Result<(), ReplayError> {
        if header.format > FORMAT {
            return Err(ReplayError::Newer { segment: name.to_string(), found: header.format });
        }
        if self.here.header || header.first < self.next {
            self.damages.add(Bad::certain(name, offset, "a header where none belongs"), None);
            return Ok(());
        }
        let doubt = self.bad.is_some();
        let unbroken = self.prev == prev && self.next == header.first;
        if unbroken && self.bad.as_ref().is_some_and(Bad::may_be_torn) {
            // Never part of the chain: it was cut off before it was acknowledged.
            (self.bad, self.untouched) = (None, false);
        } else {
            self.gap(name, offset, prev, header.first)?;
        }
        if doubt {
            // What waited when this segment was begun is in its snapshot; whether it waited any longer was decided then.
            let at = self.at;
            snapshot::forget_due(self.state(), at)?;
            self.lost = true;
        }
        self.here = Here { header: true, restoring: self.lost, first: None };
        self.begun(name, SegmentFacts { first: header.first, at: header.at });
        (self.prev, self.at) = (hash, header.at);
        self.applied(name, offset, hash);
        Ok(())
    }

    fn open(
        &mut self,
        name: SegmentName,
        offset: u64,
        prev: Hash,
        open: &[Open],
        hash: Hash,
    ) -> Result<(), ReplayError> {
        if prev != self.prev {
            self.bad.get_or_insert(Bad::certain(name, offset, "the line before it is missing"));
            return Ok(());
        }
        if self.here.restoring {
            snapshot::restore(self.state(), open)?;
            for item in open {
                if let Open::Refund { refund } = item {
                    self.doubtful.remove(&refund.id);
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
        prev: Hash,
        group: Group,
        hash: Hash,
    ) -> Result<(), ReplayError> {
        if hash == self.prev {
            self.damages.add(Bad::certain(name, offset, "the line before it is there twice"), None);
            return Ok(());
        }
        if group.seq < self.next && !self.untouched {
            return self.out_of_order(name, offset, &group);
        }
        self.here.first.get_or_insert(SegmentFacts { first: group.seq, at: group.at });
        if self.gap(name, offset, prev, group.seq)? && self.here.restoring {
            self.lost = false;
        }
        self.here.restoring = false;
        let (end, at) = (group.end(), group.at);
        let far = self.positioned.is_none_or(|last| offset.saturating_sub(last) >= POSITION_EVERY);
        let state = self.state();
        for (seq, event) in (group.seq..).zip(&group.events) {
            state.event(seq, at, event)?;
        }
        for note in &group.notes {
            state.note(at, note)?;
        }
        if far {
            state.overlay.put(keys::position(group.seq), Position { segment: name.0, offset }.to_bytes());
            self.positioned = Some(offset);
        }
        (self.next, self.at, self.prev) = (end, at, hash);
        self.lines += 1;
        self.applied(name, offset, hash);
        if self.batch.as_ref().is_some_and(|state| state.overlay.len() > BATCH_KEYS) { self.flush() } else { Ok(()) }
    }

    /// A line whose numbers are behind what was applied: it counts where it was held to be missing, and else changes nothing.
    fn out_of_order(&mut self, name: SegmentName, offset: u64, group: &Group) -> Result<(), ReplayError> {
        if !self.damages.heal(group.seq, group.end()) {
            self.damages.add(Bad::certain(name, offset, "its number was used before"), None);
            return Ok(());
        }
        let state = self.state();
        for (seq, event) in (group.seq..).zip(&group.events) {
            state.late_event(seq, group.at, event)?;
        }
        for note in &group.notes {
            state.note(group.at, note)?;
        }
        self.lines += 1;
        Ok(())
    }

    /// Looks whether something is missing before a line with this number that names `prev`; true where nothing is.
    fn gap(&mut self, name: SegmentName, offset: u64, prev: Hash, seq: u64) -> Result<bool, ReplayError> {
        let bad = self.bad.take();
        if std::mem::take(&mut self.untouched) {
            return self.first(name, bad, seq);
        }
        let missing = (seq > self.next).then(|| seq.saturating_sub(1));
        match bad {
            None if prev == self.prev && missing.is_none() => Ok(true),
            // Something that can not be read, between lines that belong together: nothing is missing.
            Some(bad) if prev == self.prev && missing.is_none() => {
                self.damages.add(bad, None);
                Ok(true)
            }
            bad => {
                let bad = bad.unwrap_or_else(|| Bad::certain(name, offset, "the line before it is missing"));
                self.damaged(bad, missing)?;
                Ok(false)
            }
        }
    }

    /// The first line found: everything before it may have been dropped on purpose, which only later lines tell.
    fn first(&mut self, name: SegmentName, bad: Option<Bad>, seq: u64) -> Result<bool, ReplayError> {
        let whole = bad.is_none();
        if let Some(bad) = bad {
            self.damaged(bad, None)?;
        }
        if seq > 1 {
            let before = SegmentName(name.0.max(2) - 1);
            self.damaged(Bad::certain(before, 0, "the beginning of the journal is missing"), Some(seq - 1))?;
        }
        Ok(whole)
    }

    fn bad(&mut self, segment: SegmentName, offset: u64, reason: &BadLine) {
        match &mut self.bad {
            Some(bad) => bad.more(),
            // A segment gets its name when its first lines are durable: they are never cut off.
            none if offset == 0 => *none = Some(Bad::certain(segment, offset, &reason.to_string())),
            none => *none = Some(Bad::unreadable(segment, offset, reason)),
        }
    }

    fn damaged(&mut self, bad: Bad, last_missing: Option<u64>) -> Result<(), ReplayError> {
        self.damages.add(bad, last_missing.map(|last| (self.next, last)));
        let at = self.at;
        self.forgotten += snapshot::forget_due(self.state(), at)?;
        self.doubt_all()?;
        let doubt = !self.doubtful.is_empty();
        let overlay = &mut self.state().overlay;
        if doubt && overlay.look(keys::LOST)?.is_none() {
            overlay.put(keys::LOST.to_vec(), 0u64.to_be_bytes().to_vec());
        }
        self.next = last_missing.map_or(self.next, |last| last.saturating_add(1));
        self.lost = true;
        Ok(())
    }

    /// Holds all refunds in flight to be doubtful.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn doubt_all(&mut self) -> Result<(), IndexError> {
        let in_flight = self.state().refunds_in_flight()?;
        self.doubtful.extend(in_flight.iter().map(|refund| refund.id));
        Ok(())
    }

    fn begun(&mut self, name: SegmentName, facts: SegmentFacts) {
        self.state().overlay.put(keys::segment(name.0), entry::to_json(&facts));
    }

    fn applied(&mut self, name: SegmentName, offset: u64, hash: Hash) {
        let (journal, oldest) = (self.journal.to_owned(), self.oldest);
        self.meta = Some(Meta { journal, last: self.next.saturating_sub(1), segment: name.0, offset, hash, oldest });
    }

    fn state(&mut self) -> &mut State<'a> {
        let (index, counters, oldest) = (self.index, &self.counters, self.oldest);
        self.batch.get_or_insert_with(|| State { overlay: Overlay::new(index), counters: counters.clone(), oldest })
    }

    fn flush(&mut self) -> Result<(), ReplayError> {
        if let Some(state) = &self.batch {
            (self.counters, self.oldest) = (state.counters.clone(), state.oldest);
        } else if self.meta.is_none() {
            return Ok(());
        }
        let mut overlay = self.batch.take().map_or_else(|| Overlay::new(self.index), |state| state.overlay);
        if let (Some(meta), false) = (&mut self.meta, self.building) {
            meta.last = self.next.saturating_sub(1);
            meta.oldest = self.oldest;
            overlay.put(keys::META.to_vec(), entry::to_json(meta));
        }
        overlay.put(keys::COUNTERS.to_vec(), entry::to_json(&self.counters));
        Ok(self.index.apply(overlay.into_batch())?)
    }
}
