//! The strangers' ring: what was not booked, newest kept, 1 MB in all, outside the journal, so that nobody can push history out.
//!
//! Two files of half the size take turns; when one is full the other is emptied. A record is a JSON line with a number, so that a
//! start knows what was counted and not yet told in the journal.

use super::{
    command::Stray,
    index::{Index, IndexError, keys},
    state::snapshot,
};
use crate::fs::{File, Fs};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::{event::Reason, time::Timestamp};

/// Both files together.
const RING_BYTES: u64 = 1 << 20;
/// Of a larger body only the beginning is kept.
const BODY_BYTES: usize = 64 * 1024;
const NAMES: [&str; 2] = ["strangers-0.jsonl", "strangers-1.jsonl"];

/// One message in the ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps while the ring lasts.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// Why it was not booked.
    pub reason: Reason,
    /// What was expected.
    pub detail: String,
    /// Topic or path.
    pub topic: String,
    /// SHA-256 of what is kept of the body.
    pub sha256: String,
    /// Length of the whole body in bytes.
    pub size: u64,
    /// Its beginning, where it is text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// Its beginning as base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base64: Option<String>,
}

/// The ring, open to write.
pub struct Ring {
    fs: Arc<dyn Fs>,
    paths: [PathBuf; 2],
    current: usize,
    file: Option<Box<dyn File>>,
    len: u64,
    next: u64,
    unsynced: bool,
    /// The current file ends within a line.
    torn: bool,
}

impl Ring {
    /// Opens the ring in `dir`. Adds what it holds and the journal has not told to `untold`.
    ///
    /// # Errors
    /// As the system says. A file that can not be read is begun anew.
    pub fn open(fs: Arc<dyn Fs>, dir: &Path, told: &Told, untold: &mut Untold) -> io::Result<Ring> {
        let paths = NAMES.map(|name| dir.join(name));
        let mut last = [0; 2];
        let mut lens = [0; 2];
        let mut torn = [false; 2];
        for (n, path) in paths.iter().enumerate() {
            let bytes = match crate::fs::read_whole(&*fs, path, RING_BYTES * 2) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "it can not be read and is begun anew");
                    fs.create(path)?;
                    continue;
                }
            };
            lens[n] = bytes.len() as u64;
            torn[n] = bytes.last().is_some_and(|byte| *byte != b'\n');
            for line in bytes.split(|byte| *byte == b'\n') {
                if let Ok(record) = vietqr_edge_core::json::from_bytes::<Record>(line) {
                    last[n] = last[n].max(record.number);
                    if told.0.get(&record.reason).is_none_or(|told| record.number > *told) {
                        untold.add(record);
                    }
                }
            }
        }
        let current = usize::from(last[1] > last[0]);
        // Numbers that the journal told are not used again, even where the ring was lost: what has them would not be told.
        let told = told.0.values().copied().max().unwrap_or(0);
        let next = last[0].max(last[1]).max(told).saturating_add(1);
        Ok(Ring { fs, current, file: None, len: lens[current], next, unsynced: false, torn: torn[current], paths })
    }

    /// Keeps a message; durable after [`Ring::sync`].
    ///
    /// # Errors
    /// As the system says.
    pub fn keep(&mut self, stray: &Stray) -> io::Result<Record> {
        let body = &stray.body[..stray.body.len().min(BODY_BYTES)];
        let text = std::str::from_utf8(body).ok().map(str::to_owned);
        let record = Record {
            number: self.next,
            at: stray.received_at,
            reason: stray.reason,
            detail: stray.detail.chars().take(256).collect(),
            topic: stray.topic.chars().take(256).collect(),
            sha256: hex::encode(Sha256::digest(&stray.body)),
            size: stray.size,
            base64: if text.is_none() { Some(BASE64_STANDARD.encode(body)) } else { None },
            text,
        };
        let mut line = Vec::new();
        if std::mem::take(&mut self.torn) {
            // What was cut off must not take this one with it.
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, &record)?;
        line.push(b'\n');
        self.turn(line.len() as u64)?;
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.fs.append(&self.paths[self.current], true)?),
        };
        if self.len == 0 {
            self.unsynced = true;
        }
        file.append(&line)?;
        self.len += line.len() as u64;
        self.next = self.next.saturating_add(1);
        self.unsynced = true;
        Ok(record)
    }

    /// Makes what was kept durable.
    ///
    /// # Errors
    /// As the system says.
    pub fn sync(&mut self) -> io::Result<()> {
        if let (true, Some(file)) = (self.unsynced, &mut self.file) {
            file.sync()?;
            let dir = self.paths[self.current].parent().unwrap_or(Path::new("."));
            self.fs.sync_dir(dir)?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// Goes to the other file where this one has no room.
    fn turn(&mut self, more: u64) -> io::Result<()> {
        if self.len > 0 && self.len + more > RING_BYTES / 2 {
            self.sync()?;
            let other = 1 - self.current;
            self.file = Some(self.fs.create(&self.paths[other])?);
            (self.current, self.len) = (other, 0);
        }
        Ok(())
    }
}

/// The number in the ring that the journal has told up to, by reason.
#[derive(Debug, Default)]
pub struct Told(BTreeMap<Reason, u64>);

impl Told {
    /// As the store has it.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn read(index: &dyn Index) -> Result<Told, IndexError> {
        let (from, to) = keys::all(b'q');
        let entries = index.range(&from, &to, usize::MAX)?;
        Ok(Told(entries.iter().filter_map(|(key, value)| snapshot::told(key, value)).collect()))
    }
}

/// How many messages of each reason the ring holds that the journal has not told of, with the last of each.
#[derive(Debug, Default)]
pub struct Untold(pub BTreeMap<Reason, (u64, Option<Record>)>);

impl Untold {
    /// Counts a record.
    pub fn add(&mut self, record: Record) {
        let entry = self.0.entry(record.reason).or_default();
        entry.0 = entry.0.saturating_add(1);
        entry.1 = Some(Record { text: None, base64: None, ..record });
    }
}
