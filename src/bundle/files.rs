//! What lies in the state folder: names and sizes, no contents.

use serde_json::{Value, json};
use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

/// The most entries that are listed.
const MOST: usize = 5000;
/// The state folder itself is level 0.
const DEEPEST: usize = 4;

/// Every file and folder, with its size in bytes and its mode.
pub(super) fn list(dir: &Path) -> io::Result<Value> {
    let mut found = Vec::new();
    let whole = walk(dir, dir, 0, &mut found)?;
    let bytes: u64 = found.iter().filter_map(|entry| entry["bytes"].as_u64()).fold(0, u64::saturating_add);
    Ok(json!({"bytes": bytes, "listed_whole": whole, "files": found}))
}

/// Whether all of it was listed.
fn walk(root: &Path, dir: &Path, level: usize, found: &mut Vec<Value>) -> io::Result<bool> {
    let mut names: Vec<_> = fs::read_dir(dir)?.flatten().map(|entry| entry.path()).collect();
    names.sort_unstable();
    let mut whole = true;
    for path in names {
        if found.len() >= MOST {
            return Ok(false);
        }
        // A file may vanish between the listing and the look; a link is not followed.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let mode = format!("{:04o}", metadata.permissions().mode() & 0o7777);
        if metadata.is_dir() {
            found.push(json!({"name": format!("{name}/"), "mode": mode}));
            whole &= level < DEEPEST && walk(root, &path, level + 1, found).unwrap_or(false);
        } else {
            found.push(json!({"name": name, "bytes": metadata.len(), "mode": mode}));
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_all_levels_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("journal")).unwrap();
        fs::write(dir.path().join("journal/1.jsonl"), "12345").unwrap();
        fs::write(dir.path().join("lock"), "1").unwrap();
        let listed = list(dir.path()).unwrap();
        assert_eq!((&listed["bytes"], &listed["listed_whole"]), (&json!(6), &json!(true)));
        assert_eq!(listed["files"][1]["name"], "journal/1.jsonl");
        assert!(list(&dir.path().join("none")).is_err());
    }
}
