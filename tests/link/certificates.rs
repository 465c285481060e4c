//! Which broker is trusted, and what is said of one that is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{LIMIT, Rig, TestLedger, events, options, tls_options, with_client};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};
use vietqr_edge::{
    clock::{Clock, SystemClock},
    link::{Options, Transport},
    tls::{Floor, TlsOptions},
};
use vietqr_edge_core::time::Timestamp;
use vietqr_edge_sandbox::{
    certs::{Certs, Pair},
    mqtt::{Broker, BrokerOptions, Sessions},
};

struct Side {
    _dir: TempDir,
    certs: Certs,
    broker: Broker,
}

async fn broker(pick: impl Fn(&Certs) -> &Pair, client_certs: bool) -> Side {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(&dir.path().join("certs"), &[]).unwrap();
    let tls = Some(pick(&certs).clone());
    let client_ca = client_certs.then(|| certs.ca.clone());
    let broker = Broker::start(BrokerOptions { tls, client_ca, ..BrokerOptions::default() }).await.unwrap();
    Side { _dir: dir, certs, broker }
}

impl Side {
    fn options(&self) -> Options {
        tls_options(self.broker.addr().port(), &self.certs)
    }
}

async fn refused(side: &Side, parts: &[&str]) {
    let rig = Rig::start(side.options(), TestLedger::open());
    let reason = rig.down().await;
    for part in parts {
        assert!(reason.contains(part), "expected {part:?} in {reason:?}");
    }
}

#[tokio::test]
async fn a_broker_of_another_authority_is_refused_naming_the_file() {
    let side = broker(|certs| &certs.bad.other_server, false).await;
    refused(&side, &["localhost is not signed by any authority in ", "ca.pem"]).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_saying_since_when() {
    let side = broker(|certs| &certs.bad.expired, false).await;
    refused(&side, &["the certificate of localhost expired on 20"]).await;
}

#[tokio::test]
async fn a_certificate_not_yet_valid_is_refused_asking_for_the_clock() {
    let side = broker(|certs| &certs.bad.not_yet_valid, false).await;
    refused(&side, &["is not valid before 20", "is this device's clock right? it says 20"]).await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_naming_it() {
    let side = broker(|certs| &certs.bad.wrong_host, false).await;
    refused(&side, &["is for another host: it names wrong-host.invalid"]).await;
}

#[tokio::test]
async fn a_client_certificate_that_is_asked_for_must_be_there_and_right() {
    let side = broker(|certs| &certs.server, true).await;
    refused(&side, &["requires a client certificate and none is set"]).await;

    let other = with_client(side.options(), &side.certs.bad.other_client);
    let rig = Rig::start(other, TestLedger::open());
    rig.down_saying("refuses this device's client certificate").await;

    let rig = Rig::start(with_client(side.options(), &side.certs.client), TestLedger::open());
    rig.up().await;
}

struct Past1970(SystemClock);

impl Clock for Past1970 {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(60)
    }
    fn monotonic_ms(&self) -> u64 {
        self.0.monotonic_ms()
    }
}

#[tokio::test]
async fn a_device_that_boots_in_1970_trusts_by_the_floor() {
    let side = broker(|certs| &certs.server, false).await;
    let clock = || Arc::new(Past1970(SystemClock::new()));
    let start = |floor| Rig::with(side.options(), TestLedger::open(), false, clock(), floor);

    let rig = start(Floor::new(Timestamp::from_secs(0)));
    rig.down_saying("is this device's clock right? it says 1970-01-01 00:01 UTC").await;
    start(Floor::new(SystemClock::new().now())).up().await;
}

/// A link whose `ca_file` was wrong and is right now, in a pause that does not end by itself.
async fn put_right(side: &Side, dir: &TempDir) -> (Rig, Options) {
    let ca = dir.path().join("ca.pem");
    let mut options = side.options();
    options.transport = Transport::Tls(TlsOptions { ca_file: Some(ca.clone()), client: None });
    options.timing.first_pause = LIMIT * 4;
    options.timing.most_pause = LIMIT * 4;
    std::fs::copy(&side.certs.bad.other_ca, &ca).unwrap();
    let rig = Rig::start(options.clone(), TestLedger::open());
    rig.down_saying("not signed by any authority").await;
    std::fs::copy(&side.certs.ca, &ca).unwrap();
    (rig, options)
}

#[tokio::test]
async fn certificates_are_read_anew_at_each_connection() {
    let side = broker(|certs| &certs.server, false).await;
    let dir = tempfile::tempdir().unwrap();
    let (rig, _) = put_right(&side, &dir).await;
    rig.handle.hurry();
    rig.up().await;
}

#[tokio::test]
async fn renewed_certificates_end_the_pause_before_the_next_try() {
    let side = broker(|certs| &certs.server, false).await;
    let dir = tempfile::tempdir().unwrap();
    let (rig, options) = put_right(&side, &dir).await;
    rig.renew(&options);
    rig.up().await;
}

#[tokio::test]
async fn a_file_under_another_name_is_the_one_read_from_then_on_also_where_it_held_the_same() {
    let mut side = broker(|certs| &certs.server, false).await;
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (dir.path().join("old.pem"), dir.path().join("new.pem"));
    for file in [&old, &new] {
        std::fs::copy(&side.certs.ca, file).unwrap();
    }
    let trusting = |file| {
        let tls = TlsOptions { ca_file: Some(file), client: None };
        Options { transport: Transport::Tls(tls), ..side.options() }
    };
    let (before, after) = (trusting(old.clone()), trusting(new));
    let rig = Rig::start(before, TestLedger::open());
    rig.up().await;
    rig.renew(&after);
    std::fs::copy(&side.certs.bad.other_ca, old).unwrap();
    side.broker.restart(Sessions::Kept).await.unwrap();
    rig.ledger.wait("two ups", |asked| events(asked).len() >= 3).await;
    assert_eq!(rig.ledger.events(), ["link.up", "link.down", "link.up"]);
}

#[tokio::test]
async fn material_that_can_not_be_read_is_named_and_tried_again() {
    let side = broker(|certs| &certs.server, false).await;
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let mut options = side.options();
    options.transport = Transport::Tls(TlsOptions { ca_file: Some(ca.clone()), client: None });
    let rig = Rig::start(options, TestLedger::open());
    rig.down_saying("ca_file: can not read ").await;
    let half = dir.path().join("new");
    std::fs::copy(&side.certs.ca, &half).unwrap();
    std::fs::rename(half, ca).unwrap();
    rig.up().await;
}

#[tokio::test]
async fn with_tls_nothing_is_ever_said_in_plain_text() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(listener.local_addr().unwrap());
    options.transport = Transport::Tls(TlsOptions::default());
    let rig = Rig::start(options, TestLedger::open());
    for _ in 0..2 {
        let (mut stream, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
        let mut first = [0; 64];
        let n = timeout(LIMIT, stream.read(&mut first)).await.unwrap().unwrap();
        assert_eq!(first[0], 0x16, "a TLS handshake");
        assert!(!first[..n].windows(4).any(|bytes| bytes == b"MQTT"));
        // What a plain broker might answer.
        stream.write_all(&[0x20, 2, 0, 0, 0, 0, 0, 0]).await.unwrap();
    }
    rig.down_saying("does not speak TLS").await;
}
