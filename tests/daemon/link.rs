//! Outages of the broker and of the network.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::side::{Side, mqtt};
use rustix::process::Signal;
use vietqr_edge_sandbox::{
    mqtt::Sessions,
    proxy::{Line, Proxy},
    vietqr::Bdsd,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn without_a_broker_the_daemon_serves_and_it_comes_up_when_the_broker_does() {
    let mut side = Side::new().await;
    side.broker.stop().await.unwrap();
    let mut daemon = side.shop.start();
    daemon.down_saying("nothing listens there");
    let output = side.shop.cli(&["status"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("DOWN") && text.contains("nothing listens there"), "{text}");
    side.broker.restart(Sessions::Kept).await.unwrap();
    daemon.up();
    side.cloud().await.pay(&Bdsd::credit(25_000)).await.unwrap();
    side.shop.wait_said(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_pulled_network_is_found_within_two_keep_alives_and_what_was_paid_meanwhile_comes_once() {
    let mut side = Side::new().await;
    let proxy = Proxy::start(side.broker.addr()).await.unwrap();
    side.shop.mqtt = mqtt(proxy.addr().port());
    let mut daemon = side.open();
    let cloud = side.cloud().await;
    proxy.set(Line::Stall);
    let pulled = std::time::Instant::now();
    cloud.pay(&Bdsd::credit(25_000)).await.unwrap();
    daemon.down_saying("did not answer a ping within 5 s");
    // Two keep-alives, and a second for a busy machine.
    assert!(pulled.elapsed().as_secs() <= 11, "{:?}", pulled.elapsed());
    proxy.set(Line::Pass);
    daemon.up();
    cloud.pay(&Bdsd::credit(30_000)).await.unwrap();
    let said = side.shop.wait_said(2);
    assert_eq!(said, ["Đã nhận hai mươi lăm nghìn đồng", "Đã nhận ba mươi nghìn đồng"]);
    let names: Vec<String> = daemon
        .events()
        .iter()
        .filter_map(|event| event["type"].as_str()?.strip_prefix("link.").map(str::to_owned))
        .collect();
    assert_eq!(names, ["up", "down", "up"], "an outage is one event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_line_that_is_cut_again_and_again_loses_and_repeats_nothing() {
    let mut side = Side::new().await;
    let proxy = Proxy::start(side.broker.addr()).await.unwrap();
    side.shop.mqtt = mqtt(proxy.addr().port());
    let mut daemon = side.open();
    let cloud = side.cloud().await;
    for cut in 1..=3_u64 {
        // In the middle of the messages.
        proxy.set(Line::CutToClient(1500));
        for n in 0..10 {
            cloud.pay(&Bdsd::credit(cut * 100_000 + n * 1000)).await.unwrap();
        }
        daemon.wait("the cut", |status| status["link"]["state"] != "up");
        proxy.set(Line::Pass);
        // The third looks like a take-over of the client id, after which the link would wait for a minute.
        daemon.signal(Signal::HUP);
        daemon.up();
        daemon.credits(cut * 10);
    }
    let mut said = side.shop.wait_said(30);
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), 30);
}
