//! The figures of `docs/benchmarks.md`, by one command: `cargo bench --bench figures`.
//!
//! Ratios are taken within one run; absolute times mean little on a shared machine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod ingest;
mod ledger;
mod process;
mod report;

use std::path::Path;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let quick = std::env::args().any(|arg| arg == "--test" || arg == "--quick");
    let payments = if quick { 2_000 } else { 100_000 };
    let mut report = report::Report::new(payments);
    ingest::measure(&mut report, quick);
    daemon::measure(&mut report, payments, quick);
    println!("{report}");
    if !quick {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks.md");
        std::fs::write(&path, report.to_string()).unwrap();
        println!("written to docs/benchmarks.md");
    }
    assert!(report.passed(), "a goal was missed");
}
