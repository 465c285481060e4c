//! What is subscribed, when the link is up, and whose session it is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{OTHER, Rig, TOPIC, TestLedger, options, with_login};
use std::{sync::Arc, time::Duration};
use vietqr_edge::{clock::SystemClock, link::Phase, tls::Floor};
use vietqr_edge_sandbox::script::ScriptedBroker;

#[tokio::test]
async fn every_connack_is_followed_by_all_subscriptions() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(with_login(options(broker.addr().unwrap()), "shop", "pw"), TestLedger::open());
    for session_present in [false, true, false] {
        let mut connection = broker.accept().await.unwrap();
        let connect = &connection.connect;
        assert_eq!((connect.client_id.as_str(), connect.clean_session), ("vietqr-edge-quay-1", false));
        assert_eq!((connect.username.as_deref(), connect.password.as_deref()), (Some("shop"), Some(&b"pw"[..])));
        assert_eq!(connect.keep_alive, 20);
        connection.connack(session_present, 0).await.unwrap();
        let (id, filters) = connection.subscribe().await.unwrap();
        assert_eq!(filters, [(TOPIC.to_owned(), 1), (OTHER.to_owned(), 1)]);
        assert!(!rig.handle.state().borrow().phase.is_up(), "up before SUBACK");
        connection.suback(id, &[1, 1]).await.unwrap();
        let state = rig.up().await;
        assert!(matches!(state.phase, Phase::Up { session_present: present, .. } if present == session_present));
        drop(connection);
        rig.wait("the end", |state| !state.phase.is_up()).await;
    }
}

#[tokio::test]
async fn a_refused_or_weaker_subscription_is_not_up() {
    for code in [0x80, 0] {
        let mut broker = ScriptedBroker::start().await.unwrap();
        let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
        let mut connection = broker.accept().await.unwrap();
        connection.connack(false, 0).await.unwrap();
        let (id, _) = connection.subscribe().await.unwrap();
        connection.suback(id, &[1, code]).await.unwrap();
        connection.closed().await.unwrap();
        let reason = rig.down().await;
        assert!(reason.contains(OTHER) && !reason.contains(TOPIC), "{reason}");
        rig.ledger.wait("link.down", |asked| !asked.is_empty()).await;
        assert_eq!(rig.ledger.events(), ["link.down"]);
    }
}

#[tokio::test]
async fn without_an_answer_to_the_subscriptions_it_is_not_up() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let mut options = options(broker.addr().unwrap());
    options.timing.connect = Duration::from_millis(300);
    let rig = Rig::start(options, TestLedger::open());
    let mut connection = broker.accept().await.unwrap();
    connection.connack(false, 0).await.unwrap();
    connection.subscribe().await.unwrap();
    connection.closed().await.unwrap();
    assert!(rig.down().await.contains("did not answer the subscriptions"));
}

#[tokio::test]
async fn a_lost_session_is_reported_and_the_first_one_ever_is_not() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
    let count =
        |name: &'static str| move |asked: &Vec<_>| crate::support::events(asked).iter().filter(|e| **e == name).count();
    for (n, session_present) in [false, true, false].into_iter().enumerate() {
        let connection = broker.welcome(session_present, 2).await.unwrap();
        rig.ledger.wait("link.up", |asked| count("link.up")(asked) > n).await;
        drop(connection);
        rig.ledger.wait("link.down", |asked| count("link.down")(asked) > n).await;
    }
    let expected = ["link.up", "link.down", "link.up", "link.down", "link.session_lost", "link.up", "link.down"];
    assert_eq!(rig.ledger.events(), expected);
}

#[tokio::test]
async fn a_session_of_an_earlier_run_that_is_lost_is_reported() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let clock = Arc::new(SystemClock::new());
    let rig = Rig::with(options(broker.addr().unwrap()), TestLedger::open(), true, clock, Floor::default());
    let _connection = broker.welcome(false, 2).await.unwrap();
    rig.ledger.wait("both", |asked| asked.len() == 2).await;
    assert_eq!(rig.ledger.events(), ["link.session_lost", "link.up"]);
}
