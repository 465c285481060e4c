//! A small real disk: full, and read-only. Needs root, for the mounts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::side::{Side, acknowledged};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use vietqr_edge_sandbox::{
    mqtt::{Seen, Watch},
    vietqr::Bdsd,
};

/// A file system in memory.
struct Mount(PathBuf);

impl Mount {
    fn new(at: &Path, options: &str) -> Mount {
        fs::create_dir_all(at).unwrap();
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output().unwrap();
        assert!(done.status.success(), "a tmpfs is needed, so the right to mount (root): {done:?}");
        Mount(at.to_owned())
    }

    /// Writes until the system says that there is no room.
    fn fill(&self) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.filler()).unwrap();
        let error = (0..).find_map(|_| file.write_all(&[0; 4096]).err()).unwrap();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    fn clear(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Whether for a while nothing is acknowledged.
async fn quiet(watch: &mut Watch) -> bool {
    watch.wait_for(Duration::from_millis(250), |seen| matches!(seen, Seen::Acknowledged { .. })).await.is_err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn on_a_full_disk_nothing_is_acknowledged_and_with_room_again_everything_is_booked_once() {
    let side = Side::new().await;
    let disk = Mount::new(&side.shop.state, "size=40m,mode=0700");
    let (cloud, mut watch) = (side.cloud().await, side.broker.watch());
    let mut daemon = side.open();
    cloud.pay(&Bdsd::credit(20_000)).await.unwrap();
    acknowledged(&mut watch, 1).await;
    side.shop.wait_said(1);

    disk.fill();
    for n in 1..=5 {
        cloud.pay(&Bdsd::credit(20_000 + n * 1000)).await.unwrap();
    }
    daemon.down_saying("the disk is full");
    let status = daemon.wait("the disk to be full", |status| status["disk"]["full"] == true);
    assert_eq!(status["totals"]["credits"], 1);
    assert!(quiet(&mut watch).await, "nothing is acknowledged");

    // It starts on a full disk too, by its reserve; that is filled as well.
    daemon.kill();
    daemon = side.shop.start();
    disk.fill();
    cloud.pay(&Bdsd::credit(26_000)).await.unwrap();

    disk.clear();
    daemon.credits(7);
    acknowledged(&mut watch, 6).await;
    assert!(quiet(&mut watch).await, "each is acknowledged once");
    let mut said = side.shop.wait_said(7);
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), 7);
    daemon.terminate();
    assert!(side.shop.cli(&["journal", "verify"]).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_read_only_disk_ends_it_with_a_sentence() {
    let side = Side::new().await;
    let _disk = Mount::new(&side.shop.state, "ro,size=1m");
    side.shop.write();
    let output = side.shop.cli(&["run"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(&side.shop.state.display().to_string()) && stderr.contains("Read-only"), "{stderr}");
}
