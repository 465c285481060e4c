//! SIGKILL at random moments while refunds are made at VNPAY and QFPay and everything goes wrong there.
//!
//! `REFUNDS` (12 at each) and `SEED` (drawn) can be given.

use super::{
    daemon::{Town, look},
    shop::DEADLINE,
    support::random::{Seeded, given},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use vietqr_edge_sandbox::{qfpay, vnpay};

const PAID: u64 = 50_000;

/// A request for half of a payment, and what names the payment.
struct Asked {
    body: Value,
    reference: String,
    at_vnpay: bool,
}

fn half_of_a_payment(town: &Town, n: u64) -> Asked {
    let amount = PAID / 2;
    let (request_id, at_vnpay) = (format!("r-{n}"), n.is_multiple_of(2));
    if at_vnpay {
        let payment = town.vnpay.pay(vnpay::Payment::new(&format!("HD{n}"), PAID));
        let body = json!({"request_id": request_id, "provider": "vnpay", "txn_ref": payment.txn_ref,
            "transaction_date": payment.transaction_date, "original_amount": PAID, "amount": amount, "reason": "x",
            "operator": "lan"});
        return Asked { body, reference: payment.txn_ref, at_vnpay };
    }
    let syssn = town.qfpay.pay(qfpay::Payment::new(&format!("P{n}"), PAID)).syssn;
    let body = json!({"request_id": request_id, "provider": "qfpay", "syssn": syssn, "original_amount": PAID,
        "currency": "HKD", "amount": amount, "reason": "x", "operator": "lan"});
    Asked { body, reference: syssn, at_vnpay }
}

fn moved(town: &Town, asked: &Asked) -> usize {
    if asked.at_vnpay { town.vnpay.moved(&asked.reference) } else { town.qfpay.moved(&asked.reference) }
}

/// It says the truth, and nothing is left to look up that could say more.
fn is_settled(refund: &Value, moved: usize) -> bool {
    match refund["state"].as_str().unwrap() {
        "succeeded" | "failed" | "refused" => true,
        "review" => moved == 0,
        _ => false,
    }
}

#[tokio::test]
async fn what_vnpay_and_qfpay_moved_is_what_the_ledger_says_whenever_the_daemon_is_killed() {
    let refunds = 2 * given("REFUNDS").unwrap_or(12);
    let seed = given("SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    eprintln!("{refunds} refunds; again with SEED={seed}");
    let mut random = Seeded(seed);
    let mut town = Town::open(|config| {
        let config = config.replace("[qfpay]\n", "[qfpay]\ndaily_total = 100000000\napproval_above = 100000\n");
        config.replace("[refund]\n", "[refund]\ndaily_total = 1000000000\n")
    })
    .await;
    town.vnpay.set(|settings| settings.course = ["05", "00"].map(String::from).to_vec());
    town.vnpay.faults().mix(seed, 400);
    town.qfpay.faults().mix(seed, 400);
    let all: Vec<Asked> = (0..refunds).map(|n| half_of_a_payment(&town, n)).collect();
    let by = Instant::now() + 4 * DEADLINE;
    let mut kills = 0;
    let mut next = 0;
    while next < all.len() {
        assert!(Instant::now() < by, "too slow: {next} asked for");
        let until = Instant::now() + Duration::from_millis(200) + random.ms(1_500);
        while next < all.len() && Instant::now() < until {
            match town.post("/v1/refunds", &all[next].body).await {
                Some((200 | 202, _)) => next += 1,
                Some((503, _)) | None => {}
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(random.ms(120)).await;
        }
        town.kill();
        town.start();
        kills += 1;
        town.until("the daemon", |_| true).await;
    }
    for _ in 0..4 {
        tokio::time::sleep(random.ms(2_500)).await;
        town.kill();
        town.start();
        kills += 1;
        town.until("the daemon", |_| true).await;
    }
    town.vnpay.faults().clear();
    town.qfpay.faults().clear();
    // A refund that was told to wait by a 94 waits in memory: a start asks at once.
    town.kill();
    town.start();
    let mut ends = Vec::new();
    for asked in &all {
        let request_id = asked.body["request_id"].as_str().unwrap();
        let refund = loop {
            assert!(Instant::now() < by + 2 * DEADLINE, "too slow");
            let list = town.get("/v1/refunds?limit=1000").await;
            let items = list.as_ref().and_then(|list| list["items"].as_array()).cloned().unwrap_or_default();
            let same: Vec<Value> = items.into_iter().filter(|item| item["request_id"] == request_id).collect();
            assert!(same.len() <= 1, "one refund for each request: {same:#?}");
            if let Some(refund) = same.into_iter().find(|refund| is_settled(refund, moved(&town, asked))) {
                break refund;
            }
            look().await;
        };
        ends.push(refund);
    }
    let mut counted = std::collections::BTreeMap::new();
    for (asked, refund) in all.iter().zip(&ends) {
        let (state, moved) = (refund["state"].as_str().unwrap(), moved(&town, asked));
        *counted.entry(state).or_insert(0) += 1;
        match state {
            "succeeded" => assert_eq!(moved, 1, "{refund:#}"),
            "failed" | "refused" => assert_eq!(moved, 0, "{refund:#}"),
            _ => assert_eq!((moved, &refund["code"]), (0, &json!("unresolved")), "{refund:#}"),
        }
    }
    eprintln!("{kills} kills: {counted:?}");
    assert!(counted.contains_key("succeeded"));
}
