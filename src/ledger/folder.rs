//! The state folder, made ready: what should be there is there, and what is in the way is set aside.

use super::journal::SegmentName;
use crate::fs::Fs;
use std::{
    io,
    path::{Path, PathBuf},
};
use vietqr_edge_core::time::Timestamp;

/// Makes the folders, and clears out of the way what has the name of something else.
///
/// # Errors
/// As the system says, where the folder can not be written.
pub fn prepare(fs: &dyn Fs, state_dir: &Path, now: Timestamp) -> io::Result<()> {
    let journal = state_dir.join("journal");
    let raw = state_dir.join("raw");
    for dir in [&journal, &raw] {
        if let Err(error) = fs.create_dir(dir) {
            if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) {
                return Err(error);
            }
            set_aside(fs, state_dir, dir, now)?;
            fs.create_dir(dir)?;
        }
    }
    fs.sync_dir(state_dir)?;
    if let Some(above) = state_dir.parent() {
        fs.sync_dir(above)?;
    }
    for entry in fs.list(&journal)? {
        let path = journal.join(&entry.name);
        let unfinished = entry.name.ends_with(".new");
        if (unfinished || SegmentName::parse(&entry.name).is_some()) && entry.len == 0 && is_dir(fs, &path) {
            set_aside(fs, state_dir, &path, now)?;
        } else if unfinished {
            // What was being written beside and never got its name was never part of the journal.
            fs.remove(&path)?;
        }
    }
    for path in [state_dir.join("reserve"), raw.join("strangers-0.jsonl"), raw.join("strangers-1.jsonl")] {
        if is_dir(fs, &path) {
            set_aside(fs, state_dir, &path, now)?;
        }
    }
    Ok(())
}

/// The segments in the journal's folder, oldest first.
///
/// # Errors
/// As the system says.
pub fn segments(fs: &dyn Fs, journal: &Path) -> io::Result<Vec<SegmentName>> {
    let mut names: Vec<_> = fs.list(journal)?.iter().filter_map(|entry| SegmentName::parse(&entry.name)).collect();
    names.sort_unstable();
    Ok(names)
}

fn is_dir(fs: &dyn Fs, path: &Path) -> bool {
    let first = fs.read(path).and_then(|file| file.read_at(0, &mut [0]));
    first.is_err_and(|error| error.kind() == io::ErrorKind::IsADirectory)
}

fn set_aside(fs: &dyn Fs, state_dir: &Path, path: &Path, now: Timestamp) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let to: PathBuf = state_dir.join("set-aside").join(format!("{name}-{}", now.millis()));
    tracing::error!(path = %path.display(), to = %to.display(), "it is not what it should be; it is set aside");
    fs.create_dir(&state_dir.join("set-aside"))?;
    fs.rename(path, &to)?;
    fs.sync_dir(path.parent().unwrap_or(state_dir))?;
    fs.sync_dir(&state_dir.join("set-aside"))
}
