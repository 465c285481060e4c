//! The release binary itself: from publish to sentence, memory, start, rebuild.

use super::{
    ledger,
    process::{self, Bench, DEADLINE},
    report::Report,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use vietqr_edge_sandbox::vietqr::{Bdsd, Cloud};

/// Where cargo puts the binary.
const BINARY: &str = env!("CARGO_BIN_EXE_vietqr-edge");

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

/// From the call that publishes to the sentence on the speaker's stdin, over TLS on loopback.
async fn sentences(report: &mut Report, times: usize) {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("said");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let voice = format!("[voice]\ncommand = [\"tee\", \"{}\"]\n", pipe.display());
    let bench = Bench::new(Path::new(&binary()), &voice).await;
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
    let bench = Bench::new(Path::new(&binary()), "").await;
    {
        let daemon = bench.run();
        std::thread::sleep(Duration::from_secs(2));
        report.figure("Resident, idle, empty ledger", daemon.resident_mb(), "MB", Some(8.0));
        report.figure("Start to subscribed, empty ledger", daemon.up_after.as_secs_f64(), "s", Some(1.0));
        let before = daemon.wake_ups();
        std::thread::sleep(Duration::from_secs(30));
        report.figure("Wake-ups a second, idle", (daemon.wake_ups() - before) / 30.0, "", Some(3.0));
        let peak = process::peak_with_pin(Path::new(BINARY)).await;
        report.figure("Peak, empty ledger, with a check of a PIN", peak, "MB", Some(20.0));
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
