//! SIGKILL at random moments while refunds are made and everything goes wrong: what the bank moved is what the ledger says.
//!
//! `REFUNDS` (40) and `SEED` (drawn) can be given; a failing seed is printed.

use super::{
    daemon::{Town, ask, look},
    shop::DEADLINE,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

#[tokio::test]
async fn what_the_bank_moved_is_what_the_ledger_says_whenever_the_daemon_is_killed() {
    let refunds = given("REFUNDS").unwrap_or(40);
    let seed = given("SEED").unwrap_or_else(|| getrandom::u64().unwrap() | 1);
    eprintln!("SEED={seed} REFUNDS={refunds}");
    let mut random = Random(seed | 1);
    let mut town = Town::open(|config| {
        // Look-ups that end soon, limits that are not in the way.
        config.replace("[refund]\n", "[refund]\ndaily_total = 1000000000\nmax_amount = 5000000\n")
    })
    .await;
    for n in 0..refunds {
        town.pay(&format!("FT{n}"), 25_000).await;
    }
    town.until("the payments", |status| status["totals"]["credits"] == refunds).await;
    town.http.faults().mix(seed, 400);
    let mut asked = 0;
    let mut kills = 0;
    let by = Instant::now() + 4 * DEADLINE;
    while asked < refunds {
        assert!(Instant::now() < by, "too slow");
        let until = Instant::now() + Duration::from_millis(100 + random.below(1_500));
        while asked < refunds && Instant::now() < until {
            let reference = format!("FT{asked}");
            match town.post("/v1/refunds", &ask(&format!("r-{asked}"), &reference, 25_000)).await {
                Some((200 | 202, _)) => asked += 1,
                Some((503, _)) | None => {}
                Some(other) => panic!("{other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(random.below(120))).await;
        }
        town.kill();
        kills += 1;
        town.start();
    }
    town.until("the daemon", |_| true).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(random.below(2_000))).await;
        town.kill();
        kills += 1;
        town.start();
        town.until("the daemon", |_| true).await;
    }
    town.http.faults().clear();
    let settled = |refund: &Value| matches!(refund["state"].as_str(), Some("succeeded" | "failed" | "review"));
    let all: BTreeMap<String, Value> = loop {
        assert!(Instant::now() < by + 2 * DEADLINE, "too slow");
        let list = town.get("/v1/refunds?limit=1000").await.unwrap();
        let items = list["items"].as_array().unwrap().clone();
        if items.len() as u64 == refunds && items.iter().all(settled) {
            break items.into_iter().map(|r| (r["request_id"].as_str().unwrap().to_owned(), r)).collect();
        }
        look().await;
    };
    assert_eq!(all.len() as u64, refunds, "one refund for each request");
    let (mut succeeded, mut review) = (0, 0);
    for n in 0..refunds {
        let (moved, refund) = (town.moved(&format!("FT{n}")), &all[&format!("r-{n}")]);
        match refund["state"].as_str().unwrap() {
            "succeeded" => {
                assert_eq!(moved, 1, "{refund:#}");
                succeeded += 1;
            }
            "failed" => assert_eq!(moved, 0, "{refund:#}"),
            _ => {
                // Nothing went back as far as the evidence goes: its look-ups would have settled it.
                assert!(moved <= 1, "{refund:#}");
                review += 1;
            }
        }
    }
    eprintln!("{refunds} refunds, {kills} kills: {succeeded} succeeded, {review} in review");
    assert!(succeeded > 0);
}
