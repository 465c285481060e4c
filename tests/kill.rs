//! Kills: payments at full speed while the real daemon gets SIGKILL again and again (promises I1 and I2).
//!
//! `KILL_PAYMENTS` and `KILL_TIMES` set how many (2,000 and 10), `KILL_SEED` the moments: it is printed, and given again it draws
//! the same moments, though not to the microsecond.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/daemon.rs"]
mod daemon;
#[path = "support/random.rs"]
mod random;

use daemon::{Daemon, Shop, side::Side, wait_for};
use futures_util::{StreamExt, stream};
use random::{Seeded, given};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::timeout};
use vietqr_edge_core::{
    money::Dong,
    voice::{Dialect, Sentence},
};
use vietqr_edge_sandbox::{
    mqtt::{Seen, Watch},
    vietqr::{Bdsd, Cloud},
};

/// Publishes on their way at a time.
const WINDOW: usize = 64;
/// A moment that has not come by then comes now: what was to be waited for may have happened in the round before.
const ROUND: Duration = Duration::from_secs(3);
/// So long without one more payment booked or announced: none will come.
const STILL: Duration = Duration::from_secs(20);

/// When the daemon is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after its start: while it opens the ledger, connects, hears the first messages again.
    Started(usize),
    /// When the broker has so many more acknowledgements: in the middle of the ingest.
    Acknowledged(usize),
    /// When so many more sentences were said: in the middle of the announcements.
    Said(usize),
}

impl Moment {
    fn draw(random: &mut Seeded, batch: usize) -> Moment {
        let mut below = |limit: usize| usize::try_from(random.one_of(limit.max(1) as u64)).unwrap();
        match below(3) {
            0 => Moment::Started(below(300)),
            1 => Moment::Acknowledged(below(batch)),
            // More than came in a round: saying takes longer than hearing.
            _ => Moment::Said(below(3 * batch)),
        }
    }

    async fn come(self, shop: &Shop, mut broker: Watch) {
        let come = async {
            match self {
                Moment::Started(ms) => tokio::time::sleep(Duration::from_millis(ms as u64)).await,
                Moment::Acknowledged(n) => {
                    for _ in 0..n {
                        let _ = broker.wait_for(ROUND, |seen| matches!(seen, Seen::Acknowledged { .. })).await;
                    }
                }
                Moment::Said(n) => {
                    let goal = shop.said().len() + n;
                    while shop.said().len() < goal {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            }
        };
        let _ = timeout(ROUND, come).await;
    }
}

fn payment(n: usize) -> Bdsd {
    Bdsd::credit(amount(n)).reference(&format!("KILL{n:06}"))
}

/// Each its own, so that a sentence says which payment it is about.
fn amount(n: usize) -> u64 {
    100_000 + n as u64
}

fn sentence(n: usize) -> String {
    Sentence::unbilled(Dong(amount(n)), Dong(1000)).text(Dialect::North)
}

/// Publishes all payments, every tenth of them twice, not beyond the number that is allowed.
async fn publish(cloud: Cloud, payments: usize, allowed: watch::Receiver<usize>) {
    let cloud = &cloud;
    let one = |n: usize| {
        let mut allowed = allowed.clone();
        async move {
            allowed.wait_for(|allowed| n < *allowed).await.unwrap();
            for _ in 0..if n.is_multiple_of(10) { 2 } else { 1 } {
                cloud.pay(&payment(n)).await.unwrap();
            }
        }
    };
    stream::iter(0..payments).map(one).buffer_unordered(WINDOW).collect::<()>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_any_kill_every_payment_is_booked_once_and_said_at_most_once() {
    let payments: usize = given("KILL_PAYMENTS").unwrap_or(2000);
    let kills: usize = given("KILL_TIMES").unwrap_or(10);
    let seed = given("KILL_SEED").unwrap_or_else(|| {
        u64::from(std::process::id()) << 32 | u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos())
    });
    println!("{payments} payments, {kills} kills; again with KILL_SEED={seed}");
    let mut random = Seeded(seed);

    let mut side = Side::new().await;
    side.shop.voice.push_str("\nfresh_s = 86400\nlate_s = 604800\nsay_link = false");
    let shop = side.shop.clone();
    // The session begins before the first payment is published.
    side.open().kill();

    let began = Instant::now();
    let (allow, allowed) = watch::channel(0);
    let publisher = tokio::spawn(publish(side.cloud().await, payments, allowed));
    let batch = payments / (kills + 1);
    for round in 1..=kills {
        allow.send_replace(round * batch);
        let daemon = shop.spawn();
        let moment = Moment::draw(&mut random, batch);
        moment.come(&shop, side.broker.watch()).await;
        println!("{:6} ms: kill {round} at {moment:?}, {} said", began.elapsed().as_millis(), shop.said().len());
        daemon.kill();
    }
    allow.send_replace(payments);
    let mut daemon = side.open();
    publisher.await.unwrap();
    everything_is_announced(&daemon, payments);
    println!("{:6} ms: all are booked and announced", began.elapsed().as_millis());

    every_payment_is_booked_once(&shop, payments);
    let events = daemon.events();
    let status = daemon.wait("the last totals", |_| true);
    println!("repeats: {}", status["totals"]["repeats"]);
    assert!(daemon.terminate().0.success());
    let kills = kills + 1;
    each_is_said_once_or_was_being_said_at_a_kill(&events, &shop.said(), payments, kills);
    let verified = shop.cli(&["journal", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

fn everything_is_announced(daemon: &Daemon, payments: usize) {
    let (mut last, mut moved) = (Value::Null, Instant::now());
    wait_for("every payment to be announced", STILL * 30, || {
        let totals = daemon.get("/v1/status")?["totals"].take();
        if totals != last {
            (last, moved) = (totals, Instant::now());
        }
        assert!(moved.elapsed() < STILL, "no more comes, of {payments} payments: {last}");
        (last["credits"] == payments && last["announced"] == payments).then_some(())
    });
}

fn every_payment_is_booked_once(shop: &Shop, payments: usize) {
    let (mut booked, mut after) = (Vec::new(), "p0".to_owned());
    loop {
        let page = shop.json(&["payments", "--json", "--limit", "1000", "--after", &after]);
        booked.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    let found: BTreeMap<&str, u64> = booked
        .iter()
        .map(|payment| (payment["reference_number"].as_str().unwrap(), payment["amount"].as_u64().unwrap()))
        .collect();
    assert_eq!((booked.len(), found.len()), (payments, payments), "each is there, and none is there twice");
    for n in 0..payments {
        assert_eq!(found.get(format!("KILL{n:06}").as_str()), Some(&amount(n)));
    }
}

fn each_is_said_once_or_was_being_said_at_a_kill(events: &[Value], said: &[String], payments: usize, kills: usize) {
    let mut started = BTreeMap::new();
    let mut ended = BTreeSet::new();
    for event in events {
        let data = &event["data"];
        match event["type"].as_str().unwrap() {
            "announcement.started" => {
                assert_eq!((data["kind"].as_str(), data["payments"].as_array().unwrap().len()), (Some("fresh"), 1));
                let seq: u64 = event["sequence"].as_str().unwrap().parse().unwrap();
                let before = started.insert(data["sentence"].as_str().unwrap().to_owned(), seq);
                assert_eq!(before, None, "started twice: {event}");
            }
            "announcement.finished" => assert!(ended.insert(data["started"].as_u64().unwrap()), "{event}"),
            // Killed before sled had written anything; the journal has it all.
            "store.rebuilt" => assert_eq!(data["reason"], "the store was missing or empty"),
            other => assert!(!other.starts_with("announcement.") && !other.starts_with("journal."), "{event}"),
        }
    }
    let wanted: BTreeSet<String> = (0..payments).map(sentence).collect();
    assert!(started.keys().eq(wanted.iter()), "each payment has one announcement.started, with its sentence");
    let heard: BTreeSet<&String> = said.iter().collect();
    assert_eq!(heard.len(), said.len(), "none is said twice");
    assert!(heard.iter().all(|sentence| started.contains_key(*sentence)), "none is said without announcement.started");
    let unsaid: Vec<u64> =
        started.iter().filter(|(sentence, _)| !heard.contains(sentence)).map(|(_, seq)| *seq).collect();
    println!("{} were said, {} were not, {} did not finish", said.len(), unsaid.len(), started.len() - ended.len());
    assert!(unsaid.iter().all(|seq| !ended.contains(seq)), "what is finished was said");
    assert!(unsaid.len() <= kills, "{} unsaid after {kills} kills", unsaid.len());
    // The end of the one before may still wait to ride with the next group.
    assert!(started.len() - ended.len() <= 2 * kills);
}
