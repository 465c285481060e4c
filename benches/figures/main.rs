//! The figures of `docs/benchmarks.md`, by one command: `cargo bench --bench figures -- --others`.
//!
//! `--others` compares with other programs too, and needs what Debian calls mosquitto, mosquitto-clients, python3-venv, nodejs, npm,
//! gcc and valgrind. `--only-others` does nothing else. But for `--others` alone the figures are only printed; `--quick` takes few.
//! Ratios are taken within one run; absolute times mean little on a shared machine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod ingest;
mod ledger;
mod process;
mod report;
#[path = "../versus/mod.rs"]
mod versus;

use std::path::Path;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let given = |wanted: &str| std::env::args().any(|arg| arg == wanted);
    let quick = given("--test") || given("--quick");
    let (others, only_others) = (given("--others"), given("--only-others"));
    let payments = if quick { 2_000 } else { 100_000 };
    let mut report = report::Report::new(payments);
    daemon::build();
    if !only_others {
        ingest::measure(&mut report, quick);
        daemon::measure(&mut report, payments, quick);
    }
    if others || only_others {
        versus::measure(&mut report, quick);
    }
    println!("{report}");
    if others && !only_others && !quick {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
        std::fs::write(&path, report.to_string()).unwrap();
        println!("written to docs/benchmarks.md");
    }
    assert!(report.passed(), "a goal was missed");
}
