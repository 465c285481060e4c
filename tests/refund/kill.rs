//! SIGKILL at random moments while refunds are made and everything goes wrong: what the bank moved is what the ledger says.
//!
//! Half of each payment is refunded, so that a refund that is sent twice moves money twice and is seen. Requests come over HTTP, some of
//! them twice at once, and as signed messages over MQTT; some are called off. HTTPS and MQTT over TLS, as in a shop.
//!
//! `REFUNDS` (40) and `SEED` (drawn) can be given, `REFUND_FAULTS` (400) is how many of 1000 calls meet a fault, `VIETQR_EDGE` names
//! another binary than the one that cargo built for the test. A seed draws the same faults and pauses again, though not to the
//! microsecond.

use super::{
    daemon::{TERMINAL, Town, ask, look},
    shop::DEADLINE,
    support::random::{Seeded, given},
};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use vietqr_edge_core::time::Timestamp;
use vietqr_edge_sandbox::{request::RefundRequest, vietqr::http};

const PAID: u64 = 50_000;
const BACK: u64 = 25_000;
/// Each refund may take so long.
const EACH: Duration = Duration::from_secs(3);
/// What a look-up may find later than the last call, with room.
const LATE: Duration = Duration::from_millis(600);
/// Classes of review that such a run may end in: outcomes that no look-up can prove, and look-ups without figures.
const REVIEW: [&str; 3] = ["unresolved", "in_progress", "no_figures"];

/// What the shop did, refund by refund.
struct Run {
    town: Town,
    random: Seeded,
    refunds: u64,
    kills: u32,
    /// Requests that were called off in time.
    cancelled: BTreeSet<String>,
    by: Instant,
}

#[tokio::test]
async fn what_the_bank_moved_is_what_the_ledger_says_whenever_the_daemon_is_killed() {
    let refunds = given("REFUNDS").unwrap_or(40);
    let seed = given("SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    let faults = u32::try_from(given("REFUND_FAULTS").unwrap_or(400)).unwrap();
    eprintln!("{refunds} refunds, {faults} of 1000 calls fail; again with SEED={seed} REFUNDS={refunds}");
    let town = Town::open(|config| {
        // Look-ups that end soon and then leave room for others, limits that are not in the way.
        let config = config.replace("lookup_s = [1, 1, 1]", "lookup_s = [1, 1, 2]");
        config.replace("[refund]\n", "[refund]\ndaily_total = 1000000000\nmax_amount = 5000000\n")
    })
    .await;
    let by = Instant::now() + 4 * DEADLINE + EACH * u32::try_from(refunds).unwrap();
    let mut run = Run { town, random: Seeded(seed), refunds, kills: 0, cancelled: BTreeSet::new(), by };
    for n in 0..refunds {
        run.town.pay(&reference(n), PAID).await;
    }
    run.town.until("the payments", |status| status["totals"]["credits"] == refunds).await;
    run.town.http.faults().mix(seed, faults);
    run.ask_for_all().await;
    run.until_nothing_waits().await;
    let moved_in_the_storm = run.town.http.bank().movements().len();
    run.town.http.faults().clear();
    let all = run.all_ended().await;
    run.town.kill();
    eprintln!(
        "{} kills, {} of them in a call; {moved_in_the_storm} movements before calm; {}",
        run.kills,
        all.values().map(cut_off).sum::<usize>(),
        counted(&all)
    );
    check(&run, &all);
    whole(&run.town);
}

impl Run {
    /// Asks for each refund until it is accepted, while the daemon is killed again and again.
    async fn ask_for_all(&mut self) {
        let mut next = 0;
        while next < self.refunds {
            let until = Instant::now() + Duration::from_millis(100) + self.random.ms(1_500);
            while next < self.refunds && Instant::now() < until {
                assert!(Instant::now() < self.by, "too slow: {next} asked for");
                if self.ask_for(next).await {
                    next += 1;
                }
                tokio::time::sleep(self.random.ms(120)).await;
            }
            self.kill_and_start().await;
        }
    }

    /// Kills on until everything was sent at least once: half of the time at any moment, half when VietQR has just dealt with a
    /// refund, so that its answer may be on the way.
    async fn until_nothing_waits(&mut self) {
        loop {
            assert!(Instant::now() < self.by, "too slow: not sent");
            let waits = |status: &Value| status["refunds"]["queued"].as_u64().unwrap_or(0);
            let status = self.town.until("an answer", |_| true).await;
            if waits(&status) == 0 {
                return;
            }
            let moment = self.random.ms(1_500);
            if self.random.one_of(2) == 0 {
                tokio::time::sleep(moment).await;
            } else {
                let (mut calls, mut nth) = (self.town.http.watch(), self.random.one_of(6));
                let come = async {
                    while let Some(call) = calls.next().await {
                        match nth {
                            _ if call.call != Some(http::Call::Refund) => {}
                            0 => return,
                            _ => nth -= 1,
                        }
                    }
                };
                let _ = tokio::time::timeout(EACH, come).await;
            }
            self.kill_and_start().await;
        }
    }

    async fn kill_and_start(&mut self) {
        self.town.kill();
        self.kills += 1;
        self.town.start();
        // Half of the time the next kill may come while it starts.
        if self.random.one_of(2) == 0 {
            self.town.until("an answer", |_| true).await;
        }
    }

    /// Whether it is accepted.
    async fn ask_for(&mut self, n: u64) -> bool {
        let (id, body) = (format!("r-{n}"), request(n));
        match self.random.one_of(5) {
            0 => {
                let request = RefundRequest {
                    request_id: id,
                    terminal: TERMINAL.into(),
                    account: "1234567890".into(),
                    reference: reference(n),
                    amount: BACK,
                    reason: "khách trả hàng".into(),
                    operator: Some("lan".into()),
                    multi_times: true,
                };
                let claims = request.claims(Utc::now(), TimeDelta::minutes(5));
                // The broker keeps it until the daemon has acknowledged it.
                self.town.request(self.town.key().sign(&claims).unwrap()).await;
                true
            }
            1 => {
                let (a, b) = tokio::join!(self.town.post("/v1/refunds", &body), self.town.post("/v1/refunds", &body));
                let accepted = [accepted(a.as_ref()), accepted(b.as_ref())];
                if let (Some((_, a)), Some((_, b))) = (&a, &b) {
                    assert_eq!(a["id"], b["id"], "one request, one refund");
                }
                accepted.contains(&true)
            }
            2 => {
                let answer = self.town.post("/v1/refunds", &body).await;
                if let Some((_, refund)) = answer.as_ref().filter(|_| accepted(answer.as_ref())) {
                    let path = format!("/v1/refunds/{}/cancel", refund["id"].as_str().unwrap());
                    if let Some((200, refund)) = self.town.post(&path, &json!({"reason": "nhầm"})).await {
                        assert_eq!((&refund["state"], &refund["code"]), (&json!("refused"), &json!("cancelled")));
                        self.cancelled.insert(id);
                    }
                }
                accepted(answer.as_ref())
            }
            _ => accepted(self.town.post("/v1/refunds", &body).await.as_ref()),
        }
    }

    /// Waits until every refund has ended or is for people, looked up once more after all faults were over.
    async fn all_ended(&mut self) -> BTreeMap<String, Value> {
        let calm = Timestamp::from_millis((Utc::now() + LATE).timestamp_millis());
        loop {
            assert!(Instant::now() < self.by, "too slow: not ended");
            self.town.until("an answer", |_| true).await;
            let list = self.town.get("/v1/refunds?limit=1000").await.unwrap();
            let items = list["items"].as_array().unwrap().clone();
            let ended = items.iter().all(|refund| match refund["state"].as_str().unwrap() {
                "succeeded" | "failed" | "refused" => true,
                "review" => {
                    let watched = matches!(refund["code"].as_str(), Some("unresolved" | "in_progress"));
                    let seen = refund["seen"]["at"].as_str().map(|at| at.parse::<Timestamp>().unwrap());
                    !watched || seen.is_some_and(|at| at > calm)
                }
                _ => false,
            });
            if items.len() as u64 >= self.refunds && ended {
                let all: BTreeMap<_, _> =
                    items.into_iter().map(|r| (r["request_id"].as_str().unwrap().to_owned(), r)).collect();
                assert_eq!((all.len() as u64, list["next"].is_null()), (self.refunds, true), "one refund a request");
                return all;
            }
            look().await;
        }
    }
}

fn reference(n: u64) -> String {
    format!("FT{n:05}")
}

fn request(n: u64) -> Value {
    let mut body = ask(&format!("r-{n}"), &reference(n), BACK);
    body["multi_times"] = json!(true);
    body
}

fn accepted(answer: Option<&(u16, Value)>) -> bool {
    match answer {
        Some((200 | 202, _)) => true,
        // Not durable, or killed.
        Some((503, _)) | None => false,
        Some(other) => panic!("{other:?}"),
    }
}

fn counted(all: &BTreeMap<String, Value>) -> String {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for refund in all.values() {
        let (state, code) = (refund["state"].as_str().unwrap(), refund["code"].as_str().unwrap_or("-"));
        *counts.entry(if state == "succeeded" { state.into() } else { format!("{state} {code}") }).or_default() += 1;
    }
    format!("{counts:?}")
}

/// Attempts of which the daemon never heard the end.
fn cut_off(refund: &Value) -> usize {
    refund["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["outcome"].is_null()).count()
}

/// The ledger against the bank.
fn check(run: &Run, all: &BTreeMap<String, Value>) {
    let movements = run.town.http.bank().movements();
    assert!(movements.iter().all(|movement| movement.amount == BACK), "{movements:#?}");
    let mut succeeded = 0;
    for n in 0..run.refunds {
        let (moved, refund) = (run.town.moved(&reference(n)), &all[&format!("r-{n}")]);
        assert!(moved <= 1, "moved {moved} times: {refund:#}");
        assert_eq!(refund["original"]["reference_number"], reference(n).as_str());
        match refund["state"].as_str().unwrap() {
            "succeeded" => {
                assert_eq!(moved, 1, "{refund:#}");
                succeeded += 1;
            }
            "failed" | "refused" => assert_eq!(moved, 0, "{refund:#}"),
            "review" => {
                let code = refund["code"].as_str().unwrap();
                assert!(REVIEW.contains(&code), "not a listed class: {refund:#}");
                // Had it moved, the look-ups would have settled it; E158 and missing figures tell of nothing that was done.
                assert_eq!(moved, 0, "{refund:#}");
            }
            other => panic!("{other}: {refund:#}"),
        }
        if run.cancelled.contains(&format!("r-{n}")) {
            assert_eq!((refund["state"].as_str(), refund["attempt_count"].as_u64()), (Some("refused"), Some(0)));
        }
        never_sent_blindly(run, n, refund);
    }
    assert_eq!(movements.len(), succeeded, "nothing moved but for these refunds");
    assert!(succeeded > 0 && run.kills > 0);
}

type Handled = http::Handled<http::Call, http::Fault>;

/// Of all calls that VietQR read for a refund, each but the last was answered with E74: a token that was not taken.
fn never_sent_blindly(run: &Run, n: u64, refund: &Value) {
    let handled = run.town.http.handled();
    let of_it = |call: &&Handled| call.call == Some(http::Call::Refund) && call.body.contains(&reference(n));
    let calls: Vec<_> = handled.iter().filter(of_it).collect();
    let Some((_, before)) = calls.split_last() else { return };
    let known = |call: &&&Handled| call.fault == Some(http::Fault::E74);
    assert_eq!(before.iter().filter(known).count(), before.len(), "{calls:#?} {refund:#}");
    assert!(refund["attempt_count"].as_u64().unwrap() >= calls.len() as u64, "{calls:#?} {refund:#}");
}

/// Every line of the journal is whole.
fn whole(town: &Town) {
    let verified =
        super::daemon::program().args(["journal", "verify", "--config"]).arg(&town.folder.config).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
