//! Writing the newest segment, and beginning the next.

use super::{
    group::Text,
    line::{self, Hash, Line, TooLong},
    segment::{Header, Open, SegmentName},
};
use crate::fs::{self, File, Fs};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::time::Timestamp;

/// The end of the journal.
pub struct Appender {
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    segment: SegmentName,
    file: Option<Box<dyn File>>,
    /// Length of the segment in bytes.
    len: u64,
    /// How much of that is header and snapshot; 0 where it was not begun by this process.
    head: u64,
    prev: Hash,
}

/// A line that was encoded and has its place, but is not written.
pub struct Prepared {
    bytes: Vec<u8>,
    hash: Hash,
}

impl Appender {
    /// Goes on behind a line with this hash: in the segment where `len` is given, else in a new one after it.
    ///
    /// # Errors
    /// As the system says.
    pub fn open(
        fs: Arc<dyn Fs>,
        dir: &Path,
        segment: SegmentName,
        len: Option<u64>,
        prev: Hash,
    ) -> io::Result<Appender> {
        let file = len.map(|_| fs.append(&segment.path(dir), false)).transpose()?;
        Ok(Appender { fs, dir: dir.to_owned(), segment, file, len: len.unwrap_or(0), head: 0, prev })
    }

    /// A segment must be begun before a line can be written.
    pub fn needs_segment(&self) -> bool {
        self.file.is_none()
    }

    /// The newest segment.
    pub fn segment(&self) -> SegmentName {
        self.segment
    }

    /// Its length in bytes: where the next line begins.
    pub fn end(&self) -> u64 {
        self.len
    }

    /// Bytes of groups in it. What was open does not count, or a snapshot larger than a segment would begin one with every commit.
    pub fn groups_len(&self) -> u64 {
        self.len - self.head
    }

    /// Hash of the last line.
    pub fn prev(&self) -> Hash {
        self.prev
    }

    /// Begins the next segment: its header and snapshot are durable under its name, or it is not there at all. Answers the hash of
    /// its header.
    ///
    /// # Errors
    /// As the system says; where that is `StorageFull`, the journal is as before.
    pub fn begin(&mut self, mut header: Header, open: &[Vec<Open>]) -> io::Result<Hash> {
        let segment = self.segment.next()?;
        header.number = segment.0;
        header.open_lines = u32::try_from(open.len()).unwrap_or(u32::MAX);
        let (mut bytes, first) = line::encode(&Line::Header(header), self.prev).map_err(too_long)?;
        let mut prev = first;
        for part in open {
            let (more, hash) = line::encode(&Line::Open(part.clone()), prev).map_err(too_long)?;
            bytes.extend_from_slice(&more);
            prev = hash;
        }
        let path = segment.path(&self.dir);
        if let Err(error) = fs::replace(&*self.fs, &path, &bytes) {
            // Once it has its name it is part of the journal, and going on in the old segment would fork it.
            let named = self.fs.read(&path).is_ok();
            return Err(if named { io::Error::other(error) } else { error });
        }
        self.file = Some(self.fs.append(&path, false)?);
        (self.segment, self.len, self.prev) = (segment, bytes.len() as u64, prev);
        self.head = self.len;
        Ok(first)
    }

    /// Encodes a group to be written next: number of its first event, when it is written, and its events and notes.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn prepare(&self, seq: u64, at: Timestamp, text: &Text) -> Result<Prepared, TooLong> {
        let (bytes, hash) = line::encode_group(seq, at, text, self.prev)?;
        Ok(Prepared { bytes, hash })
    }

    /// Writes a line and makes it durable.
    ///
    /// # Errors
    /// As the system says. The process must end then: what the disk holds is unknown, and the same call may never be made again.
    pub fn write(&mut self, prepared: &Prepared) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("no segment was begun"))?;
        file.append(&prepared.bytes)?;
        file.sync()?;
        self.len += prepared.bytes.len() as u64;
        self.prev = prepared.hash;
        Ok(())
    }
}

impl Prepared {
    /// Its length in bytes, with the line end.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Never true: a line has members.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Its hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }
}

fn too_long(error: TooLong) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
