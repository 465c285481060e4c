//! The whole way once, for a program that was built for another machine: `VIETQR_EDGE` names it, `VIETQR_EDGE_RUNNER` what runs it.

use super::{
    daemon::{Town, ask, look, program},
    shop::DEADLINE,
};
use serde_json::Value;
use std::{fs, time::Instant};

const PAID: &str = "Đã nhận hai mươi lăm nghìn đồng";
const BACK: &str = "Đã hoàn hai mươi lăm nghìn đồng";
const PAID_NEXT: &str = "Đã nhận ba mươi nghìn đồng";

#[tokio::test]
async fn a_payment_and_its_refund_survive_a_kill_said_once_and_moved_once_and_sigterm_ends_it_with_0() {
    // An emulator is no timing model.
    let mut town = Town::open(|config| config.replace("timeout_s = 1\n", "timeout_s = 20\n")).await;
    town.pay("FT1", 25_000).await;
    town.until("the payment", |status| status["totals"]["credits"] == 1).await;
    said(&town, PAID).await;
    let request = ask("r-1", "FT1", 25_000);
    let id = town.ask(&request).await;
    town.refund(&id, |refund| refund["state"] == "succeeded").await;
    said(&town, BACK).await;
    assert_eq!(town.moved("FT1"), 1);

    town.kill();
    town.start();
    town.until("the link", |status| status["link"]["state"] == "up").await;
    let payments = town.get("/v1/payments?limit=10").await.unwrap();
    let items = payments["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{payments:#}");
    let known = |payment: &Value| (payment["reference_number"].clone(), payment["refunded"].clone());
    assert_eq!(known(&items[0]), ("FT1".into(), 25_000.into()), "{payments:#}");
    let (status, again) = town.post("/v1/refunds", &request).await.unwrap();
    assert_eq!((status, again["id"].as_str(), &again["state"]), (200, Some(&*id), &"succeeded".into()), "{again:#}");

    // What would be said or moved again would be before this.
    town.pay("FT2", 30_000).await;
    said(&town, PAID_NEXT).await;
    let lines = sentences(&town);
    assert_eq!(lines, [PAID, BACK, PAID_NEXT]);
    assert_eq!(town.moved("FT1"), 1);

    let ended = town.terminate().await;
    assert_eq!(ended.code(), Some(0), "{ended}");
    let verified = program().args(["journal", "verify", "--config"]).arg(&town.folder.config).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

fn sentences(town: &Town) -> Vec<String> {
    let text = fs::read_to_string(town.path("said")).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Waits until it was said.
async fn said(town: &Town, sentence: &str) {
    let by = Instant::now() + DEADLINE;
    while !sentences(town).iter().any(|said| said == sentence) {
        assert!(Instant::now() < by, "{sentence} is not said: {:?}", sentences(town));
        look().await;
    }
}
