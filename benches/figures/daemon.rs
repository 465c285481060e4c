//! The release binary itself: from publish to sentence, memory, start, rebuild.

use super::{ledger, report::Report};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use vietqr_edge_sandbox::{
    folder::{Folder, FolderOptions},
    mqtt::Broker,
    vietqr::{Bdsd, Cloud},
};

/// Where cargo puts the binary.
const BINARY: &str = env!("CARGO_BIN_EXE_vietqr-edge");
const DEADLINE: Duration = Duration::from_secs(120);

/// The program that is measured: the environment may name another one, which is then taken as it is.
pub fn binary() -> String {
    std::env::var("VIETQR_EDGE").unwrap_or(BINARY.to_owned())
}

/// Builds the binary as it is shipped: beside the sandbox, cargo would give it the sandbox's features of shared libraries too.
pub fn build() {
    if std::env::var_os("VIETQR_EDGE").is_some() {
        return;
    }
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let target = Path::new(BINARY).parent().unwrap().parent().unwrap();
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", "vietqr-edge", "--bin", "vietqr-edge", "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.unwrap().success(), "the release build failed");
}

pub fn measure(report: &mut Report, payments: u64, quick: bool) {
    report.figure("Binary, x86-64, stripped", fs::metadata(binary()).unwrap().len() as f64 / 1e6, "MB", None);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        sentences(report, if quick { 20 } else { 300 }).await;
        appetite(report, payments).await;
    });
}

/// A daemon on a sandbox of its own.
struct Bench {
    dir: PathBuf,
    _keep: tempfile::TempDir,
    folder: Folder,
    _broker: Broker,
}

impl Bench {
    async fn new(voice: &str) -> Bench {
        let keep = tempfile::tempdir().unwrap();
        let dir = keep.path().to_owned();
        let mut folder = Folder::prepare(&dir, FolderOptions { port: 0, ..FolderOptions::default() }).unwrap();
        let broker = folder.serve().await.unwrap();
        let config = fs::read_to_string(dir.join("agent.toml")).unwrap();
        let without = config.split("[voice]").next().unwrap();
        fs::write(dir.join("agent.toml"), format!("{without}{voice}\n[log]\nlevel = \"warn\"\n")).unwrap();
        Bench { dir, _keep: keep, folder, _broker: broker }
    }

    fn run(&self) -> Daemon {
        let begun = Instant::now();
        let child = Command::new(binary())
            .args(["run", "--config"])
            .arg(self.dir.join("agent.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Daemon { child, config: self.dir.join("agent.toml"), begun, up_after: Duration::ZERO };
        daemon.until_up()
    }
}

struct Daemon {
    child: Child,
    config: PathBuf,
    begun: Instant,
    up_after: Duration,
}

impl Daemon {
    /// Subscribed: `link.up` is in its status.
    fn until_up(mut self) -> Daemon {
        while self.begun.elapsed() < DEADLINE {
            if self.is_up() {
                self.up_after = self.begun.elapsed();
                return self;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the daemon did not come up");
    }

    fn is_up(&self) -> bool {
        let Some(text) = self.ask(&["status", "--format", "json"]) else { return false };
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        status["link"]["state"] == "up"
    }

    fn ask(&self, what: &[&str]) -> Option<String> {
        let output =
            Command::new(binary()).args(what).arg("--config").arg(&self.config).stderr(Stdio::null()).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Lists all payments page by page; how many there are.
    fn list_all(&self) -> u64 {
        // Without a place to go on from, the command shows the newest.
        let (mut after, mut count) = ("p0".to_owned(), 0);
        loop {
            let what = ["payments", "--json", "--limit", "1000", "--after", &after];
            let page: serde_json::Value = serde_json::from_str(&self.ask(&what).unwrap()).unwrap();
            count += page["items"].as_array().unwrap().len() as u64;
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return count,
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// From the call that publishes to the sentence on the speaker's stdin, over TLS on loopback.
async fn sentences(report: &mut Report, times: usize) {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("said");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let voice = format!("[voice]\ncommand = [\"tee\", \"{}\"]\n", pipe.display());
    let bench = Bench::new(&voice).await;
    let _daemon = bench.run();
    let (heard, mut hear) = tokio::sync::mpsc::unbounded_channel();
    // Held open to write as well, so that it does not end between two sentences.
    let listen = pipe.clone();
    std::thread::spawn(move || {
        let file = fs::OpenOptions::new().read(true).write(true).open(listen).unwrap();
        for line in BufReader::new(file).lines() {
            if heard.send((Instant::now(), line.unwrap())).is_err() {
                return;
            }
        }
    });
    let cloud = Cloud::connect_with(bench.folder.cloud()).await.unwrap();
    let mut took = Vec::new();
    for n in 0..times {
        let begun = Instant::now();
        cloud.pay(&Bdsd::credit(25_000).reference(&format!("FT{n:08}"))).await.unwrap();
        let (at, _) = tokio::time::timeout(DEADLINE, hear.recv()).await.unwrap().unwrap();
        took.push((at - begun).as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    report.figure("Publish to sentence, TLS on loopback, p50", took[times / 2], "ms", None);
    report.figure("Publish to sentence, TLS on loopback, p99", took[times * 99 / 100], "ms", None);
}

/// Memory and start times with a large ledger.
async fn appetite(report: &mut Report, payments: u64) {
    let bench = Bench::new("").await;
    {
        let daemon = bench.run();
        std::thread::sleep(Duration::from_secs(2));
        report.figure("Resident, idle, empty ledger", daemon.resident_mb(), "MB", Some(8.0));
        report.figure("Start to subscribed, empty ledger", daemon.up_after.as_secs_f64(), "s", None);
    }
    let state = bench.dir.join("state");
    fs::remove_dir_all(&state).unwrap();
    ledger::fill(&state, payments);
    {
        // The store is copied when it has grown.
        let daemon = bench.run();
        let name = format!("The same, with the store copied first, {payments} payments");
        report.figure(&name, daemon.up_after.as_secs_f64(), "s", Some(2.0));
    }
    {
        let daemon = bench.run();
        report.figure(
            &format!("Start to subscribed with {payments} payments"),
            daemon.up_after.as_secs_f64(),
            "s",
            Some(2.0),
        );
        std::thread::sleep(Duration::from_secs(2));
        report.figure(&format!("Resident, idle, {payments} payments"), daemon.resident_mb(), "MB", None);
        let begun = Instant::now();
        assert_eq!(daemon.list_all(), payments);
        report.figure(
            "Listing all of them, 1000 a page, by the command line",
            begun.elapsed().as_secs_f64(),
            "s",
            None,
        );
        report.figure("Resident after that", daemon.resident_mb(), "MB", Some(12.0));
    }
    fs::remove_dir_all(state.join("state")).unwrap();
    let daemon = bench.run();
    report.figure(
        &format!("Start with a full rebuild of {payments} payments"),
        daemon.up_after.as_secs_f64(),
        "s",
        Some(10.0),
    );
    report.figure("Resident after the rebuild", daemon.resident_mb(), "MB", None);
    report.figure(
        "Journal on disk a payment (booked, announced, finished)",
        bytes(&state.join("journal")) / payments as f64,
        "bytes",
        None,
    );
    report.figure("sled on disk a payment", bytes(&state.join("state")) / payments as f64, "bytes", None);
}

fn bytes(dir: &Path) -> f64 {
    fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len() as f64).sum()
}
