//! What the shipped program may take of a device. Run by hand or by CI, with the release binary named:
//! `VIETQR_EDGE=target/release/vietqr-edge cargo test --test appetite -- --ignored --test-threads 1`
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

#[path = "../benches/figures/ledger.rs"]
mod ledger;
#[path = "../benches/figures/process.rs"]
mod process;

use process::{Bench, Daemon};
use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

const IDLE_MB: f64 = 8.0;
const LISTED_MB: f64 = 12.0;
const PEAK_MB: f64 = 20.0;
const WAKE_UPS_A_SECOND: f64 = 3.0;
/// From the start of the process until it has subscribed, TLS on loopback included.
const START: Duration = Duration::from_secs(1);
const PAYMENTS: u64 = 100_000;

/// What only the start needed is given back within this time.
const SETTLES: Duration = Duration::from_secs(15);
/// How long wake-ups are counted.
const WINDOW: Duration = Duration::from_secs(15);
/// Other work on the machine spoils a figure now and then; it does not improve one.
const TRIES: usize = 3;

fn binary() -> PathBuf {
    let named = std::env::var_os("VIETQR_EDGE").expect("VIETQR_EDGE names the release binary");
    fs::canonicalize(named).unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A bench, and the runtime that its sandbox lives in.
fn bench() -> (Bench, Runtime) {
    let runtime = runtime();
    (runtime.block_on(Bench::new(&binary(), "")), runtime)
}

/// The least of some tries.
fn least(what: impl Fn() -> f64, enough: f64) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        least = least.min(what());
        if least <= enough {
            break;
        }
    }
    println!("{least:.2}, at most {enough}");
    least
}

/// Memory once it fits, or as it is when it should.
fn settled_mb(daemon: &Daemon<'_>, most: f64) -> f64 {
    let until = Instant::now() + SETTLES;
    while daemon.resident_mb() > most && Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
    let is = daemon.resident_mb();
    println!("{is:.2} MB, at most {most} MB");
    is
}

#[test]
#[ignore = "needs the release binary"]
fn an_idle_daemon_is_small_and_sleeps() {
    let (bench, _runtime) = bench();
    let daemon = bench.run();
    assert!(settled_mb(&daemon, IDLE_MB) <= IDLE_MB);
    let wake_ups = least(
        || {
            let before = daemon.wake_ups();
            thread::sleep(WINDOW);
            (daemon.wake_ups() - before) / WINDOW.as_secs_f64()
        },
        WAKE_UPS_A_SECOND,
    );
    assert!(wake_ups <= WAKE_UPS_A_SECOND, "{wake_ups} wake-ups a second");
}

#[test]
#[ignore = "needs the release binary"]
fn it_listens_a_second_after_its_start() {
    let (bench, _runtime) = bench();
    let took = least(|| bench.run().up_after.as_secs_f64(), START.as_secs_f64());
    assert!(took <= START.as_secs_f64(), "{took} s");
}

#[test]
#[ignore = "needs the release binary"]
fn a_pin_check_is_the_most_memory_it_ever_takes() {
    let runtime = runtime();
    let peak = runtime.block_on(process::peak_with_pin(&binary()));
    println!("{peak:.2} MB, at most {PEAK_MB} MB");
    assert!(peak <= PEAK_MB, "{peak} MB");
}

#[test]
#[ignore = "needs the release binary"]
fn a_ledger_of_a_year_stays_small_when_all_of_it_is_listed() {
    let (bench, _runtime) = bench();
    ledger::fill(&bench.dir.join("state"), PAYMENTS);
    // The first start copies the store, and is not measured.
    drop(bench.run());
    let daemon = bench.run();
    assert_eq!(daemon.list_all(), PAYMENTS);
    assert!(settled_mb(&daemon, LISTED_MB) <= LISTED_MB);
}
