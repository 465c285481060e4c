//! Bodies of booked notices, a file a day. They are evidence only: the journal has what was understood, and the body's SHA-256.
//! They are written before the journal's line and not synced with it.

use crate::fs::{File, Fs};
use serde::Serialize;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::time::Timestamp;

#[derive(Serialize)]
struct Record<'a> {
    at: Timestamp,
    sha256: &'a str,
    topic: &'a str,
    body: &'a str,
}

/// So much waits until it is written, in bytes: a body may be of 256 KB, and a group of 64.
const WAITING: usize = 64 << 10;

/// The raw folder, open to write.
pub struct Raw {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    day: String,
    file: Option<Box<dyn File>>,
    /// Length of the file with what waits, in bytes.
    len: u64,
    most: u64,
    /// Lines not yet written.
    waiting: Vec<u8>,
}

impl Raw {
    /// Nothing is opened before the first body. A day's file grows to `most` bytes: evidence must not push history out.
    pub fn new(fs: Arc<dyn Fs>, dir: &Path, most: u64) -> Raw {
        Raw { fs, dir: dir.to_owned(), day: String::new(), file: None, len: 0, most, waiting: Vec::new() }
    }

    /// Keeps a body that was understood (so it is text); written with [`Raw::write`].
    ///
    /// # Errors
    /// As the system says.
    pub fn keep(&mut self, at: Timestamp, sha256: &str, topic: &str, body: &[u8]) -> io::Result<()> {
        let day = at.vietnam_day();
        if self.file.is_none() || self.day != day {
            self.write()?;
            if let Some(mut old) = self.file.take() {
                old.sync()?;
            }
            let path = self.dir.join(format!("{day}.jsonl"));
            self.file = Some(self.fs.append(&path, true)?);
            self.len = self.fs.read(&path)?.len()?;
            self.day = day;
        }
        let record = Record { at, sha256, topic, body: &String::from_utf8_lossy(body) };
        let begin = self.waiting.len();
        serde_json::to_writer(&mut self.waiting, &record)?;
        self.waiting.push(b'\n');
        let len = self.len.saturating_add((self.waiting.len() - begin) as u64);
        if len > self.most {
            self.waiting.truncate(begin);
            return Err(io::Error::other(format!("the file of {} has its {} bytes", self.day, self.most)));
        }
        self.len = len;
        if self.waiting.len() > WAITING { self.write() } else { Ok(()) }
    }

    /// Writes what was kept since the last time.
    ///
    /// # Errors
    /// As the system says.
    pub fn write(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        match &mut self.file {
            Some(file) if !waiting.is_empty() => file.append(&waiting),
            _ => Ok(()),
        }
    }
}

/// The day of a raw file, from its name; `None` for other files.
pub fn day(name: &str) -> Option<&str> {
    let day = name.strip_suffix(".jsonl")?;
    (day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::RealFs;

    #[test]
    fn bodies_wait_for_each_other_while_they_are_small() {
        let dir = tempfile::tempdir().unwrap();
        let mut raw = Raw::new(Arc::new(RealFs), dir.path(), 1 << 20);
        let at = Timestamp::from_secs(1_795_228_200);
        let mut keep = |body: &str, written: u64| {
            raw.keep(at, "00", "t", body.as_bytes()).unwrap();
            let file = RealFs.read(&dir.path().join("2026-11-21.jsonl")).unwrap();
            assert_eq!(file.len().unwrap() / 1000, written);
        };
        keep("small", 0);
        keep(&"x".repeat(50_000), 0);
        keep(&"x".repeat(50_000), 100);
        keep("small", 100);
        raw.write().unwrap();
        let text = std::fs::read_to_string(dir.path().join("2026-11-21.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 4);
    }
}
