//! The link and a real broker over TLS.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{LIMIT, Rig, TestLedger, tls_options, with_login};
use std::time::Duration;
use tempfile::TempDir;
use vietqr_edge::link::{Options, Phase, Transport};
use vietqr_edge_core::event::Reason;
use vietqr_edge_sandbox::{
    certs::Certs,
    mqtt::{Broker, BrokerOptions, Seen, Sessions},
    vietqr::{Bdsd, Cloud, Fault},
};

struct Side {
    _dir: TempDir,
    certs: Certs,
    broker: Broker,
}

async fn side() -> Side {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(&dir.path().join("certs"), &[]).unwrap();
    let users = [("shop", "pw"), ("shop", "pw2"), ("vietqr", "cloud")];
    let users = users.map(|(user, password)| (user.to_owned(), password.to_owned())).to_vec();
    let options = BrokerOptions { tls: Some(certs.server.clone()), users, ..BrokerOptions::default() };
    Side { _dir: dir, certs, broker: Broker::start(options).await.unwrap() }
}

impl Side {
    fn options(&self) -> Options {
        with_login(tls_options(self.broker.addr().port(), &self.certs), "shop", "pw")
    }

    /// Has the link connect anew, with another password.
    async fn renew(&self, rig: &Rig) {
        rig.renew(&with_login(self.options(), "shop", "pw2"));
        rig.wait("a connection anew", |state| !state.phase.is_up()).await;
    }

    async fn cloud(&self) -> Cloud {
        Cloud::connect(&self.broker.url(), Some(&self.certs.ca), "vietqr", "cloud").await.unwrap()
    }
}

#[tokio::test]
async fn a_payment_arrives_over_tls_and_is_acknowledged() {
    let side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    let mut watch = side.broker.watch();
    let payment = Bdsd::credit(25_000);
    side.cloud().await.pay(&payment).await.unwrap();
    let notices = rig.ledger.notices(1).await;
    assert_eq!(
        (notices[0].topic.as_str(), notices[0].body.as_slice()),
        (payment.topic().as_str(), payment.body().as_bytes())
    );
    watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Acknowledged { .. })).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_said_without_it() {
    let side = side().await;
    let rig = Rig::start(with_login(side.options(), "shop", "wr0ng"), TestLedger::open());
    let reason = rig.down_saying("bad user name or password").await;
    assert!(!reason.contains("wr0ng") && reason.contains("user shop"), "{reason}");
}

#[tokio::test]
async fn what_was_not_acknowledged_is_delivered_again_after_a_reconnect() {
    let side = side().await;
    let rig = Rig::start(side.options(), TestLedger::held());
    rig.up().await;
    let payment = Bdsd::credit(25_000);
    side.cloud().await.pay(&payment).await.unwrap();
    rig.ledger.notices(1).await;
    side.renew(&rig).await;
    rig.ledger.answer(10);
    let notices = rig.ledger.notices(2).await;
    assert_eq!(notices[0].body, notices[1].body);
    assert_eq!((notices[0].redelivered, notices[1].redelivered), (false, true));
    rig.wait("the ack", |state| state.acked == 1).await;
}

#[tokio::test]
async fn a_restart_of_the_broker_is_survived_with_what_was_published_meanwhile() {
    let mut side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    side.broker.restart(Sessions::Kept).await.unwrap();
    side.cloud().await.pay(&Bdsd::credit(1_000)).await.unwrap();
    rig.ledger.notices(1).await;
    rig.ledger.wait("two ups", |asked| crate::support::events(asked).len() >= 3).await;
    assert_eq!(rig.ledger.events(), ["link.up", "link.down", "link.up"]);
}

#[tokio::test]
async fn a_broker_that_forgot_us_is_reported_and_subscribed_anew() {
    let mut side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    side.broker.restart(Sessions::Lost).await.unwrap();
    rig.ledger.wait("session_lost", |asked| crate::support::events(asked).contains(&"link.session_lost")).await;
    let state = rig.up().await;
    assert!(matches!(state.phase, Phase::Up { session_present: false, .. }));
    side.cloud().await.pay(&Bdsd::credit(1_000)).await.unwrap();
    rig.ledger.notices(1).await;
}

#[tokio::test]
async fn an_oversized_message_is_set_aside_once_and_what_follows_arrives() {
    let side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    let cloud = side.cloud().await;
    cloud.pay_with(&Bdsd::credit(25_000), Fault::Oversized).await.unwrap();
    cloud.pay(&Bdsd::credit(30_000)).await.unwrap();
    let strays = rig.ledger.strays(1).await;
    assert_eq!(strays[0].reason, Reason::Oversized);
    assert!(strays[0].size > 256 * 1024 && strays[0].body.len() == 64 * 1024);
    rig.ledger.notices(1).await;
    rig.wait("both acks", |state| state.acked == 2).await;
    // Acknowledged: at the next connection the broker has nothing left of it.
    side.renew(&rig).await;
    rig.up().await;
    cloud.pay(&Bdsd::credit(35_000)).await.unwrap();
    rig.ledger.notices(2).await;
    assert_eq!(rig.ledger.strays(1).await.len(), 1);
}

#[tokio::test]
async fn it_stops_within_two_seconds_and_the_broker_hears_of_it() {
    let side = side().await;
    let mut watch = side.broker.watch();
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    assert!(rig.stop().await < Duration::from_secs(2));
    watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Disconnected { unexpected: false, .. })).await.unwrap();
}

#[tokio::test]
async fn two_devices_with_one_client_id_are_both_told() {
    let side = side().await;
    let first = Rig::start(side.options(), TestLedger::open());
    let second = Rig::start(side.options(), TestLedger::open());
    for rig in [&first, &second] {
        rig.down_saying("another device uses the client id \"vietqr-edge-quay-1\"").await;
    }
}

#[tokio::test]
async fn the_last_login_wins_however_fast_they_come() {
    let side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    let mut watch = side.broker.watch();
    // The second finds the link before it looked, in its goodbye for the first, reading the files, and connecting.
    for turns in 0..40 {
        rig.renew(&with_login(side.options(), "shop", "wr0ng"));
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        // After each, as SIGHUP does.
        rig.handle.hurry();
        rig.renew(&with_login(side.options(), "shop", if turns % 2 == 0 { "pw2" } else { "pw" }));
        rig.handle.hurry();
        // The broker takes no other login than the last.
        let connected = watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Connected { .. })).await;
        assert!(connected.is_ok(), "{turns} turns: the link is {:?}", *rig.handle.state().borrow());
    }
    rig.up().await;
}

#[tokio::test]
async fn a_login_that_needs_a_restart_does_not_displace_one_that_does_not() {
    let side = side().await;
    let rig = Rig::start(side.options(), TestLedger::open());
    rig.up().await;
    let mut watch = side.broker.watch();
    rig.renew(&with_login(side.options(), "shop", "pw2"));
    rig.renew(&Options { transport: Transport::Plain, ..side.options() });
    watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Connected { .. })).await.unwrap();
    rig.up().await;
}
