//! A broker that is not to be trusted is refused with a sentence that says why; SIGHUP reads certificates again.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{
    Daemon, LIMIT,
    side::{Side, acknowledged},
    wait_for,
};
use rustix::process::Signal;
use serde_json::Value;
use std::{cell::Cell, fs, path::PathBuf};
use vietqr_edge_sandbox::{
    certs::Pair,
    mqtt::{Seen, Sessions, Watch},
    vietqr::Bdsd,
};

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

/// A device with a client certificate of its own files.
struct Device {
    side: Side,
    cert: PathBuf,
    key: PathBuf,
}

impl Device {
    async fn new() -> Device {
        let mut side = Side::with(true).await;
        side.shop.mqtt = side.shop.mqtt.replace("client.", "device.");
        let (cert, key) = (side.shop.dir.join("certs/device.pem"), side.shop.dir.join("certs/device.key"));
        let device = Device { side, cert, key };
        device.lay(&device.side.folder.certs.client);
        device
    }

    fn lay(&self, pair: &Pair) {
        fs::copy(&pair.cert, &self.cert).unwrap();
        fs::copy(&pair.key, &self.key).unwrap();
    }

    /// The same certificate, with or without its authority behind it: other bytes, and as good.
    fn renew(&self, with_authority: bool) {
        let mut chain = fs::read(&self.side.folder.certs.client.cert).unwrap();
        if with_authority {
            chain.extend(fs::read(&self.side.folder.certs.ca).unwrap());
        }
        fs::write(&self.cert, chain).unwrap();
    }
}

/// How often the daemon has connected since the watch was taken, up to the next message that it acknowledges.
async fn connections(watch: &mut Watch) -> usize {
    let n = Cell::new(0);
    let last = watch.wait_for(LIMIT, |seen| {
        let ours = matches!(seen, Seen::Connected { client, .. } if client == "vietqr-edge-e2e");
        n.set(n.get() + usize::from(ours));
        matches!(seen, Seen::Acknowledged { .. })
    });
    last.await.unwrap();
    n.get()
}

/// SIGHUP, until the daemon says so in its log.
fn hang_up(daemon: &Daemon, says: &str) {
    let from = daemon.log().len();
    daemon.signal(Signal::HUP);
    wait_for(says, LIMIT, || daemon.log()[from..].contains(says).then_some(()));
}

const READ_AGAIN: &str = "other changes need a restart";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reload_where_nothing_of_the_link_changed_keeps_the_same_connection() {
    let device = Device::new().await;
    let mut daemon = device.side.open();
    let (cloud, mut watch) = (device.side.cloud().await, device.side.broker.watch());
    let since = daemon.up()["link"]["since"].clone();
    let config = fs::read_to_string(device.side.shop.config()).unwrap();
    for level in ["debug", "info", "warn"] {
        fs::write(device.side.shop.config(), format!("{config}\n[log]\nlevel = {level:?}\n")).unwrap();
        daemon.signal(Signal::HUP);
        cloud.pay(&Bdsd::credit(25_000)).await.unwrap();
        assert_eq!(connections(&mut watch).await, 0);
    }
    assert_eq!(daemon.credits(3)["link"]["since"], since);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_renewed_certificate_is_taken_without_losing_the_session_or_a_message() {
    let device = Device::new().await;
    let mut daemon = device.side.open();
    let (cloud, mut watch) = (device.side.cloud().await, device.side.broker.watch());
    let mut paid = 0;
    for renewal in 1..=4 {
        device.renew(renewal % 2 == 1);
        daemon.signal(Signal::HUP);
        // In the middle of it, and before and after.
        for _ in 0..10 {
            cloud.pay(&Bdsd::credit(25_000)).await.unwrap();
            paid += 1;
        }
        daemon.credits(paid);
        let connected = "session_present=true";
        wait_for("the new connection", LIMIT, || (daemon.log().matches(connected).count() == renewal).then_some(()));
        daemon.up();
    }
    acknowledged(&mut watch, usize::try_from(paid).unwrap()).await;
    assert_eq!(device.side.shop.wait_said(40).len(), 40);
    let names: Vec<String> = daemon
        .events()
        .iter()
        .filter_map(|event| event["type"].as_str()?.strip_prefix("link.").map(str::to_owned))
        .collect();
    assert_eq!(names, ["up"], "neither an outage nor a lost session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_new_certificate_that_can_not_be_used_leaves_the_old_one_in_use_and_is_told() {
    let mut device = Device::new().await;
    let mut daemon = device.side.open();
    let since = daemon.up()["link"]["since"].clone();
    let certs = device.side.folder.certs.clone();
    let keeps = "SIGHUP: the link keeps the certificates that it has: client_";
    for (pair, what) in [
        (Pair { cert: certs.client.key.clone(), key: certs.client.key.clone() }, "cert_file: "),
        (Pair { cert: certs.client.cert.clone(), key: certs.bad.other_client.key.clone() }, "key_file: "),
        (certs.bad.expired.clone(), "cert_file: "),
    ] {
        device.lay(&pair);
        hang_up(&daemon, &format!("{keeps}{what}"));
    }
    let log = daemon.log();
    for part in ["holds no certificate; expected PEM", "does not fit", "expired on 20"] {
        assert!(log.contains(part), "{part:?} is not in {log}");
    }
    assert_eq!(daemon.up()["link"]["since"], since, "the same connection");

    // A connection that has to be made anew is made with the old one too.
    device.lay(&Pair { cert: certs.client.key.clone(), key: certs.client.key.clone() });
    device.side.broker.restart(Sessions::Kept).await.unwrap();
    wait_for("the old one", LIMIT, || daemon.log().contains("the certificates of before are used on").then_some(()));
    daemon.wait("the link", |status| status["link"]["state"] == "up" && status["link"]["since"] != since);

    device.lay(&certs.client);
    hang_up(&daemon, READ_AGAIN);
    device.side.cloud().await.pay(&Bdsd::credit(25_000)).await.unwrap();
    daemon.credits(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_certificates_in_use_are_told_with_their_days_the_brokers_included() {
    let device = Device::new().await;
    let mut daemon = device.side.open();
    let status = daemon.up();
    let certificates = status["certificates"].as_array().unwrap();
    let keys: Vec<&str> = certificates.iter().map(|certificate| certificate["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["mqtt.ca_file", "mqtt.client_cert_file", "mqtt.url"]);
    let metrics = device.side.shop.cli(&["status", "--format", "prometheus"]);
    let metrics = String::from_utf8(metrics.stdout).unwrap();
    for certificate in certificates {
        let line =
            format!("vietqr_edge_certificate_days_left{{key={}}} {}\n", certificate["key"], certificate["days_left"]);
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
}
