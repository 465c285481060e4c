//! The real daemon and Debian's mosquitto: a second implementation of the broker as referee.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/daemon.rs"]
mod daemon;
#[path = "support/referee.rs"]
mod referee;

use daemon::{Daemon, LIMIT, Shop, wait_for};
use referee::{Mosquitto, TOPIC};
use rustix::process::Signal;
use std::collections::BTreeSet;
use vietqr_edge_sandbox::vietqr::{Bdsd, Quirk};

const SENTENCE: &str = "Đã nhận hai mươi lăm nghìn đồng";

/// As the sample of vietqr.md 5.6 has it: the amount is a float, there is no orderId, the status is a number.
fn sample(amount: u64) -> String {
    Bdsd::credit(amount).account("9876543210").quirk(Quirk::FloatAmount).body()
}

fn samples(n: u64) -> Vec<String> {
    (1..=n).map(|i| sample(i * 1000)).collect()
}

fn all_said_once(shop: &Shop, n: usize) {
    let said = shop.wait_said(n);
    assert_eq!((said.len(), said.iter().collect::<BTreeSet<_>>().len()), (n, n), "{said:?}");
}

fn repeats(daemon: &mut Daemon, n: u64) {
    daemon.wait(&format!("{n} repeats"), |status| status["totals"]["repeats"] == n);
}

#[test]
fn the_documented_sample_is_said_once_now_again_and_after_a_restart() {
    let mosquitto = Mosquitto::start();
    let shop = &mosquitto.shop;
    let sample = sample(25_000);
    assert!(sample.contains("\"amount\":25000.0") && !sample.contains("orderId"), "{sample}");
    let mut daemon = shop.open();
    mosquitto.publish(&[&sample], &[]);
    assert_eq!(shop.wait_said(1), [SENTENCE]);
    mosquitto.publish(&[&sample], &[]);
    repeats(&mut daemon, 1);
    assert!(daemon.terminate().0.success());
    let mut daemon = shop.open();
    mosquitto.publish(&[sample], &[]);
    wait_for("the repeat", LIMIT, || daemon.get("/v1/status").filter(|s| s["totals"]["repeats"].as_u64() >= Some(2)));
    mosquitto.publish(&[self::sample(30_000)], &[]);
    assert_eq!(shop.wait_said(2), [SENTENCE, "Đã nhận ba mươi nghìn đồng"]);
    daemon.credits(2);
    let payments = shop.json(&["payments", "--json"]);
    assert_eq!(payments["items"].as_array().unwrap().len(), 2, "{payments}");
}

#[test]
fn what_is_published_while_the_daemon_is_off_survives_a_restart_of_mosquitto_too() {
    let mut mosquitto = Mosquitto::start();
    assert!(mosquitto.shop.open().terminate().0.success());
    mosquitto.publish(&samples(3), &[]);
    mosquitto.restart();
    mosquitto.publish(&[sample(4000)], &[]);
    let mut daemon = mosquitto.shop.open();
    daemon.credits(4);
    all_said_once(&mosquitto.shop, 4);
    assert!(daemon.events().iter().all(|event| event["type"] != "link.session_lost"));
}

#[test]
fn hundreds_in_flight_at_a_kill_are_delivered_again_and_booked_once() {
    const IN_FLIGHT: usize = 300;
    let mosquitto = Mosquitto::start();
    let daemon = mosquitto.shop.open();
    // Stopped, it takes what comes into the buffers of its connection and acknowledges nothing.
    daemon.signal(Signal::STOP);
    mosquitto.publish(&samples(IN_FLIGHT as u64), &[]);
    let sent = |flags: &str| mosquitto.logged(&format!("Sending PUBLISH to vietqr-edge-e2e ({flags}"));
    wait_for("all in flight", LIMIT, || (sent("d0, q1") == IN_FLIGHT).then_some(()));
    daemon.kill();
    let mut daemon = mosquitto.shop.open();
    daemon.credits(IN_FLIGHT as u64);
    wait_for("the acknowledgements", LIMIT, || {
        (mosquitto.logged("Received PUBACK from vietqr-edge-e2e") >= IN_FLIGHT).then_some(())
    });
    assert_eq!(sent("d1, q1"), IN_FLIGHT, "delivered again, with the flag");
    all_said_once(&mosquitto.shop, IN_FLIGHT);

    // And at a kill in the middle of it.
    let more: Vec<String> = (1..=500).map(|i| sample(1_000_000 + i * 1000)).collect();
    mosquitto.publish(&more, &[]);
    daemon.wait("the first of them", |status| status["totals"]["credits"].as_u64() > Some(IN_FLIGHT as u64));
    daemon.kill();
    let mut daemon = mosquitto.shop.open();
    daemon.credits(IN_FLIGHT as u64 + 500);
}

#[test]
fn mosquitto_killed_has_forgotten_the_session_and_that_is_told() {
    let mut mosquitto = Mosquitto::start();
    let mut daemon = mosquitto.shop.open();
    mosquitto.kill_and_restart();
    daemon.event("link.session_lost");
    daemon.up();
    mosquitto.publish(&[sample(25_000)], &[]);
    assert_eq!(mosquitto.shop.wait_said(1), [SENTENCE]);
}

#[test]
fn a_refused_login_is_told_and_a_right_one_comes_up() {
    let mosquitto = Mosquitto::start();
    mosquitto.password("wr0ng");
    let mut daemon = mosquitto.shop.start();
    let reason = daemon.down_saying("bad user name or password");
    assert!(reason.contains("user shop") && !reason.contains("wr0ng"), "{reason}");
    assert!(daemon.events().iter().all(|event| event["type"] != "link.up"));
    assert!(!daemon.log().contains("wr0ng"));
    daemon.kill();
    mosquitto.password("pw");
    mosquitto.shop.open();
}

#[test]
fn a_refused_subscription_is_not_up_and_names_the_topic() {
    let mut mosquitto = Mosquitto::start();
    mosquitto.grant("vietqr/bdsd/ANOTHER");
    let mut daemon = mosquitto.shop.start();
    daemon.down_saying(&format!("does not grant QoS 1 on {TOPIC}"));
    assert!(daemon.events().iter().all(|event| event["type"] != "link.up"));
    mosquitto.grant(TOPIC);
    daemon.signal(Signal::HUP);
    daemon.up();
}

#[test]
fn a_retained_payment_is_said_once_and_one_without_a_time_is_not_called_fresh() {
    let mosquitto = Mosquitto::start();
    mosquitto.publish(&[Bdsd::credit(25_000).quirk(Quirk::NoTime).body()], &["-r"]);
    let mut daemon = mosquitto.shop.open();
    daemon.credits(1);
    let payments = mosquitto.shop.json(&["payments", "--json"]);
    assert_ne!(payments["items"][0]["flags"].as_array().unwrap().len(), 0, "{payments}");
    let started = daemon.event("announcement.started");
    assert_ne!(started["data"]["kind"], "fresh", "{started}");
    for times in 1..=2 {
        // What is not acknowledged would come again for that reason too.
        let acknowledged = || mosquitto.logged("Received PUBACK from vietqr-edge-e2e") as u64 == times;
        wait_for("the acknowledgement", LIMIT, || acknowledged().then_some(()));
        assert!(daemon.terminate().0.success());
        daemon = mosquitto.shop.open();
        repeats(&mut daemon, times);
    }
    mosquitto.publish(&[sample(30_000)], &[]);
    assert_eq!(mosquitto.shop.wait_said(2).len(), 2);
    let started = daemon.events().iter().filter(|event| event["type"] == "announcement.started").count();
    assert_eq!(started, 2);
}
