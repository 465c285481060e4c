//! SIGTERM ends the daemon in order, within 5 s.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{Daemon, Shop, side::Side, wait_for};
use crate::daemon::{LIMIT, side::mqtt};
use std::time::Duration;
use tokio::net::TcpListener;
use vietqr_edge_sandbox::vietqr::Bdsd;

fn ends_in_order(daemon: Daemon, shop: &Shop) {
    let (status, took) = daemon.terminate();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let events = shop.exported();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["data"]["reason"]), (&"device.stopped".into(), &"SIGTERM".into()));
    assert!(shop.cli(&["journal", "verify"]).status.success());
    assert_eq!(shop.cli(&["status"]).status.code(), Some(69), "not reachable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sigterm_in_the_middle_of_a_sentence_ends_it_within_five_seconds() {
    let mut side = Side::new().await;
    let said = side.shop.dir.join("said");
    side.shop.voice = format!("command = [\"sh\", \"-c\", 'cat >> \"{}\"; sleep 60']", said.display());
    let (daemon, cloud) = (side.open(), side.cloud().await);
    for amount in [25_000, 30_000] {
        cloud.pay(&Bdsd::credit(amount)).await.unwrap();
    }
    side.shop.wait_said(1);
    ends_in_order(daemon, &side.shop);
    let names: Vec<String> = side.shop.exported().iter().map(|e| e["type"].as_str().unwrap().to_owned()).collect();
    let count = |name: &str| names.iter().filter(|n| *n == name).count();
    assert_eq!((count("announcement.started"), count("announcement.failed")), (1, 1), "{names:?}");

    // The one that was begun is not said again; the other one is.
    side.shop.voice = Shop::new(&side.shop.dir, "").voice;
    let _daemon = side.open();
    assert_eq!(side.shop.wait_said(2), ["Đã nhận hai mươi lăm nghìn đồng", "Đã nhận ba mươi nghìn đồng"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn sigterm_while_a_broker_says_nothing_ends_it_within_five_seconds() {
    let mut side = Side::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    side.shop.mqtt = mqtt(silent.local_addr().unwrap().port());
    let daemon = side.shop.start();
    let (_stream, _) = tokio::time::timeout(LIMIT, silent.accept()).await.unwrap().unwrap();
    wait_for("the status", LIMIT, || daemon.get("/v1/status").filter(|s| s["link"]["state"] == "connecting"));
    ends_in_order(daemon, &side.shop);
}
