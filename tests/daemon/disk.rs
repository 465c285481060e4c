//! A small real disk: full, and read-only. Needs root, for the mounts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{
    LIMIT,
    side::{Side, acknowledged},
    wait_for,
};
use std::{
    fs::{self, File, OpenOptions},
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

    /// Makes files until the system says that there can be no more.
    fn fill_files(&self) {
        let dir = self.0.join("files");
        // Once it is there it needs no more room.
        let _ = fs::create_dir(&dir);
        let error = (0..).find_map(|n| File::create(dir.join(format!("{n}"))).err()).unwrap();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    fn clear_files(&self) {
        fs::remove_dir_all(self.0.join("files")).unwrap();
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
async fn without_a_file_left_nothing_is_acknowledged_it_starts_all_the_same_and_then_everything_is_booked_once() {
    let side = Side::new().await;
    let disk = Mount::new(&side.shop.state, "size=64m,nr_inodes=200,mode=0700");
    let (cloud, mut watch) = (side.cloud().await, side.broker.watch());
    let mut daemon = side.open();
    cloud.pay(&Bdsd::credit(20_000)).await.unwrap();
    acknowledged(&mut watch, 1).await;
    assert!(daemon.get("/v1/status").unwrap()["disk"]["free_files"].as_u64().unwrap() > 100);

    disk.fill_files();
    for n in 1..=3 {
        cloud.pay(&Bdsd::credit(20_000 + n * 1000)).await.unwrap();
    }
    daemon.down_saying("the disk is full");
    let status = daemon.wait("no files", |status| status["disk"]["full"] == true);
    assert!(status["disk"]["free_bytes"].as_u64().unwrap() > 16 << 20, "there is room for bytes: {status}");
    assert_eq!((&status["totals"]["credits"], &status["disk"]["free_files"]), (&1.into(), &0.into()));
    let text = String::from_utf8(side.shop.cli(&["status"]).stdout).unwrap();
    assert!(text.contains("FULL: nothing is stored") && text.contains(" and 0 files free"), "{text}");
    assert!(quiet(&mut watch).await, "nothing is acknowledged");

    // It starts all the same, with the places of the reserve.
    daemon.kill();
    daemon = side.shop.start();
    daemon.down_saying("the disk is full");
    daemon.kill();

    // When those are used up as well, it may have to say that there must be room.
    disk.fill_files();
    let (mut daemon, says) = (side.shop.spawn(), "the disk is full: make room");
    wait_for("an answer, or a sentence", LIMIT, || {
        (daemon.get("/v1/status").is_some() || daemon.log().contains(says)).then_some(())
    });
    if daemon.log().contains(says) {
        assert_eq!(daemon.ended().code(), Some(1));
        disk.clear_files();
        daemon = side.shop.start();
    } else {
        disk.clear_files();
    }
    daemon.credits(4);
    acknowledged(&mut watch, 3).await;
    assert!(quiet(&mut watch).await, "each is acknowledged once");
    daemon.terminate();
    assert!(side.shop.cli(&["journal", "verify"]).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn where_there_is_no_room_for_the_socket_money_is_heard_of_all_the_same_and_it_answers_when_there_is() {
    let mut side = Side::new().await;
    let run = side.shop.dir.join("run");
    let small = Mount::new(&run, "size=1m,nr_inodes=4,mode=0700");
    side.shop.voice.push_str(&format!("\n[api]\nsocket = {:?}", run.join("agent.sock")));
    small.fill_files();
    let daemon = side.shop.spawn();
    for says in ["nobody can ask how the device is", "the link is up"] {
        wait_for(says, LIMIT, || daemon.log().contains(says).then_some(()));
    }
    side.cloud().await.pay(&Bdsd::credit(25_000)).await.unwrap();
    assert_eq!(side.shop.wait_said(1), ["Đã nhận hai mươi lăm nghìn đồng"]);
    assert_eq!(side.shop.cli(&["status"]).status.code(), Some(69), "not reachable");

    small.clear_files();
    wait_for("an answer", LIMIT, || side.shop.cli(&["status"]).status.success().then_some(()));
    assert!(daemon.terminate().0.success());
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
