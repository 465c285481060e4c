//! Acknowledged payments a second: group commit against one commit a payment, on the same disk in the same run.

use super::{
    ledger::{SlowFs, open, payment},
    report::Report,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::{self, Answer},
};

/// As many as a broker keeps in flight.
const IN_FLIGHT: usize = 64;

pub fn measure(report: &mut Report, quick: bool) {
    let (few, many) = if quick { (20, 500) } else { (300, 20_000) };
    let slow = || -> Arc<dyn Fs> { Arc::new(SlowFs(Duration::from_millis(5))) };
    let (one, group) = (one_by_one(slow(), few), grouped(slow(), few * 20));
    report.ratio(
        "Ingest, 5 ms injected at every fdatasync",
        "one commit a payment",
        one,
        "group commit",
        group,
        Some(10.0),
    );
    let real = || -> Arc<dyn Fs> { Arc::new(RealFs) };
    let (one, group) = (one_by_one(real(), few), grouped(real(), many));
    report.ratio("Ingest, this machine's disk", "one commit a payment", one, "group commit", group, None);
}

fn one_by_one(fs: Arc<dyn Fs>, payments: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(fs, dir.path());
    let begun = Instant::now();
    for n in 0..payments {
        let answers = writer.commit(vec![payment(n)]).unwrap();
        assert!(matches!(answers[..], [Ok(Answer::Booked(_))]));
    }
    payments as f64 / begun.elapsed().as_secs_f64()
}

fn grouped(fs: Arc<dyn Fs>, payments: u64) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let (ledger, _running) = ledger::start(open(fs, dir.path()), 256).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    runtime.block_on(async {
        let mut waiting = std::collections::VecDeque::new();
        for n in 0..payments {
            if waiting.len() == IN_FLIGHT {
                let oldest: ledger::Pending = waiting.pop_front().unwrap();
                assert!(matches!(oldest.await, Ok(Ok(Answer::Booked(_)))));
            }
            ledger.commands.room().await.unwrap();
            waiting.push_back(ledger.commands.try_send(payment(n)).unwrap());
        }
        for pending in waiting {
            assert!(matches!(pending.await, Ok(Ok(Answer::Booked(_)))));
        }
    });
    payments as f64 / begun.elapsed().as_secs_f64()
}
