//! Folders and programs of this machine. Nothing is created.

use super::super::Api;
use super::{Findings, Grade};
use crate::voice::clips::Pack;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use vietqr_edge_core::voice::Dialect;

/// The folder of the ledger: there and writable, or possible to create.
pub(super) fn state_dir(dir: &Path, f: &mut Findings) {
    folder("device.state_dir", dir, f);
}

/// The folder of the socket. A default socket is in `state_dir`, which has been looked at.
pub(super) fn socket(api: &Api, f: &mut Findings) {
    if api.socket_mode != 0o600
        && let Some(parent) = api.socket.parent()
    {
        folder("api.socket", parent, f);
    }
}

fn folder(key: &str, dir: &Path, f: &mut Findings) {
    // The nearest folder that is there decides whether the rest can be created.
    let Some(there) = dir.ancestors().find(|p| fs::symlink_metadata(p).is_ok()) else {
        return f.add(Grade::Error, key, format!("{} cannot be created", dir.display()));
    };
    if !there.is_dir() {
        return f.add(Grade::Error, key, format!("{} is not a folder", there.display()));
    }
    let made = if there == dir { "is there" } else { "can be created" };
    let (grade, message) = match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => (Grade::Ok, format!("{} {made} and written", dir.display())),
        // The daemon may run as another user than this check.
        Err(Errno::ACCESS) => {
            (Grade::Warning, format!("{} cannot be written by this user; the daemon's must", there.display()))
        }
        Err(e) => (Grade::Error, format!("{} cannot be written: {e}", there.display())),
    };
    f.add(grade, key, message);
}

/// The program of a command, as it will be looked for: with a slash as a path, else in PATH.
pub(super) fn program(key: &str, command: &[String], f: &mut Findings) {
    let Some(name) = command.first() else { return };
    match find(name) {
        Some(path) => f.add(Grade::Ok, key, format!("found {}", path.display())),
        None => f.add(Grade::Warning, key, format!("no program {name:?} in PATH; nothing would be heard")),
    }
}

/// The file of a program, as the speaker will look for it.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let runs = |path: &PathBuf| fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(runs);
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(runs)
}

/// The clip pack, whole: every clip that some amount could need.
pub(super) fn clips(dir: &Path, dialect: Dialect, f: &mut Findings) {
    match Pack::load(dir, dialect) {
        Ok(_) => f.add(Grade::Ok, "voice.clips", format!("{} has every clip", dir.display())),
        Err(error) => f.add(Grade::Error, "voice.clips", error.to_string()),
    }
}

/// A PIN is short: whoever reads its hash finds it.
pub(super) fn pin_hashes(f: &mut Findings) {
    if fs::metadata(&f.file).is_ok_and(|m| m.mode() & 0o004 != 0) {
        f.add(
            Grade::Warning,
            "operator[0].pin_hash",
            "others can read this file, and from a hash find the PIN; expected mode 0640",
        );
    }
}
