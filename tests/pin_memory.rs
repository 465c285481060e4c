//! Memory while PINs are checked, by itself: what other tests allocate must not count.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use futures_util::future::join_all;
use std::fs;
use support::served::{Served, operator};
use vietqr_edge::{config::Role, pin::Denied};
use vietqr_edge_core::refund::Pin;

/// Memory that one check takes, in KiB.
const CHECK_KIB: u64 = 7168;

/// A line of `/proc/self/status`, in KiB.
fn kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn checks_asked_for_at_once_are_made_one_after_the_other_and_leave_nothing_behind() {
    let served = Served::new();
    let desk = served.desk(vec![operator("lan", Role::Cashier, "4321")]);
    desk.check("first", "lan", Pin("4321".into())).await.unwrap();
    // The peak is what is resident now (proc(5), clear_refs).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = kib("VmRSS");
    let guesses = join_all((0..20).map(|n| {
        let desk = desk.clone();
        let pin = if n % 2 == 0 { "1234" } else { "4321" };
        tokio::spawn(async move { desk.check(&format!("till {n}"), "lan", Pin(pin.into())).await })
    }));
    let answers: Vec<_> = guesses.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Denied::Wrong)).count(), 10);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10);
    let (peak, after) = (kib("VmHWM"), kib("VmRSS"));
    assert!(peak - before < CHECK_KIB * 3 / 2, "two at once: {before} KiB, then {peak}");
    assert!(peak - before > CHECK_KIB / 2, "the check is in the figure: {before} KiB, then {peak}");
    assert!(after.saturating_sub(before) < CHECK_KIB / 2, "it stays: {before} KiB, then {after}");
}
