//! The disk under the state folder: room, inodes, and one durable write. It takes no lock, so it works while the daemon runs.

use super::report::{Step, Steps};
use crate::{
    config::Config,
    fs::{Free, Fs, RealFs},
    ledger::{
        reserve::{HEADROOM_BYTES, HEADROOM_FILES},
        retention,
    },
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// For all of it.
const PATIENCE: Duration = Duration::from_secs(15);
/// A durable write that takes longer makes payments late.
const SLOW: Duration = Duration::from_millis(1000);
/// What is written, in bytes: about a group of the journal.
const SIZE: usize = 4096;
/// Its name in the state folder, before the process id.
const NAME: &str = "check.tmp";

pub(super) async fn probe(config: &Config) -> Vec<Step> {
    let (dir, most) = (config.device.state_dir.clone(), config.retention.max_disk_mb << 20);
    let work = tokio::task::spawn_blocking(move || look(&dir, most));
    match timeout(PATIENCE, work).await {
        Ok(Ok(steps)) => steps,
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            let mut steps = Steps::of("disk");
            let late = format!("a small durable write did not end within {} s", PATIENCE.as_secs());
            steps.error("write", late, "the card or disk is failing or overloaded: look at the kernel's log");
            steps.list
        }
    }
}

fn look(dir: &Path, most: u64) -> Vec<Step> {
    let mut steps = Steps::of("disk");
    let there = dir.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    match RealFs.free(there) {
        Ok(free) => {
            space(free, most.saturating_sub(retention::used(&RealFs, dir)), &mut steps);
            inodes(free, &mut steps);
        }
        Err(error) => {
            steps.error("space", format!("{}: {error}", there.display()), "look at device.state_dir");
        }
    }
    if there == dir {
        write(dir, &mut steps);
    } else {
        steps.not_tried(&["write"], "the state folder is not there yet; `run` makes it");
    }
    steps.list
}

fn space(free: Free, growth: u64, steps: &mut Steps) {
    let mb = |bytes: u64| format!("{} MB", bytes >> 20);
    if free.bytes < HEADROOM_BYTES {
        let full = format!("{} KB free: nothing is stored or acknowledged", free.bytes >> 10);
        steps.error("space", full, "make room");
    } else if free.bytes < growth + HEADROOM_BYTES {
        let short = format!("{} free, and the ledger may still grow by {}", mb(free.bytes), mb(growth));
        steps.warning("space", short, "make room, or lower retention.max_disk_mb");
    } else {
        steps.ok("space", format!("{} free; the ledger may still grow by {}", mb(free.bytes), mb(growth)));
    }
}

fn inodes(free: Free, steps: &mut Steps) {
    match free.files {
        u64::MAX => steps.ok("inodes", "this file system does not count them"),
        files if files < HEADROOM_FILES => {
            steps.error("inodes", format!("{files} free: nothing is stored or acknowledged"), "remove files");
        }
        files if files < 16 * HEADROOM_FILES => steps.warning("inodes", format!("{files} free"), "remove files"),
        files => steps.ok("inodes", format!("{files} free")),
    }
}

fn write(dir: &Path, steps: &mut Steps) {
    let path = dir.join(format!("{NAME}-{}", std::process::id()));
    // Of a check with this id that was cut off.
    let _ = fs::remove_file(&path);
    let began = Instant::now();
    let written = durable(dir, &path);
    let took = began.elapsed();
    // Also where the write failed half-way: a full disk needs the room.
    let _ = fs::remove_file(&path);
    let ms = took.as_millis();
    match written {
        Ok(()) if took > SLOW => {
            let slow = format!("{SIZE} bytes were durable after {ms} ms");
            steps.warning("write", slow, "the card is slow or worn: each payment waits as long");
        }
        Ok(()) => match owner(dir) {
            Some(uid) => steps.ok("write", format!("durable after {ms} ms, as root; the daemon's user must be {uid}")),
            None => steps.ok("write", format!("durable after {ms} ms")),
        },
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let hint = "run this as the daemon's user to try it";
            steps.warning("write", format!("{} may not be written by this user", dir.display()), hint);
        }
        Err(error) => {
            steps.error(
                "write",
                format!("{}: {error}", dir.display()),
                "look at the disk, its mount and device.state_dir",
            );
        }
    }
}

/// The file is a new one in any case: root may run this in a folder of another user, who could have laid a link there.
fn durable(dir: &Path, path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&[0; SIZE])?;
    file.sync_data()?;
    RealFs.sync_dir(dir)
}

/// Whose folder it is, where root looks at somebody else's.
fn owner(dir: &Path) -> Option<u32> {
    let uid = fs::metadata(dir).ok()?.uid();
    (rustix::process::geteuid().is_root() && uid != 0).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::super::report::Grade;
    use super::*;

    fn graded(bytes: u64, files: u64) -> [Grade; 2] {
        let mut steps = Steps::of("disk");
        let free = Free { bytes, files };
        space(free, 100 << 20, &mut steps);
        inodes(free, &mut steps);
        [steps.list[0].grade, steps.list[1].grade]
    }

    #[test]
    fn room_is_judged_by_what_the_ledger_does_with_it() {
        assert_eq!(graded(1 << 40, u64::MAX), [Grade::Ok; 2]);
        assert_eq!(graded(101 << 20, 255), [Grade::Warning; 2]);
        assert_eq!(graded(HEADROOM_BYTES - 1, HEADROOM_FILES - 1), [Grade::Error; 2]);
    }

    #[test]
    fn the_ledger_grows_by_what_it_does_not_hold_yet_and_what_lies_aside_is_held() {
        let folder = tempfile::tempdir().unwrap();
        for (dir, mb) in [("journal", 1), ("set-aside/state-1", 3)] {
            fs::create_dir_all(folder.path().join(dir)).unwrap();
            fs::write(folder.path().join(dir).join("file"), vec![0; mb << 20]).unwrap();
        }
        let space = look(folder.path(), 8 << 20).remove(0);
        assert!(space.message.ends_with("the ledger may still grow by 4 MB"), "{}", space.message);
    }

    #[test]
    fn the_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let steps = look(folder.path(), 1 << 20);
        assert_eq!(steps.last().map(|step| (step.step, step.grade)), Some(("write", Grade::Ok)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let steps = look(&folder.path().join("not/yet"), 1 << 20);
        assert_eq!(steps.last().map(|step| (step.step, step.grade)), Some(("write", Grade::NotTried)));
        assert!(!folder.path().join("not").exists());
    }
}
