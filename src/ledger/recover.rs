//! Opening the ledger, whatever the disk holds.

use super::{
    decide::Rules,
    index::{Index, keys},
    journal::{Header, Line, Scanner, SegmentName, append::Appender},
    raw::Raw,
    refunds_at_start,
    replay::{Replay, ReplayError},
    reserve,
    retention::{self, Limits},
    ring::{Ring, Untold},
    shared::Shared,
    state::{Meta, entry, snapshot},
    store::Store,
    view::{Disk, Identity},
    writer::Writer,
};
use crate::{clock::Clock, fs::Fs};
use std::{
    any::Any,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::event::{Event, JournalDamaged, Reason, StoreRebuilt};

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

/// Takes the lock, before anything else in the folder is touched.
///
/// # Errors
/// [`OpenError::Held`], [`OpenError::Folder`].
pub fn lock(fs: &dyn Fs, state_dir: &Path) -> Result<StateLock, OpenError> {
    let folder = |source| OpenError::Folder { dir: state_dir.to_owned(), source };
    fs.create_dir(state_dir).map_err(folder)?;
    fs.lock(&state_dir.join("lock")).map(StateLock).map_err(|error| {
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
    let dir = options.state_dir.clone();
    let folder = |source| OpenError::Folder { dir: dir.clone(), source };
    let (journal_dir, raw_dir) = (dir.join("journal"), dir.join("raw"));
    prepare(&*fs, &dir, &journal_dir, &raw_dir).map_err(folder)?;
    match reserve::settle(&*fs, &dir) {
        Ok(true) => tracing::warn!("the disk is full; the reserve was given back to start at all"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, "the reserve can not be kept"),
    }
    let names = segments(&*fs, &journal_dir).map_err(folder)?;
    let newest = newest_header(&*fs, &journal_dir, &names);
    let journal = newest.as_ref().map_or_else(|| options.fresh_journal.clone(), |header| header.journal.clone());

    let opened = open_store(store, &*fs, &journal_dir, &journal, &names, &dir, &*clock)?;
    let index = Arc::clone(&opened.index);
    let mut found = Vec::new();
    let known = opened.meta.clone();
    let mut replay = match &known {
        Some(meta) => {
            let counters = index.get(keys::COUNTERS).ok().flatten().and_then(|bytes| entry::from_json(&bytes).ok());
            Replay::from_meta(&*fs, &journal_dir, &*index, meta, counters.unwrap_or_default())
        }
        None => Replay::from_start(&*fs, &journal_dir, &*index, &journal),
    };
    let from = known.as_ref().map_or(0, |meta| meta.segment);
    for name in names.iter().filter(|name| name.0 >= from) {
        let offset = if name.0 == from { opened.resume_at } else { 0 };
        replay.segment(*name, offset)?;
    }
    replay.finish(opened.ahead)?;
    if let (None, Some(reason)) = (&known, &opened.rebuilt) {
        tracing::warn!(reason, lines = replay.lines, "the state was built again from the journal");
        let set_aside = opened.set_aside.clone();
        found.push(Event::StoreRebuilt(StoreRebuilt { reason: reason.clone(), set_aside, lines: replay.lines }));
    }
    let mut damages = std::mem::take(&mut replay.damages);
    if known.is_some() {
        damages.extend(missing_files(&*index, &names, &dir)?);
    }
    let oldest = replay.oldest;
    damages.retain(|damage| unreported(&*index, damage) && !was_dropped(damage, oldest));
    for damage in damages {
        tracing::error!(
            segment = damage.segment,
            offset = damage.offset,
            reason = damage.reason,
            "a part of the journal can not be read"
        );
        found.push(Event::JournalDamaged(damage));
    }
    if replay.forgotten > 0 {
        tracing::warn!(
            payments = replay.forgotten,
            "payments that waited where lines are lost will not be announced: they may have been"
        );
    }

    let stranger =
        newest.as_ref().filter(|header| (&header.device, &header.machine) != (&options.device, &options.machine));
    if let Some(Header { device, machine, .. }) = stranger {
        tracing::warn!(
            device,
            machine,
            "the journal was written by another device or machine: queued refunds go to review"
        );
    }
    let next = replay.next;
    let doubts = refunds_at_start::Doubts { lost: &replay.doubtful, stranger: stranger.is_some() };
    found.extend(refunds_at_start::settle(&*index, &options.rules.refund, &doubts, clock.now(), next)?);
    // The newest header names the device that goes on.
    let end = replay.end.filter(|_| stranger.is_none());
    let (last_segment, prev) = (replay.last_segment, replay.prev);
    let (counters, oldest) = (replay.counters.clone(), replay.oldest);
    drop(replay);
    let appender = Appender::open(Arc::clone(&fs), &journal_dir, last_segment, end.filter(|_| !names.is_empty()), prev)
        .map_err(folder)?;
    let (ring, untold) = open_ring(&fs, &raw_dir, &*index).map_err(folder)?;
    let disk = Disk {
        journal_bytes: names.iter().filter_map(|name| fs.read(&name.path(&journal_dir)).ok()?.len().ok()).sum(),
        segments: names.len() as u64,
        free_bytes: fs.free(&dir).map(|free| free.bytes).unwrap_or(0),
        full: false,
    };
    let identity = Identity { device: options.device, journal };
    let accounts = options.rules.accounts.clone();
    let shared = Shared::new(Arc::clone(&fs), Arc::clone(&index), journal_dir, identity, accounts, next - 1, disk);
    shared.set_untold(&untold);
    let mut writer = Writer {
        raw: Raw::new(Arc::clone(&fs), &raw_dir),
        fs,
        clock,
        state_dir: dir,
        index,
        shared: Arc::new(shared),
        appender,
        rules: options.rules,
        limits: options.limits,
        machine: options.machine,
        counters,
        oldest,
        next,
        positioned: None,
        ring,
        untold,
        told: BTreeMap::new(),
        found: found.into(),
        started: next,
        next_tick: None,
    };
    writer.schedule().map_err(ReplayError::from)?;
    Ok(writer)
}

fn prepare(fs: &dyn Fs, dir: &Path, journal: &Path, raw: &Path) -> io::Result<()> {
    for sub in [journal, raw] {
        fs.create_dir(sub)?;
    }
    fs.sync_dir(dir)?;
    if let Some(above) = dir.parent() {
        fs.sync_dir(above)?;
    }
    // What was being written beside and never got its name was never part of the journal.
    for entry in fs.list(journal)? {
        if entry.name.ends_with(".new") {
            fs.remove(&journal.join(entry.name))?;
        }
    }
    Ok(())
}

/// The segments in the folder, oldest first.
pub(super) fn segments(fs: &dyn Fs, journal: &Path) -> io::Result<Vec<SegmentName>> {
    let mut names: Vec<_> = fs.list(journal)?.iter().filter_map(|entry| SegmentName::parse(&entry.name)).collect();
    names.sort_unstable();
    Ok(names)
}

fn newest_header(fs: &dyn Fs, dir: &Path, names: &[SegmentName]) -> Option<Header> {
    names.iter().rev().find_map(|name| header(fs, dir, *name))
}

/// The header of a segment, if it can be read.
pub(super) fn header(fs: &dyn Fs, dir: &Path, name: SegmentName) -> Option<Header> {
    let file = fs.read(&name.path(dir)).ok()?;
    match Scanner::new(&*file, 0).next().ok()??.line.ok()?.1 {
        Line::Header(header) => Some(header),
        _ => None,
    }
}

struct Opened {
    index: Arc<dyn Index>,
    /// Where it stands, if it can be gone on from there.
    meta: Option<Meta>,
    resume_at: u64,
    rebuilt: Option<String>,
    set_aside: Option<String>,
    /// The last event that the old store had seen of this journal.
    ahead: Option<u64>,
}

/// Opens the store and looks whether it fits the journal; one that does not is set aside.
fn open_store(
    store: &dyn Store,
    fs: &dyn Fs,
    journal_dir: &Path,
    journal: &str,
    names: &[SegmentName],
    dir: &Path,
    clock: &dyn Clock,
) -> Result<Opened, OpenError> {
    let no_store = |why: String| OpenError::Store { dir: dir.to_owned(), why };
    let (reason, ahead) = match store.open() {
        Err(error) => (error.0, None),
        Ok(index) => match snapshot::meta(&*index) {
            Err(error) => (error.0, None),
            Ok(None) => {
                let rebuilt = (!names.is_empty()).then(|| "the store was missing or empty".to_owned());
                return Ok(Opened { index, meta: None, resume_at: 0, rebuilt, set_aside: None, ahead: None });
            }
            Ok(Some(meta)) if meta.journal != journal => ("it belongs to another journal".to_owned(), None),
            Ok(Some(meta)) => match line_end(fs, journal_dir, &meta) {
                Some(resume_at) => {
                    let meta = Some(meta);
                    return Ok(Opened { index, meta, resume_at, rebuilt: None, set_aside: None, ahead: None });
                }
                None => ("it is ahead of the journal, or of another history".to_owned(), Some(meta.last)),
            },
        },
    };
    // A store that fails to open may still hold its files for a moment; renaming them is fine.
    let set_aside = store.set_aside(clock.now()).map_err(|error| no_store(error.to_string()))?;
    let index = store.open().map_err(|error| no_store(error.0))?;
    Ok(Opened { index, meta: None, resume_at: 0, rebuilt: Some(reason), set_aside, ahead })
}

/// Where the line ends that the store says it applied last; `None` where that line is not there.
fn line_end(fs: &dyn Fs, dir: &Path, meta: &Meta) -> Option<u64> {
    let file = fs.read(&SegmentName(meta.segment).path(dir)).ok()?;
    let scanned = Scanner::new(&*file, meta.offset).next().ok()??;
    let (_, _, hash) = scanned.line.as_ref().ok()?;
    (*hash == meta.hash).then(|| scanned.end())
}

/// Segments that the state knows and the folder does not have.
fn missing_files(index: &dyn Index, names: &[SegmentName], dir: &Path) -> Result<Vec<JournalDamaged>, OpenError> {
    let known = retention::segments(index).map_err(|error| OpenError::Store { dir: dir.to_owned(), why: error.0 })?;
    let mut missing = Vec::new();
    for (n, (number, facts)) in known.iter().enumerate() {
        if names.contains(&SegmentName(*number)) {
            continue;
        }
        let last = known.get(n + 1).map(|(_, next)| next.first - 1).filter(|last| *last >= facts.first);
        missing.push(JournalDamaged {
            segment: SegmentName(*number).to_string(),
            offset: 0,
            first_missing: last.map(|_| facts.first),
            last_missing: last,
            reason: "the file is missing".into(),
        });
    }
    Ok(missing)
}

fn unreported(index: &dyn Index, damage: &JournalDamaged) -> bool {
    index.get(&keys::damage(&damage.segment, damage.offset)).ok().flatten().is_none()
}

pub(super) fn was_dropped(damage: &JournalDamaged, oldest: Option<entry::Oldest>) -> bool {
    matches!((damage.last_missing, oldest), (Some(last), Some(oldest)) if last < oldest.seq)
}

/// Opens the ring, and finds what it holds that the journal has not told of.
fn open_ring(fs: &Arc<dyn Fs>, raw_dir: &Path, index: &dyn Index) -> io::Result<(Ring, Untold)> {
    let told = |reason: Reason| -> u64 {
        let ring = index.get(&keys::quarantined(reason)).ok().flatten();
        ring.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
    };
    let mut untold = Untold::default();
    let ring = Ring::open(Arc::clone(fs), raw_dir, |record| {
        if record.number > told(record.reason) {
            untold.add(record.clone());
        }
    })?;
    Ok((ring, untold))
}
