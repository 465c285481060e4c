//! What must not be booked is set aside, acknowledged, and never in the way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::side::{Side, acknowledged};
use clap::ValueEnum;
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs::OpenOptions, io::Write};
use vietqr_edge_sandbox::vietqr::{Bdsd, Fault, Publish, Quirk};

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Booked,
    Debited,
    Quarantined(&'static str),
}
use Fate::{Booked, Debited, Quarantined};

/// DESIGN 3.3.
fn quirk_fate(quirk: Quirk) -> Fate {
    match quirk {
        Quirk::HiddenAmount
        | Quirk::DottedAmount
        | Quirk::ExponentAmount
        | Quirk::FractionAmount
        | Quirk::NegativeAmount
        | Quirk::ZeroAmount
        | Quirk::HugeAmount => Quarantined("bad_amount"),
        Quirk::FailedStatus => Quarantined("bad_status"),
        Quirk::NoTransType | Quirk::OddTransType => Quarantined("bad_trans_type"),
        Quirk::Debit => Debited,
        _ => Booked,
    }
}

fn fault_fate(fault: Fault) -> Fate {
    match fault {
        Fault::WrongType => Quarantined("bad_amount"),
        Fault::ForeignAccount => Quarantined("foreign_account"),
        Fault::Oversized => Quarantined("oversized"),
        Fault::Half | Fault::NotJson => Quarantined("unparsable"),
        // Retained, the broker repeats it at every subscription: it has a test of its own.
        Fault::Duplicate | Fault::Late | Fault::OutOfOrder | Fault::Retained => Booked,
    }
}

/// One message of each kind that is not right, with its fate.
fn messages() -> Vec<(String, Publish, Fate)> {
    let mut amounts = (1..).map(|n| 10_000 + n * 1000);
    let mut credit = || Bdsd::credit(amounts.next().unwrap());
    let mut messages = Vec::new();
    for quirk in Quirk::value_variants() {
        messages.push((format!("{quirk:?}"), Publish::from(&credit().quirk(*quirk)), quirk_fate(*quirk)));
    }
    for fault in Fault::value_variants() {
        let fate = fault_fate(*fault);
        if fate != Booked {
            let bytes = fault.publishes(&credit());
            messages.extend(bytes.into_iter().map(|publish| (format!("{fault:?}"), publish, fate)));
        }
    }
    messages
}

fn totals(status: &Value) -> [&Value; 4] {
    let totals = &status["totals"];
    [&totals["credits"], &totals["debits"], &totals["repeats"], &totals["quarantined"]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_odd_message_has_its_fate_once_and_holds_up_nothing() {
    let side = Side::new().await;
    let (shop, cloud, mut watch) = (&side.shop, side.cloud().await, side.broker.watch());
    let mut daemon = side.open();
    let (mut credits, mut debits, mut quarantined) = (0_u64, 0, BTreeMap::<&str, u64>::new());
    for (name, publish, fate) in messages() {
        cloud.publish(publish).await.unwrap();
        // Behind each of them a payment that is right.
        cloud.pay(&Bdsd::credit(2_000_000)).await.unwrap();
        acknowledged(&mut watch, 2).await;
        credits += 1;
        match fate {
            Booked => credits += 1,
            Debited => debits += 1,
            Quarantined(reason) => *quarantined.entry(reason).or_default() += 1,
        }
        let expected = [json!(credits), json!(debits), json!(0), json!(quarantined)];
        let now = daemon.wait(&format!("{name} to be {fate:?}"), |status| status["totals"]["credits"] == credits);
        assert_eq!(totals(&now), expected.each_ref(), "after {name}, which should be {fate:?}");
    }

    // Acknowledged is acknowledged: neither a new connection nor a new process hears of any of it again.
    let settled = daemon.wait("what was quarantined", |_| true);
    for restart in [false, true] {
        if restart {
            daemon.terminate();
            daemon = side.open();
        } else {
            // Another file of authorities, with the same ones in it.
            OpenOptions::new().append(true).open(shop.dir.join("certs/ca.pem")).unwrap().write_all(b"\n").unwrap();
            daemon.signal(Signal::HUP);
            let since = &settled["link"]["since"];
            daemon.wait("a new connection", |s| s["link"]["state"] == "up" && s["link"]["since"] != *since);
        }
        cloud.pay(&Bdsd::credit(2_000_000)).await.unwrap();
        acknowledged(&mut watch, 1).await;
        credits += 1;
        let now = daemon.credits(credits);
        assert_eq!(totals(&now)[1..], totals(&settled)[1..], "after a restart: {restart}");
    }

    let said = shop.wait_said(usize::try_from(credits).unwrap());
    assert_eq!(said.len() as u64, credits, "only money in is said: {said:?}");
    let events = daemon.events();
    let told: Vec<&str> = events
        .iter()
        .filter(|event| event["type"] == "message.quarantined")
        .map(|event| event["data"]["reason"].as_str().unwrap())
        .collect();
    assert_eq!(quarantined.keys().filter(|reason| told.contains(reason)).count(), quarantined.len(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_retained_payment_that_the_broker_repeats_is_said_once() {
    let side = Side::new().await;
    let (cloud, mut watch, mut daemon) = (side.cloud().await, side.broker.watch(), side.open());
    cloud.pay_with(&Bdsd::credit(25_000), Fault::Retained).await.unwrap();
    for repeats in 1..=2 {
        // What is not acknowledged would come again for that reason too.
        acknowledged(&mut watch, 1).await;
        daemon.terminate();
        daemon = side.open();
        daemon.wait("the retained one", |status| status["totals"]["repeats"] == repeats);
    }
    cloud.pay(&Bdsd::credit(30_000)).await.unwrap();
    let said = side.shop.wait_said(2);
    assert_eq!(said, ["Đã nhận hai mươi lăm nghìn đồng", "Đã nhận ba mươi nghìn đồng"]);
}
