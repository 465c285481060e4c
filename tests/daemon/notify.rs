//! What systemd is told, over a socket as it makes one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{Daemon, LIMIT, side::Side, wait_for};
use rustix::process::Signal;
use std::{
    fs,
    os::unix::{fs::MetadataExt, net::UnixDatagram},
    path::{Path, PathBuf},
};
use vietqr_edge_sandbox::mqtt::Sessions;

/// The supervisor's end.
struct Systemd {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Systemd {
    fn new(dir: &Path) -> Systemd {
        let path = dir.join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        Systemd { socket, path }
    }

    fn start(&self, side: &Side, watchdog_usec: &str) -> Daemon {
        side.shop.spawn_with(&[("NOTIFY_SOCKET", self.path.to_str().unwrap()), ("WATCHDOG_USEC", watchdog_usec)])
    }

    /// Waits until it is told something that is `wanted`, and gives it with all that came before.
    fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        wait_for(what, LIMIT, || {
            let mut buffer = [0; 4096];
            while let Ok(n) = self.socket.recv(&mut buffer) {
                all.push(String::from_utf8(buffer[..n].to_vec()).unwrap());
                if all.last().is_some_and(|told| wanted(told)) {
                    return Some(());
                }
            }
            None
        });
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn it_is_ready_without_a_network_and_says_what_hinders_in_one_line() {
    let mut side = Side::new().await;
    side.broker.stop().await.unwrap();
    let systemd = Systemd::new(&side.shop.dir);
    let daemon = systemd.start(&side, "400000");
    let told = systemd.wait("READY=1", |told| told == "READY=1");
    assert_eq!(told[0], "STATUS=opening the ledger", "{told:?}");
    assert!(daemon.get("/healthz").is_some(), "it answers when it says that it is ready");
    systemd
        .wait("why", |told| told.starts_with("STATUS=link DOWN, localhost:") && told.contains("nothing listens there"));
    // Fed again and again.
    for _ in 0..3 {
        systemd.wait("WATCHDOG=1", |told| told == "WATCHDOG=1");
    }
    side.broker.restart(Sessions::Kept).await.unwrap();
    systemd.wait("the link", |told| told.starts_with("STATUS=link up, localhost:"));
    daemon.signal(Signal::TERM);
    systemd.wait("STOPPING=1", |told| told == "STOPPING=1");
    assert!(daemon.ended().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reload_is_told_from_its_beginning_to_its_end_and_sets_the_log_level() {
    let side = Side::new().await;
    let systemd = Systemd::new(&side.shop.dir);
    let mut daemon = systemd.start(&side, "");
    systemd.wait("READY=1", |told| told == "READY=1");
    daemon.up();
    let config = side.shop.config();
    let before = fs::read_to_string(&config).unwrap();
    for (text, said) in [
        (format!("{before}\n[log]\nlevel = \"error\"\n"), None),
        (format!("{before}\n[log]\nlevle = \"info\"\n"), Some("the configuration has errors, the old one stays")),
        (before, Some("are read again")),
    ] {
        fs::write(&config, text).unwrap();
        let from = daemon.log().len();
        daemon.signal(Signal::HUP);
        let told = systemd.wait("the end of the reload", |told| told == "READY=1");
        let reloading = told.iter().find(|told| told.starts_with("RELOADING=1")).unwrap();
        assert!(reloading.contains("\nMONOTONIC_USEC="), "{reloading:?}");
        let log = daemon.log()[from..].to_owned();
        match said {
            Some(said) => assert!(log.contains(said), "{log:?}"),
            None => assert_eq!(log, "", "only errors from now on"),
        }
    }
    assert_eq!(daemon.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn in_the_journal_each_line_has_its_level_and_no_time_of_its_own() {
    let mut side = Side::new().await;
    side.broker.stop().await.unwrap();
    let journal = side.shop.empty_log().metadata().unwrap();
    let stream = format!("{}:{}", journal.dev(), journal.ino());
    let mut daemon = side.shop.spawn_with(&[("JOURNAL_STREAM", &stream)]);
    daemon.down_saying("nothing listens there");
    fs::write(side.shop.config(), "[mqtt]\nx = 1\n[device]\ny = 1\n").unwrap();
    daemon.signal(Signal::HUP);
    let log = wait_for("the errors", LIMIT, || Some(daemon.log()).filter(|log| log.contains("device.y")));
    let levels: Vec<&str> = log.lines().map(|line| line.split_at(3).0).collect();
    assert!(log.starts_with("<6> INFO vietqr_edge::server: vietqr-edge"), "{log}");
    assert!(log.contains("\n<4> WARN vietqr_edge::link::board: the link is down"), "{log}");
    assert!(levels.iter().filter(|level| **level == "<3>").count() > 2, "each line of the errors: {log}");
    assert!(levels.iter().all(|level| ["<3>", "<4>", "<6>"].contains(level)), "{log}");
    daemon.kill();

    // Another file is not the journal.
    let mut daemon = side.shop.spawn_with(&[("JOURNAL_STREAM", "1:1")]);
    daemon.down_saying("nothing listens there");
    assert!(daemon.log().starts_with("20"), "{}", daemon.log());
}
