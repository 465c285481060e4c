//! A broker that is not to be trusted is refused with a sentence that says why; SIGHUP reads certificates again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::side::Side;
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use vietqr_edge_sandbox::{certs::Pair, mqtt::Sessions, vietqr::Bdsd};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_wrong_certificate_of_the_broker_is_told_in_the_status() {
    let mut side = Side::new().await;
    let mut daemon = side.open();
    let (right, bad) = (side.folder.certs.server.clone(), side.folder.certs.bad.clone());
    for (pair, sentence) in [
        (bad.other_server, "localhost is not signed by any authority in "),
        (bad.expired, "the certificate of localhost expired on 20"),
        (bad.not_yet_valid, "is not valid before 20"),
        (bad.wrong_host, "is for another host: it names wrong-host.invalid"),
    ] {
        side.broker.set_certificate(pair);
        side.broker.restart(Sessions::Kept).await.unwrap();
        // At once, not after the pause.
        daemon.signal(Signal::HUP);
        daemon.down_saying(sentence);
        let output = side.shop.cli(&["status"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains(sentence), "{output:?}");
    }
    side.broker.set_certificate(right);
    side.broker.restart(Sessions::Kept).await.unwrap();
    daemon.signal(Signal::HUP);
    daemon.up();
    side.cloud().await.pay(&Bdsd::credit(25_000)).await.unwrap();
    side.shop.wait_said(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_certificate_is_renewed_by_sighup() {
    let side = Side::with(true).await;
    let (certs, mut shop) = (side.folder.certs.clone(), side.shop.clone());
    let (cert, key) = (shop.dir.join("certs/device.pem"), shop.dir.join("certs/device.key"));
    shop.mqtt = shop.mqtt.replace("client.", "device.");
    let lay = |pair: &Pair| (fs::copy(&pair.cert, &cert).unwrap(), fs::copy(&pair.key, &key).unwrap());
    let days_left = |status: &Value| {
        let all = status["certificates"].as_array().unwrap().iter();
        let ours = all.filter(|certificate| certificate["key"] == "mqtt.client_cert_file");
        ours.map(|certificate| certificate["days_left"].as_i64().unwrap()).next().unwrap()
    };
    lay(&certs.bad.expired);
    let mut daemon = shop.start();
    daemon.down_saying("refuses this device's client certificate");
    assert!(days_left(&daemon.get("/v1/status").unwrap()) < 0);
    lay(&certs.client);
    daemon.signal(Signal::HUP);
    assert!(days_left(&daemon.up()) > 300, "the status is renewed too");
}
