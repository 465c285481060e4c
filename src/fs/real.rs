//! The operating system's file system.

use super::{Entry, File, Free, Fs, ReadAt};
use rustix::fs::{FlockOperation, StatVfs, flock};
use std::{
    any::Any,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::Path,
};

/// The operating system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFs;

struct RealFile(fs::File);

impl Fs for RealFs {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            // A file may vanish between the listing and the look.
            let Ok(metadata) = entry.metadata() else { continue };
            let len = if metadata.is_file() { metadata.len() } else { 0 };
            entries.push(Entry { name: entry.file_name().to_string_lossy().into_owned(), len });
        }
        Ok(entries)
    }

    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>> {
        let file = OpenOptions::new().append(true).create(create).mode(0o600).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        Ok(Box::new(RealFile(fs::File::open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn free(&self, dir: &Path) -> io::Result<Free> {
        Ok(free(&rustix::fs::statvfs(dir)?))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                // The id is for people who look who holds it; the lock itself does not need it.
                let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
                Ok(Box::new(file))
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = fs::read_to_string(path).unwrap_or_default();
                Err(io::Error::new(io::ErrorKind::WouldBlock, holder.trim().to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn free(stat: &StatVfs) -> Free {
    // Some file systems (btrfs, vfat) count no inodes: total 0 means "not counted", not "none left".
    let files = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
    Free { bytes: stat.f_bavail.saturating_mul(stat.f_frsize), files }
}

impl File for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl ReadAt for RealFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        FileExt::read_at(&self.0, buffer, offset)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|metadata| metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_counts_no_inodes_is_not_short_of_them() {
        let mut stat = rustix::fs::statvfs("/").unwrap();
        (stat.f_bavail, stat.f_frsize, stat.f_favail) = (100, 4096, 0);
        stat.f_files = 0;
        assert_eq!(free(&stat), Free { bytes: 409_600, files: u64::MAX });
        stat.f_files = 1000;
        assert_eq!(free(&stat), Free { bytes: 409_600, files: 0 });
    }
}
