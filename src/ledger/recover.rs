//! Opening the ledger, whatever the disk holds.

use super::{
    at_disk::AtDisk,
    decide::Rules,
    folder,
    index::{Index, IndexError, keys},
    journal::{FORMAT, Hash, Header, Line, Scanner, SegmentName, append::Appender, line::BadLine},
    raw::Raw,
    refunds_at_start,
    replay::{Replay, ReplayError},
    reserve,
    retention::{self, Limits},
    ring::{Ring, Told, Untold},
    shared::Shared,
    state::{Meta, damage, entry, entry::Oldest, snapshot},
    store::Store,
    view::{Counters, Disk, Identity},
    writer::Writer,
};
use crate::{
    clock::Clock,
    fs::{Free, Fs},
};
use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use vietqr_edge_core::{
    event::{Event, JournalDamaged, StoreRebuilt},
    refund::RefundId,
};

/// What the ledger is opened with.
pub struct Options {
    /// Its folder.
    pub state_dir: PathBuf,
    /// `[device] id`.
    pub device: String,
    /// A digest of the machine's id.
    pub machine: String,
    /// 8 hex digits, used where a journal is created.
    pub fresh_journal: String,
    /// What the configuration says about money.
    pub rules: Rules,
    /// The bounds.
    pub limits: Limits,
}

/// The ledger can not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another daemon has it.
    #[error("{} is in use by process {holder}: stop that daemon first, two must never share a state folder", dir.display())]
    Held {
        /// The state folder.
        dir: PathBuf,
        /// Its process id, or a question mark.
        holder: String,
    },
    /// The folder can not be made or written.
    #[error("{} can not be used: {source}. The daemon must be able to write there", dir.display())]
    Folder {
        /// The state folder.
        dir: PathBuf,
        /// As the system says.
        source: io::Error,
    },
    /// The journal can not be used.
    #[error(transparent)]
    Journal(#[from] ReplayError),
    /// Not even an empty store can be made.
    #[error("no store can be made in {}: {why}", dir.display())]
    Store {
        /// The state folder.
        dir: PathBuf,
        /// As sled says.
        why: String,
    },
}

/// The state lock; it ends with the guard or the process.
pub struct StateLock(#[allow(dead_code)] Box<dyn Any + Send>);

/// A child of a daemon that was killed has the daemon's lock until it begins its own program: on a loaded device that takes a while.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock, before anything else in the folder is touched. Where another has it, that is tried for a second.
///
/// # Errors
/// [`OpenError::Held`], [`OpenError::Folder`].
pub fn lock(fs: &dyn Fs, state_dir: &Path) -> Result<StateLock, OpenError> {
    let folder = |source| OpenError::Folder { dir: state_dir.to_owned(), source };
    fs.create_dir(state_dir).map_err(folder)?;
    let path = state_dir.join("lock");
    let mut tries = 1;
    let locked = loop {
        match fs.lock(&path) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            other => break other,
        }
    };
    locked.map(StateLock).map_err(|error| {
        if error.kind() == io::ErrorKind::WouldBlock {
            let holder = error.to_string();
            let holder = if holder.is_empty() { "?".to_owned() } else { holder };
            OpenError::Held { dir: state_dir.to_owned(), holder }
        } else {
            folder(error)
        }
    })
}

/// Opens the ledger. The caller holds the lock.
///
/// # Errors
/// [`OpenError`].
pub fn open(options: Options, fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, store: &dyn Store) -> Result<Writer, OpenError> {
    let at_disk = AtDisk::new(Arc::clone(&clock));
    // The readers' file system is not the writer's: they wait on threads of their own.
    let (theirs, fs) = (Arc::clone(&fs), at_disk.fs(fs));
    let dir = options.state_dir.clone();
    let folder = |source| OpenError::Folder { dir: dir.clone(), source };
    let (journal_dir, raw_dir) = (dir.join("journal"), dir.join("raw"));
    folder::prepare(&*fs, &dir, clock.now()).map_err(folder)?;
    match reserve::settle(&*fs, &dir) {
        Ok(true) => tracing::warn!("the disk is full; the reserve was given back to start at all"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "the reserve can not be kept"),
    }
    let names = folder::segments(&*fs, &journal_dir).map_err(folder)?;
    let found = Found { fs: &*fs, clock: &*clock, store, dir: &dir, journal_dir: &journal_dir, names: &names };
    let (opened, state) = found.state(&options.fresh_journal)?;

    let mut tell = Vec::new();
    if let Some(Rebuilt { reason, set_aside }) = opened.rebuilt {
        tracing::warn!(reason, lines = state.lines, "the state was built again from the journal");
        tell.push(Event::StoreRebuilt(StoreRebuilt { reason, set_aside, lines: state.lines }));
    }
    for damage in state.damages {
        let (segment, offset, reason) = (&damage.segment, damage.offset, &damage.reason);
        tracing::error!(segment, offset, reason, "a part of the journal can not be read");
        tell.push(Event::JournalDamaged(damage));
    }
    if state.forgotten > 0 {
        let payments = state.forgotten;
        tracing::warn!(payments, "payments that waited where lines are lost will not be announced: they may have been");
    }

    let newest = found.newest_header()?;
    let stranger =
        newest.as_ref().filter(|header| (&header.device, &header.machine) != (&options.device, &options.machine));
    if let Some(Header { device, machine, .. }) = stranger {
        tracing::warn!(
            device,
            machine,
            "the journal was written by another device or machine: queued refunds go to review"
        );
    }
    let next = state.next;
    let doubts = refunds_at_start::Doubts { lost: &state.doubtful, stranger: stranger.is_some() };
    tell.extend(refunds_at_start::settle(&*opened.index, &options.rules.refund, &doubts, clock.now(), next)?);
    // The newest header names the device that goes on.
    let end = state.end.filter(|_| stranger.is_none());
    let appender = Appender::open(Arc::clone(&fs), &journal_dir, state.last_segment, end, state.prev);
    let appender = appender.map_err(folder)?;
    let mut untold = Untold::default();
    let ring = Ring::open(Arc::clone(&fs), &raw_dir, &state.told, &mut untold).map_err(folder)?;
    let free = fs.free(&dir).unwrap_or(Free { bytes: 0, files: 0 });
    let disk = Disk {
        journal_bytes: names.iter().filter_map(|name| fs.read(&name.path(&journal_dir)).ok()?.len().ok()).sum(),
        segments: names.len() as u64,
        free_bytes: free.bytes,
        free_files: free.files,
        low: false,
        full: false,
    };
    let identity = Identity { device: options.device, journal: opened.journal };
    let accounts = options.rules.accounts.clone();
    let lost = lost(&*opened.index).map_err(ReplayError::from)?.is_some();
    let (index, last) = (opened.index, state.next.saturating_sub(1));
    let shared = Shared::new(theirs, Arc::clone(&index), journal_dir, identity, accounts, last, disk);
    shared.set_untold(&untold);
    let mut writer = Writer {
        raw: Raw::new(Arc::clone(&fs), &raw_dir, options.limits.raw_day_bytes()),
        fs,
        clock,
        state_dir: dir,
        index: at_disk.index(index),
        at_disk,
        shared: Arc::new(shared),
        appender,
        rules: options.rules,
        limits: options.limits,
        machine: options.machine,
        counters: state.counters,
        oldest: state.oldest,
        next: state.next,
        positioned: None,
        ring,
        untold,
        told: BTreeMap::new(),
        found: tell.into(),
        lost,
        started: next,
        next_tick: None,
        behind: state.lines > 0,
    };
    writer.schedule().map_err(ReplayError::from)?;
    // What the journal says is dropped may still be there, where power was lost in between.
    if let Err(error) = retention::finish(&mut writer) {
        tracing::warn!(%error, "what was dropped could not all be removed");
    }
    Ok(writer)
}

/// What the folder holds.
struct Found<'a> {
    fs: &'a dyn Fs,
    clock: &'a dyn Clock,
    store: &'a dyn Store,
    dir: &'a Path,
    journal_dir: &'a Path,
    names: &'a [SegmentName],
}

/// An open store, and where to go on from.
struct Opened {
    index: Arc<dyn Index>,
    journal: String,
    /// Where it stands, and where that line ends; `None` where it is to be built.
    known: Option<(Meta, u64)>,
    rebuilt: Option<Rebuilt>,
    /// The last event that the old store had seen, where its line is not in the journal.
    ahead: Option<u64>,
}

struct Rebuilt {
    reason: String,
    set_aside: Option<String>,
}

/// The state, up to the last line.
struct Recovered {
    counters: Counters,
    oldest: Option<Oldest>,
    next: u64,
    prev: Hash,
    lines: u64,
    damages: Vec<JournalDamaged>,
    forgotten: u64,
    end: Option<u64>,
    last_segment: SegmentName,
    told: Told,
    doubtful: BTreeSet<RefundId>,
}

impl Found<'_> {
    /// Brings the store to the end of the journal. One that fails meanwhile is built again, once.
    fn state(&self, fresh_journal: &str) -> Result<(Opened, Recovered), OpenError> {
        let opened = self.open_store(fresh_journal)?;
        let failed = match self.recover(&opened) {
            Ok(state) if !opened.index.has_failed() => return Ok((opened, state)),
            Ok(_) => "it failed while it was read".to_owned(),
            Err(ReplayError::Store(error)) => error.0,
            Err(error) => return Err(error.into()),
        };
        let (journal, ahead) = (opened.journal, opened.ahead);
        // Its files may not be open any more when others take their names.
        drop(opened.index);
        let opened = self.start_over(failed, journal, ahead)?;
        let state = self.recover(&opened)?;
        Ok((opened, state))
    }

    /// Opens the store and looks whether it fits the journal; one that does not is set aside.
    fn open_store(&self, fresh_journal: &str) -> Result<Opened, OpenError> {
        let named = self.newest_header()?.map(|header| header.journal);
        let fresh = || named.clone().unwrap_or_else(|| fresh_journal.to_owned());
        let index = match self.store.open() {
            Ok(index) => index,
            Err(error) => return self.start_over(error.0, fresh(), None),
        };
        let meta = match snapshot::meta(&*index) {
            Ok(Some(meta)) => meta,
            Ok(None) => return self.open_bare(index, fresh()),
            Err(error) => {
                drop(index);
                return self.start_over(error.0, fresh(), None);
            }
        };
        if named.as_ref().is_some_and(|journal| *journal != meta.journal) {
            drop(index);
            return self.start_over("it belongs to another journal".into(), fresh(), None);
        }
        let journal = meta.journal.clone();
        match self.line_end(&meta) {
            Some(resume_at) => {
                Ok(Opened { index, journal, known: Some((meta, resume_at)), rebuilt: None, ahead: None })
            }
            None => {
                drop(index);
                let reason = if self.names.is_empty() {
                    "the journal is missing"
                } else {
                    "it is ahead of the journal, or of another history"
                };
                self.start_over(reason.into(), journal, Some(meta.last))
            }
        }
    }

    /// A store that no line was applied to. Where it was begun for this journal and holds nothing else, the last run was killed
    /// before sled wrote more; otherwise it was lost, or not built to its end.
    fn open_bare(&self, index: Arc<dyn Index>, journal: String) -> Result<Opened, OpenError> {
        match self.begun(&*index, &journal) {
            Ok(Some(begun)) => {
                let lost = || Rebuilt { reason: "the store was missing or empty".to_owned(), set_aside: None };
                let rebuilt = (!begun).then(lost);
                Ok(Opened { index, journal, known: None, rebuilt, ahead: None })
            }
            Ok(None) => {
                let ahead = lost(&*index).ok().flatten().filter(|last| *last > 0);
                drop(index);
                self.start_over("it was not built to its end, or by another version".into(), journal, ahead)
            }
            Err(error) => {
                drop(index);
                self.start_over(error.0, journal, None)
            }
        }
    }

    /// Whether a store without lines was begun for this journal; it is marked as begun where the journal is new, too. `None` where
    /// it holds more than a beginning does: the mark, and segments without a line.
    fn begun(&self, index: &dyn Index, journal: &str) -> Result<Option<bool>, IndexError> {
        let held = index.range(&[0], &[u8::MAX], 16)?;
        if !held.iter().all(|(key, _)| key == keys::BEGUN || key.starts_with(&keys::all(b'g').0)) {
            return Ok(None);
        }
        if self.names.is_empty() {
            index.apply(vec![(keys::BEGUN.to_vec(), Some(journal.as_bytes().to_vec()))])?;
            index.checkpoint()?;
            return Ok(Some(true));
        }
        Ok(Some(index.get(keys::BEGUN)?.is_some_and(|begun| begun == journal.as_bytes())))
    }

    /// Sets the store aside and makes an empty one.
    fn start_over(&self, reason: String, journal: String, ahead: Option<u64>) -> Result<Opened, OpenError> {
        let no_store = |why: String| OpenError::Store { dir: self.dir.to_owned(), why };
        if self.fs.free(self.dir).is_ok_and(|free| !reserve::roomy(free)) {
            // It may well be whole; and another could not be built.
            return Err(no_store(format!("{reason}, and the disk is full: make room")));
        }
        let set_aside = self.store.set_aside(self.clock.now()).map_err(|error| no_store(error.to_string()))?;
        let index = self.store.open().map_err(|error| no_store(error.0))?;
        if let Some(last) = ahead {
            // The store that knew is away, and the journal does not tell.
            let kept = index.apply(vec![(keys::LOST.to_vec(), Some(last.to_be_bytes().to_vec()))]);
            kept.and_then(|()| index.checkpoint()).map_err(|error| no_store(error.0))?;
        }
        Ok(Opened { index, journal, known: None, rebuilt: Some(Rebuilt { reason, set_aside }), ahead })
    }

    fn recover(&self, opened: &Opened) -> Result<Recovered, ReplayError> {
        let index = &*opened.index;
        let untold = opened.known.is_some() && lost(index)?.is_some();
        let mut replay = match &opened.known {
            Some((meta, _)) => {
                let counters = index.get(keys::COUNTERS)?.map(|bytes| entry::from_json(&bytes)).transpose()?;
                Replay::from_meta(self.fs, self.journal_dir, index, meta, counters.unwrap_or_default())
            }
            None => Replay::from_start(self.fs, self.journal_dir, index, &opened.journal),
        };
        let (from, resume_at) = opened.known.as_ref().map_or((0, 0), |(meta, end)| (meta.segment, *end));
        for name in self.names.iter().filter(|name| name.0 >= from) {
            replay.segment(*name, if name.0 == from { resume_at } else { 0 })?;
        }
        if untold {
            // The start that met them ended before it said which refunds they may have told of.
            replay.doubt_all()?;
        }
        replay.finish(opened.ahead)?;
        if opened.known.is_some() {
            replay.damages.extend(self.missing_files(index, replay.oldest)?);
        }
        let mut damages = Vec::new();
        for damage in std::mem::take(&mut replay.damages).held(replay.oldest.map(|oldest| oldest.seq)) {
            damages.extend(damage::untold(index, damage)?);
        }
        Ok(Recovered {
            counters: replay.counters.clone(),
            oldest: replay.oldest,
            next: replay.next,
            prev: replay.prev,
            lines: replay.lines,
            damages,
            forgotten: replay.forgotten,
            end: replay.end,
            last_segment: replay.last_segment,
            told: Told::read(index)?,
            doubtful: std::mem::take(&mut replay.doubtful),
        })
    }

    /// The newest header that can be read.
    fn newest_header(&self) -> Result<Option<Header>, ReplayError> {
        for name in self.names.iter().rev() {
            match header(self.fs, self.journal_dir, *name) {
                Some(Ok(header)) if header.format > FORMAT => {
                    return Err(ReplayError::Newer { segment: name.to_string(), found: header.format });
                }
                Some(Ok(header)) => return Ok(Some(header)),
                Some(Err(BadLine::Unknown(why))) => {
                    return Err(ReplayError::NotUnderstood { segment: name.to_string(), offset: 0, why });
                }
                Some(Err(_)) | None => {}
            }
        }
        Ok(None)
    }

    /// Where the line ends that the store says it applied last; `None` where that line is not there.
    fn line_end(&self, meta: &Meta) -> Option<u64> {
        let file = self.fs.read(&SegmentName(meta.segment).path(self.journal_dir)).ok()?;
        let scanned = Scanner::new(&*file, meta.offset).next().ok()??;
        let (_, _, hash) = scanned.line.as_ref().ok()?;
        (*hash == meta.hash).then(|| scanned.end())
    }

    /// Segments that the state knows and the folder does not have.
    fn missing_files(&self, index: &dyn Index, oldest: Option<Oldest>) -> Result<Vec<JournalDamaged>, IndexError> {
        let known = retention::segments(index)?;
        let mut missing: Vec<JournalDamaged> = Vec::new();
        let mut goes_on = false;
        for (n, (number, facts)) in known.iter().enumerate() {
            let next = known.get(n + 1).map(|(_, next)| next.first);
            // One that was dropped on purpose may be gone before the state knows it.
            let dropped = matches!((next, oldest), (Some(next), Some(oldest)) if next <= oldest.seq);
            if dropped || self.names.contains(&SegmentName(*number)) {
                goes_on = false;
                continue;
            }
            let last = next.map(|next| next.saturating_sub(1)).filter(|last| *last >= facts.first);
            match missing.last_mut() {
                // Files in a row are one place, as they are for who has only the journal.
                Some(place) if goes_on => {
                    place.first_missing = place.first_missing.or(last.map(|_| facts.first));
                    place.last_missing = last.or(place.last_missing);
                }
                _ => missing.push(JournalDamaged {
                    segment: SegmentName(*number).to_string(),
                    offset: 0,
                    first_missing: last.map(|_| facts.first),
                    last_missing: last,
                    reason: "the file is missing".into(),
                }),
            }
            goes_on = true;
        }
        Ok(missing)
    }
}

/// What the store says of missing lines that no line tells yet, see [`keys::LOST`].
fn lost(index: &dyn Index) -> Result<Option<u64>, IndexError> {
    Ok(index.get(keys::LOST)?.map(|last| last.try_into().map_or(0, u64::from_be_bytes)))
}

/// The header of a segment, or why it can not be read.
fn header(fs: &dyn Fs, dir: &Path, name: SegmentName) -> Option<Result<Header, BadLine>> {
    let file = fs.read(&name.path(dir)).ok()?;
    match Scanner::new(&*file, 0).next().ok()??.line {
        Ok((_, Line::Header(header), _)) => Some(Ok(header)),
        Ok(_) => None,
        Err(bad) => Some(Err(bad)),
    }
}
