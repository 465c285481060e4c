//! A disk that may lose power: it keeps what every write, sync, rename and removal did, and makes every state that a cut may leave.
//!
//! Model: a write is split into parts of 512 bytes at the disk's boundaries; until the file is synced any subset of the parts may be
//! on the disk, in any order, and the file may have any length up to what was written (holes read as zeros). A name (created, renamed, removed) may be
//! on the disk or not until its folder is synced; operations of one folder reach it in order, as a journalling file system does.

pub use super::random::Seeded;
use std::{
    any::Any,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use vietqr_edge::fs::{Entry, File, Free, Fs, ReadAt};

const SECTOR: u64 = 512;

/// One thing that happened, in order.
#[derive(Clone, Debug)]
pub enum Op {
    Write {
        file: usize,
        offset: u64,
        bytes: Vec<u8>,
    },
    SyncFile {
        file: usize,
    },
    Truncate {
        file: usize,
    },
    Link {
        path: PathBuf,
        file: usize,
    },
    Unlink {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    SyncDir {
        dir: PathBuf,
    },
    /// Put in by the test: what was answered so far is owed from here on.
    Answered(u64),
}

#[derive(Default)]
struct Disk {
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, usize>,
    log: Vec<Op>,
    free: Option<u64>,
    /// Bytes that can still be written.
    room: Option<u64>,
    /// Files that can still be made.
    files_left: Option<u64>,
    fail_sync: bool,
    locked: bool,
    syncs: u64,
}

/// The disk.
#[derive(Clone, Default)]
pub struct SimFs(Arc<Mutex<Disk>>);

impl SimFs {
    /// What happened so far.
    pub fn log(&self) -> Vec<Op> {
        self.0.lock().unwrap().log.clone()
    }

    /// How much happened so far.
    pub fn ops(&self) -> usize {
        self.0.lock().unwrap().log.len()
    }

    pub fn mark(&self, answered: u64) {
        self.0.lock().unwrap().log.push(Op::Answered(answered));
    }

    pub fn syncs(&self) -> u64 {
        self.0.lock().unwrap().syncs
    }

    /// Bytes free from now on.
    pub fn set_free(&self, bytes: Option<u64>) {
        self.0.lock().unwrap().free = bytes;
    }

    /// Room for so many bytes from now on: what is written takes from it, what is removed gives back.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.0.lock().unwrap().room = bytes;
    }

    /// Room for so many files from now on: one that is made takes from it, one that is removed gives back.
    pub fn set_files(&self, files: Option<u64>) {
        self.0.lock().unwrap().files_left = files;
    }

    /// Whether the next syncs fail.
    pub fn fail_sync(&self, fail: bool) {
        self.0.lock().unwrap().fail_sync = fail;
    }

    /// Contents of a file.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let disk = self.0.lock().unwrap();
        disk.names.get(path).map(|file| disk.files[*file].clone())
    }

    /// Replaces a file's contents, as damage does.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.0.lock().unwrap();
        let file = disk.names[path];
        change(&mut disk.files[file]);
    }

    pub fn lose(&self, path: &Path) {
        self.0.lock().unwrap().names.remove(path).unwrap();
    }

    pub fn paths(&self) -> Vec<PathBuf> {
        self.0.lock().unwrap().names.keys().cloned().collect()
    }

    /// The process died; the disk is as it was, all of it.
    pub fn after_kill(&self) -> SimFs {
        let disk = self.0.lock().unwrap();
        let (files, names) = (disk.files.clone(), disk.names.clone());
        let (room, files_left) = (disk.room, disk.files_left);
        SimFs(Arc::new(Mutex::new(Disk { files, names, room, files_left, ..Disk::default() })))
    }
}

/// What a cut leaves undecided: it chooses how many name changes of a folder arrived, and which parts of each unsynced write did.
pub trait Chance {
    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize;
}

/// Walks all choices, one after another.
#[derive(Default)]
pub struct Exhaustive {
    path: Vec<(usize, usize)>,
    at: usize,
}

impl Exhaustive {
    /// Goes on to the next choices; false when all were made.
    pub fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((chosen, of)) = self.path.pop() {
            if chosen + 1 < of {
                self.path.push((chosen + 1, of));
                return true;
            }
        }
        false
    }
}

impl Chance for Exhaustive {
    fn below(&mut self, n: usize) -> usize {
        if self.at == self.path.len() {
            self.path.push((0, n));
        }
        self.at += 1;
        self.path[self.at - 1].0
    }
}

impl Chance for Seeded {
    fn below(&mut self, n: usize) -> usize {
        (self.draw() % n as u64) as usize
    }
}

#[derive(Default, Clone)]
struct Pending {
    /// Parts not synced: offset and bytes.
    parts: Vec<(u64, Vec<u8>)>,
    /// Whether it was emptied since the last sync.
    truncated: bool,
}

/// The disk after power was lost behind the first `upto` operations.
pub fn after_cut(log: &[Op], upto: usize, chance: &mut dyn Chance) -> SimFs {
    let mut durable: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut pending: BTreeMap<usize, Pending> = BTreeMap::new();
    let mut names: BTreeMap<PathBuf, usize> = BTreeMap::new();
    // Name changes not synced, by folder, in order.
    let mut changes: BTreeMap<PathBuf, Vec<Op>> = BTreeMap::new();
    for op in &log[..upto] {
        match op {
            Op::Write { file, offset, bytes } => {
                let pending = pending.entry(*file).or_default();
                let mut at = 0;
                while at < bytes.len() {
                    let position = offset + at as u64;
                    let room = (SECTOR - position % SECTOR) as usize;
                    let end = bytes.len().min(at + room);
                    pending.parts.push((position, bytes[at..end].to_vec()));
                    at = end;
                }
            }
            Op::Truncate { file } => pending.entry(*file).or_default().truncated = true,
            Op::SyncFile { file } => {
                let done = pending.remove(file).unwrap_or_default();
                let contents = durable.entry(*file).or_default();
                if done.truncated {
                    contents.clear();
                }
                for (offset, bytes) in done.parts {
                    put(contents, offset, &bytes);
                }
            }
            Op::Link { path, .. } | Op::Unlink { path } | Op::Rename { to: path, .. } => {
                changes.entry(path.parent().unwrap().to_owned()).or_default().push(op.clone());
            }
            Op::SyncDir { dir } => {
                for change in changes.remove(dir).unwrap_or_default() {
                    rename(&mut names, &change);
                }
            }
            Op::Answered(_) => {}
        }
    }
    for changes in changes.values() {
        for change in &changes[..chance.below(changes.len() + 1)] {
            rename(&mut names, change);
        }
    }
    let mut files: Vec<Vec<u8>> = Vec::new();
    let numbers: Vec<usize> = names.values().copied().collect();
    for number in 0..=numbers.iter().max().copied().unwrap_or(0) {
        let mut contents = durable.get(&number).cloned().unwrap_or_default();
        if let (true, Some(pending)) = (numbers.contains(&number), pending.get(&number)) {
            if pending.truncated && chance.below(2) == 1 {
                contents.clear();
            }
            // Raw bodies are never read by a start: all or nothing of them keeps the number of states within reach.
            let together = is_raw_day(&names, number).then(|| chance.below(2));
            for (offset, bytes) in &pending.parts {
                if together.unwrap_or_else(|| chance.below(2)) == 1 {
                    put(&mut contents, *offset, bytes);
                }
            }
        }
        files.push(contents);
    }
    SimFs(Arc::new(Mutex::new(Disk { files, names, ..Disk::default() })))
}

fn is_raw_day(names: &BTreeMap<PathBuf, usize>, file: usize) -> bool {
    let path = names.iter().find(|(_, number)| **number == file).map(|(path, _)| path);
    path.and_then(|path| path.file_name()).is_some_and(|name| name.to_string_lossy().starts_with("2026-"))
}

fn put(contents: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (from, to) = (offset as usize, offset as usize + bytes.len());
    if contents.len() < to {
        contents.resize(to, 0);
    }
    contents[from..to].copy_from_slice(bytes);
}

fn rename(names: &mut BTreeMap<PathBuf, usize>, op: &Op) {
    match op {
        Op::Link { path, file } => {
            names.insert(path.clone(), *file);
        }
        Op::Unlink { path } => {
            names.remove(path);
        }
        Op::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        _ => unreachable!(),
    }
}

struct Handle {
    disk: SimFs,
    file: usize,
}

impl SimFs {
    fn new_file(&self, path: &Path) -> io::Result<usize> {
        let mut disk = self.0.lock().unwrap();
        if disk.files_left == Some(0) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.files_left = disk.files_left.map(|files| files - 1);
        let file = disk.files.len();
        disk.files.push(Vec::new());
        disk.names.insert(path.to_owned(), file);
        disk.log.push(Op::Link { path: path.to_owned(), file });
        Ok(file)
    }

    fn number(&self, path: &Path) -> Option<usize> {
        self.0.lock().unwrap().names.get(path).copied()
    }
}

impl Fs for SimFs {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let disk = self.0.lock().unwrap();
        let inside = disk.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        Ok(inside
            .map(|(path, file)| Entry {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                len: disk.files[*file].len() as u64,
            })
            .collect())
    }

    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>> {
        let file = match self.number(path) {
            Some(file) => file,
            None if create => self.new_file(path)?,
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let file = match self.number(path) {
            Some(file) => {
                let mut disk = self.0.lock().unwrap();
                disk.files[file].clear();
                disk.log.push(Op::Truncate { file });
                file
            }
            None => self.new_file(path)?,
        };
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        let file = self.number(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let file = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), file);
        disk.log.push(Op::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        if let Some(file) = disk.names.remove(path) {
            let len = disk.files[file].len() as u64;
            disk.room = disk.room.map(|room| room + len);
            disk.files_left = disk.files_left.map(|files| files + 1);
            disk.log.push(Op::Unlink { path: path.to_owned() });
        }
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.lock().unwrap().log.push(Op::SyncDir { dir: dir.to_owned() });
        Ok(())
    }

    fn free(&self, _dir: &Path) -> io::Result<Free> {
        let disk = self.0.lock().unwrap();
        Ok(Free { bytes: disk.free.or(disk.room).unwrap_or(8 << 20), files: disk.files_left.unwrap_or(u64::MAX) })
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Any + Send>> {
        let mut disk = self.0.lock().unwrap();
        if disk.locked {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "1"));
        }
        disk.locked = true;
        Ok(Box::new(()))
    }
}

impl File for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.0.lock().unwrap();
        let offset = disk.files[self.file].len() as u64;
        let most = disk.room.map_or(bytes.len(), |room| bytes.len().min(room as usize));
        let (written, rest) = bytes.split_at(most);
        disk.room = disk.room.map(|room| room - most as u64);
        disk.files[self.file].extend_from_slice(written);
        disk.log.push(Op::Write { file: self.file, offset, bytes: written.to_vec() });
        if rest.is_empty() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.0.lock().unwrap();
        if disk.fail_sync {
            return Err(io::Error::other("the disk does not answer"));
        }
        disk.syncs += 1;
        disk.log.push(Op::SyncFile { file: self.file });
        Ok(())
    }
}

impl ReadAt for Handle {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let disk = self.disk.0.lock().unwrap();
        let rest = disk.files[self.file].get(offset as usize..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.0.lock().unwrap().files[self.file].len() as u64)
    }
}
