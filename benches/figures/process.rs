//! The binary as it is shipped, beside a sandbox, as a process to measure.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use vietqr_edge_sandbox::{
    folder::{Folder, FolderOptions},
    mqtt::Broker,
};

pub const DEADLINE: Duration = Duration::from_secs(120);

/// A device's folder, and the other side.
pub struct Bench {
    binary: PathBuf,
    pub dir: PathBuf,
    _keep: tempfile::TempDir,
    pub folder: Folder,
    _broker: Broker,
}

impl Bench {
    /// The sandbox's configuration with these sections in place of its `[voice]` and what follows.
    pub async fn new(binary: &Path, sections: &str) -> Bench {
        let keep = tempfile::tempdir().unwrap();
        let dir = keep.path().to_owned();
        let mut folder = Folder::prepare(&dir, FolderOptions { port: 0, ..FolderOptions::default() }).unwrap();
        let broker = folder.serve().await.unwrap();
        let config = fs::read_to_string(dir.join("agent.toml")).unwrap();
        let without = config.split("[voice]").next().unwrap();
        fs::write(dir.join("agent.toml"), format!("{without}{sections}\n[log]\nlevel = \"warn\"\n")).unwrap();
        Bench { binary: binary.to_owned(), dir, _keep: keep, folder, _broker: broker }
    }

    /// Starts the daemon, and waits until it has subscribed.
    pub fn run(&self) -> Daemon<'_> {
        let begun = Instant::now();
        let child = self.command(&["run"]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let mut daemon = Daemon { bench: self, child, up_after: Duration::ZERO };
        while begun.elapsed() < DEADLINE {
            if daemon.is_up() {
                daemon.up_after = begun.elapsed();
                return daemon;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the daemon did not come up");
    }

    fn command(&self, what: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(what).arg("--config").arg(self.dir.join("agent.toml"));
        command
    }

    /// A command of the program to its end, with this on its standard input.
    pub fn ask(&self, what: &[&str], input: &str) -> Output {
        let piped = || Stdio::piped();
        let mut child = self.command(what).stdin(piped()).stdout(piped()).stderr(piped()).spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}

/// A running daemon; killed when dropped.
pub struct Daemon<'a> {
    bench: &'a Bench,
    child: Child,
    pub up_after: Duration,
}

impl Daemon<'_> {
    /// Subscribed: `link.up` is in its status.
    fn is_up(&self) -> bool {
        let output = self.bench.ask(&["status", "--format", "json"], "");
        let status = || serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        output.status.success() && status()["link"]["state"] == "up"
    }

    /// What is mapped and in memory now.
    pub fn resident_mb(&self) -> f64 {
        self.memory_mb("VmRSS:")
    }

    /// The most that was in memory since it was started.
    #[allow(dead_code)] // only tests/appetite.rs asks
    pub fn peak_mb(&self) -> f64 {
        self.memory_mb("VmHWM:")
    }

    fn memory_mb(&self, name: &str) -> f64 {
        number(&fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap(), name) / 1024.0
    }

    /// How often its threads were put on a processor so far. One that ends takes its count along.
    pub fn wake_ups(&self) -> f64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let status = threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok());
        let switches =
            |text: String| number(&text, "voluntary_ctxt_switches:") + number(&text, "nonvoluntary_ctxt_switches:");
        status.map(switches).sum()
    }

    /// Lists all payments page by page; how many there are.
    pub fn list_all(&self) -> u64 {
        // Without a place to go on from, the command shows the newest.
        let (mut after, mut count) = ("p0".to_owned(), 0);
        loop {
            let page = self.bench.ask(&["payments", "--json", "--limit", "1000", "--after", &after], "");
            let page: serde_json::Value = serde_json::from_slice(&page.stdout).unwrap();
            count += page["items"].as_array().unwrap().len() as u64;
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return count,
            }
        }
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that a daemon with an empty ledger had when it has checked a PIN, in MB.
pub async fn peak_with_pin(binary: &Path) -> f64 {
    let hash = Bench::new(binary, "").await.ask(&["operator", "hash"], "4321\n").stdout;
    let hash = String::from_utf8(hash).unwrap();
    let operator = format!("[[operator]]\nname = \"lan\"\nrole = \"manager\"\npin_hash = \"{}\"\n", hash.trim());
    let bench = Bench::new(binary, &operator).await;
    let daemon = bench.run();
    let asked = bench.ask(&["refund", "approve", "r1", "--operator", "lan", "--pin"], "1234\n");
    let told = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert!(told.contains("wrong_pin"), "no PIN was checked: {told}");
    daemon.peak_mb()
}

/// The number behind a name in a file of proc(5).
fn number(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
