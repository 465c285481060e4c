//! Reading a segment line by line, past anything that can not be read.

use super::line::{self, BadLine, Hash, LINE_MAX, Line};
use crate::fs::ReadAt;
use rustix::io::Errno;
use std::io;

/// What a medium loses at once, in bytes.
const BLOCK: u64 = 4096;

/// A line found, or a place where none can be read.
#[derive(Debug)]
pub struct Scanned {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How long it is, with its line end.
    pub len: u64,
    /// The hash it names as the one before, what it says, its own hash.
    pub line: Result<(Hash, Line, Hash), BadLine>,
}

impl Scanned {
    /// Just behind it.
    pub fn end(&self) -> u64 {
        self.offset + self.len
    }
}

/// Reads a segment from some place to its end.
pub struct Scanner<'a> {
    file: &'a dyn ReadAt,
    /// Where `buffer` begins in the file.
    at: u64,
    buffer: Vec<u8>,
    /// What of `buffer` was given out.
    used: usize,
    ended: bool,
}

impl<'a> Scanner<'a> {
    /// Reads from `offset`, which should be the beginning of a line.
    pub fn new(file: &'a dyn ReadAt, offset: u64) -> Scanner<'a> {
        Scanner { file, at: offset, buffer: Vec::new(), used: 0, ended: false }
    }

    /// The next line or unreadable place, `None` at the end.
    ///
    /// # Errors
    /// As the system says.
    #[allow(clippy::should_implement_trait)] // it can fail
    pub fn next(&mut self) -> io::Result<Option<Scanned>> {
        let offset = self.at + self.used as u64;
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.used..];
            if let Some(end) = rest[searched..].iter().position(|byte| *byte == b'\n') {
                let len = searched + end + 1;
                let bytes = &rest[..len - 1];
                let line = if len > LINE_MAX { Err(BadLine::Long) } else { line::decode(bytes) };
                self.used += len;
                return Ok(Some(Scanned { offset, len: len as u64, line }));
            }
            searched = rest.len();
            if self.ended {
                if searched == 0 {
                    return Ok(None);
                }
                self.used += searched;
                return Ok(Some(Scanned { offset, len: searched as u64, line: Err(BadLine::Cut) }));
            }
            if searched > LINE_MAX {
                return self.pass_over(offset).map(Some);
            }
            self.fill()?;
        }
    }

    /// Looks for the line end of a line that is far too long, without keeping it.
    fn pass_over(&mut self, offset: u64) -> io::Result<Scanned> {
        loop {
            self.used = self.buffer.len();
            self.fill()?;
            let rest = &self.buffer[self.used..];
            if let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                self.used += end + 1;
                break;
            }
            if self.ended {
                self.used = self.buffer.len();
                break;
            }
        }
        Ok(Scanned { offset, len: self.at + self.used as u64 - offset, line: Err(BadLine::Long) })
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.used);
        self.at += self.used as u64;
        self.used = 0;
        let old = self.buffer.len();
        self.buffer.resize(old + LINE_MAX, 0);
        let from = self.at + old as u64;
        let read = match self.file.read_at(from, &mut self.buffer[old..]) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::IO) => self.bad_block(from, old),
            other => other,
        };
        self.buffer.truncate(old + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// The medium can not give this block: it reads as zeros, which cost the lines that lie in it.
    fn bad_block(&mut self, from: u64, old: usize) -> io::Result<usize> {
        let next = (from / BLOCK + 1).saturating_mul(BLOCK);
        let len = usize::try_from(next.min(self.file.len()?).saturating_sub(from)).unwrap_or(0);
        self.buffer[old..old + len].fill(0);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bytes(Vec<u8>);

    impl ReadAt for Bytes {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            // Short reads, as a real file may give.
            let rest = self.0.get(offset as usize..).unwrap_or_default();
            let n = rest.len().min(buffer.len()).min(1000);
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }

        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }
    }

    fn places(bytes: Vec<u8>) -> Vec<(u64, u64, bool)> {
        let file = Bytes(bytes);
        let mut scanner = Scanner::new(&file, 0);
        let mut found = Vec::new();
        while let Some(scanned) = scanner.next().unwrap() {
            found.push((scanned.offset, scanned.len, scanned.line.is_ok()));
        }
        found
    }

    fn good() -> Vec<u8> {
        line::encode(&Line::Open(vec![]), Hash::NONE).unwrap().0
    }

    #[test]
    fn what_can_not_be_read_costs_only_itself() {
        let line = good();
        let n = line.len() as u64;
        let mut bytes = line.clone();
        bytes.extend_from_slice(b"garbage\n");
        bytes.extend_from_slice(&line);
        assert_eq!(places(bytes), [(0, n, true), (n, 8, false), (n + 8, n, true)]);
    }

    #[test]
    fn a_line_without_end_is_cut_off() {
        let line = good();
        let n = line.len() as u64;
        let mut bytes = line.clone();
        bytes.extend_from_slice(&line[..line.len() - 1]);
        assert_eq!(places(bytes), [(0, n, true), (n, n - 1, false)]);
    }

    #[test]
    fn a_block_that_the_medium_can_not_give_costs_only_the_lines_in_it() {
        struct Worn(Bytes);

        impl ReadAt for Worn {
            fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
                let bad = 2 * BLOCK..3 * BLOCK;
                if bad.contains(&offset) {
                    return Err(Errno::IO.into());
                }
                let most = if offset < bad.start { (bad.start - offset) as usize } else { usize::MAX };
                let n = buffer.len().min(most);
                self.0.read_at(offset, &mut buffer[..n])
            }

            fn len(&self) -> io::Result<u64> {
                self.0.len()
            }
        }

        let line = good();
        let count = 10 * BLOCK as usize / line.len();
        let file = Worn(Bytes(line.repeat(count)));
        let mut scanner = Scanner::new(&file, 0);
        let (mut whole, mut broken) = (0, 0);
        while let Some(scanned) = scanner.next().unwrap() {
            if scanned.line.is_ok() { whole += 1 } else { broken += 1 }
        }
        assert!(broken == 1 && whole + BLOCK as usize / line.len() + 2 >= count, "{whole} of {count}");
    }

    #[test]
    fn megabytes_without_a_line_end_are_passed_over_in_bounded_memory() {
        let line = good();
        let mut bytes = vec![b'x'; 1_000_000];
        bytes.push(b'\n');
        bytes.extend_from_slice(&line);
        assert_eq!(places(bytes), [(0, 1_000_001, false), (1_000_001, line.len() as u64, true)]);
        assert_eq!(places(vec![0; 300_000]), [(0, 300_000, false)]);
    }
}
