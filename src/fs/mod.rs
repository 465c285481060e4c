//! The file-system seam: the few operations that the ledger needs, so that a test can own what a disk does.
//!
//! sled opens its files itself and is outside the seam; that is why it is never the only copy of anything.

mod real;

pub use real::RealFs;

use std::{
    any::Any,
    io,
    path::{Path, PathBuf},
};

/// What is left on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Bytes that an unprivileged process may still write.
    pub bytes: u64,
    /// Files that may still be created; `u64::MAX` where the file system does not count them.
    pub files: u64,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the folder's.
    pub name: String,
    /// Its length in bytes; 0 for a folder.
    pub len: u64,
}

/// A file system. Folders are made 0700, files 0600. Nothing is durable before [`File::sync`]; a name (created, renamed, removed)
/// not before [`Fs::sync_dir`].
pub trait Fs: Send + Sync + 'static {
    /// Makes a folder and what is missing above it. One that exists is fine.
    ///
    /// # Errors
    /// As the system says.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// The files of a folder, in no order.
    ///
    /// # Errors
    /// As the system says; `NotFound` where it does not exist.
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>>;

    /// Opens a file to write at its end, and creates it where `create` is set.
    ///
    /// # Errors
    /// As the system says.
    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>>;

    /// Creates a file, or empties it.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Opens a file to read anywhere in it.
    ///
    /// # Errors
    /// As the system says.
    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>>;

    /// Gives a file or folder another name, over one that may exist.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. One that is not there is fine.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// As the system says. Never try again: what the disk holds is unknown then.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// What is left on the file system of a folder.
    ///
    /// # Errors
    /// As the system says.
    fn free(&self, dir: &Path) -> io::Result<Free>;

    /// Takes an exclusive lock that ends with the returned guard or the process, and writes the process id into the file.
    ///
    /// # Errors
    /// `WouldBlock` where another process holds it; the text names its process id.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send>>;
}

/// A file to write at its end.
pub trait File: Send {
    /// Writes all of it at the end.
    ///
    /// # Errors
    /// As the system says; a part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable (`fdatasync`).
    ///
    /// # Errors
    /// As the system says. Never try again: what the disk holds is unknown then.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file to read anywhere in it.
pub trait ReadAt: Send + Sync {
    /// Reads up to `buffer.len()` bytes from `offset`; 0 at the end.
    ///
    /// # Errors
    /// As the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Its length in bytes.
    ///
    /// # Errors
    /// As the system says.
    fn len(&self) -> io::Result<u64>;

    /// Nothing in it.
    ///
    /// # Errors
    /// As the system says.
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }
}

/// Reads a small file whole.
///
/// # Errors
/// As the system says; `InvalidData` where it is longer than `most` bytes.
pub fn read_whole(fs: &dyn Fs, path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = fs.read(path)?;
    let len = file.len()?;
    if len > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is larger than {most} bytes", path.display()),
        ));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let mut at = 0;
    while at < bytes.len() {
        match file.read_at(at as u64, &mut bytes[at..])? {
            0 => break,
            n => at += n,
        }
    }
    bytes.truncate(at);
    Ok(bytes)
}

/// Puts a file in place whole or not at all: written beside, made durable, renamed, the folder made durable.
///
/// # Errors
/// As the system says; the old file is still there then.
pub fn replace(fs: &dyn Fs, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut file = fs.create(&beside)?;
    file.append(bytes)?;
    file.sync()?;
    drop(file);
    fs.rename(&beside, path)?;
    fs.sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// The name that a file is written under before it is renamed.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}
