//! The refund machine explored: the real `request`, `decide`, `apply`, `due` and each provider's real code, against a provider that
//! does its worst.
//!
//! A *schedule* is one sequence of choices (what the provider does, what it answers, when the device dies, what people and other
//! devices do, when the clock jumps) from a request to the moment when nothing is left to happen. The search visits every reachable
//! world once, known by the hash of all that can matter later, and counts schedules as the paths from the first world to its ends.
//!
//! `EXPLORE=deep` widens the bounds; it is for `--profile quick`, unoptimised it takes more than ten minutes. A failing random schedule is replayed by `EXPLORE_SEED=<seed>`, with every step printed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "explore/bank.rs"]
mod bank;
#[path = "explore/check.rs"]
mod check;
#[path = "explore/qfpay.rs"]
mod qfpay;
#[path = "explore/search.rs"]
mod search;
#[path = "explore/steps.rs"]
mod steps;
#[path = "explore/vietqr.rs"]
mod vietqr;
#[path = "explore/vnpay.rs"]
mod vnpay;
#[path = "explore/which.rs"]
mod which;
#[path = "explore/world.rs"]
mod world;

use search::Report;
use std::collections::BTreeSet;
use which::Which;
use world::{Budget, Scenario};

const ALL: [Which; 3] = [Which::VietQr, Which::Vnpay, Which::Qfpay];

fn deep() -> bool {
    std::env::var("EXPLORE").is_ok_and(|value| value == "deep")
}

/// The bounds of the exhaustive search: how many of each misfortune one schedule may have.
fn bounds(which: Which) -> Vec<Scenario> {
    let one = Scenario {
        name: "one refund",
        which,
        // Only VietQR's payments are in the ledger.
        credited: (which == Which::VietQr).then_some(100_000),
        amounts: vec![60_000],
        daily: 20_000_000,
        approval: false,
        damage: false,
        tells_refunds: true,
        budget: Budget { faults: 2, crashes: 1, foreign: 1, people: 0, jumps: 0 },
    };
    let clock = Scenario {
        name: "one refund, people and the clock",
        budget: Budget { faults: 1, crashes: 1, foreign: 0, people: 2, jumps: 2 },
        ..one.clone()
    };
    let two = Scenario {
        name: "two refunds that fit",
        amounts: vec![40_000, 60_000],
        budget: Budget { faults: 2, crashes: 0, foreign: 0, people: 1, jumps: 0 },
        ..one.clone()
    };
    let equal = Scenario {
        name: "two equal refunds that fit",
        amounts: vec![50_000, 50_000],
        budget: Budget { faults: 1, crashes: 1, foreign: 1, people: 1, jumps: 0 },
        ..one.clone()
    };
    let over = Scenario {
        name: "two refunds that do not fit",
        amounts: vec![60_000, 60_000],
        budget: Budget { faults: 2, crashes: 1, foreign: 0, people: 1, jumps: 0 },
        ..one.clone()
    };
    let approval = Scenario {
        name: "above the approval limit",
        approval: true,
        budget: Budget { faults: 1, crashes: 1, foreign: 1, people: 2, jumps: 1 },
        ..one.clone()
    };
    let unknown = Scenario {
        name: "a payment that the ledger does not know",
        credited: None,
        budget: Budget { faults: 2, crashes: 1, foreign: 0, people: 1, jumps: 0 },
        ..one.clone()
    };
    let damage = Scenario {
        name: "a damaged journal",
        damage: true,
        budget: Budget { faults: 1, crashes: 1, foreign: 1, people: 1, jumps: 0 },
        ..one.clone()
    };
    let limits = Scenario {
        name: "two refunds above the day's limit",
        amounts: vec![60_000, 30_000],
        daily: 80_000,
        budget: Budget { faults: 1, crashes: 1, foreign: 0, people: 1, jumps: 1 },
        ..one.clone()
    };
    let mut all = vec![one, clock, two, equal, over, approval, damage, limits];
    match which {
        Which::VietQr => all.push(unknown),
        // It may never tell a refund: then only its number finds one.
        Which::Vnpay => {
            // Its records have numbers and times: the same bounds would be many more worlds.
            all[3].budget.crashes = 0;
            all[5].budget.foreign = 0;
            // It may never tell a refund: then only its number finds one.
            all.push(Scenario { tells_refunds: false, ..all[0].clone() });
        }
        Which::Qfpay => {}
    }
    if deep() {
        for scenario in &mut all {
            scenario.budget.faults += 1;
        }
    }
    all
}

fn explore(which: Which) {
    let mut total = Report::default();
    for scenario in bounds(which) {
        let report = search::exhaust(&scenario);
        eprintln!("{which:?} {:44} {:?}: {report}", scenario.name, scenario.budget);
        total.add(report);
    }
    eprintln!("{which:?} in all: {total}");
    for (class, count) in &total.ends {
        eprintln!("{which:?}   {class:48} {count} ends");
    }
    assert!(total.schedules >= 1_000_000, "only {} schedules", total.schedules);
    let listed: BTreeSet<&str> = check::classes(which).into_iter().collect();
    let reached: BTreeSet<&str> = total.ends.keys().copied().collect();
    assert_eq!(reached, listed, "a class of ends that is not listed, or a listed one that does not occur");
}

#[test]
fn every_schedule_of_vietqr_within_the_bounds_moves_money_at_most_once_and_ends() {
    explore(Which::VietQr);
}

#[test]
fn every_schedule_of_vnpay_within_the_bounds_moves_money_at_most_once_and_ends() {
    explore(Which::Vnpay);
}

#[test]
fn every_schedule_of_qfpay_within_the_bounds_moves_money_at_most_once_and_ends() {
    explore(Which::Qfpay);
}

#[test]
fn without_misfortune_every_schedule_succeeds() {
    for mut scenario in ALL.into_iter().flat_map(bounds) {
        scenario.budget = Budget::default();
        scenario.damage = false;
        let report = search::exhaust(&scenario);
        assert!(report.calm > 0 && report.schedules > 0, "{:?} {}", scenario.which, scenario.name);
    }
}

#[test]
fn random_schedules_beyond_the_bounds_keep_the_promises() {
    let bounds: Vec<Scenario> = ALL.into_iter().flat_map(bounds).collect();
    let budget = Budget { faults: 8, crashes: 5, foreign: 3, people: 4, jumps: 3 };
    if let Ok(seed) = std::env::var("EXPLORE_SEED") {
        let seed = seed.parse().expect("EXPLORE_SEED: expected a number");
        for line in search::random(seed, &bounds, budget, true) {
            eprintln!("{line}");
        }
        return;
    }
    let seeds = if deep() { 500_000 } else { 20_000 };
    for seed in 0..seeds {
        let run = std::panic::catch_unwind(|| search::random(seed, &bounds, budget, false));
        if let Err(cause) = run {
            eprintln!(
                "replay: EXPLORE_SEED={seed} cargo test -p vietqr-edge-core --test refund_explore random -- --nocapture"
            );
            std::panic::resume_unwind(cause);
        }
    }
}
