//! When the link goes down: said once, with a sentence; tried again with patience.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{LIMIT, Rig, TOPIC, TestLedger, options, with_login};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use vietqr_edge::link::Phase;
use vietqr_edge_sandbox::{
    proxy::{Line, Proxy},
    script::{Publish, ScriptedBroker},
};

#[tokio::test]
async fn an_outage_is_one_link_down_however_many_tries_fail() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
    let connection = broker.welcome(false, 2).await.unwrap();
    rig.up().await;
    drop(connection);
    let mut began = None;
    for _ in 0..4 {
        drop(broker.accept().await.unwrap());
        let state = rig.wait("down", |state| matches!(state.phase, Phase::Down { .. })).await;
        if let Phase::Down { since_ms, .. } = state.phase {
            assert_eq!(*began.get_or_insert(since_ms), since_ms, "an outage begins once");
        }
    }
    rig.wait("five tries", |state| matches!(state.phase, Phase::Down { tries: 5, .. })).await;
    let _connection = broker.welcome(true, 2).await.unwrap();
    rig.ledger.wait("three events", |asked| asked.len() == 3).await;
    assert_eq!(rig.ledger.events(), ["link.up", "link.down", "link.up"]);
}

#[tokio::test]
async fn what_the_broker_refuses_is_said() {
    for (code, part) in [
        (1, "does not speak MQTT 3.1.1"),
        (2, "does not accept the client id \"vietqr-edge-quay-1\""),
        (3, "service is not available"),
        (4, "bad user name or password (user shop)"),
        (5, "not authorized"),
    ] {
        let mut broker = ScriptedBroker::start().await.unwrap();
        let rig = Rig::start(with_login(options(broker.addr().unwrap()), "shop", "s3cret"), TestLedger::open());
        let mut connection = broker.accept().await.unwrap();
        connection.connack(false, code).await.unwrap();
        let reason = rig.down_saying(part).await;
        assert!(!reason.contains("s3cret"), "{reason}");
    }
}

#[tokio::test]
async fn a_take_over_of_the_client_id_is_said() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
    for _ in 0..3 {
        let connection = broker.welcome(true, 2).await.unwrap();
        rig.up().await;
        drop(connection);
        rig.wait("the end", |state| !state.phase.is_up()).await;
    }
    rig.down_saying("another device uses the client id \"vietqr-edge-quay-1\"").await;
}

#[tokio::test]
async fn a_half_open_connection_is_found_within_two_keep_alives() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let proxy = Proxy::start(broker.addr().unwrap()).await.unwrap();
    let mut options = options(proxy.addr());
    options.keep_alive_s = 1;
    let rig = Rig::start(options, TestLedger::open());
    let _connection = broker.welcome(false, 2).await.unwrap();
    rig.up().await;
    proxy.set(Line::Stall);
    let stalled = Instant::now();
    assert!(rig.down().await.contains("did not answer a ping"));
    // The bound, and a second for a busy machine.
    assert!(stalled.elapsed() < Duration::from_secs(3), "{:?}", stalled.elapsed());
}

#[tokio::test]
async fn a_message_cut_in_the_middle_is_not_handed_over_and_comes_again() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
    let mut connection = broker.welcome(false, 2).await.unwrap();
    let whole = Publish::new(1, TOPIC, "whole");
    connection.raw(&whole.bytes()[..20]).await.unwrap();
    drop(connection);
    let mut connection = broker.welcome(true, 2).await.unwrap();
    connection.publish(&whole).await.unwrap();
    assert_eq!(connection.expect_puback().await.unwrap(), 1);
    assert_eq!(rig.ledger.notices(1).await.len(), 1);
}

#[tokio::test]
async fn an_acknowledgement_of_nothing_ends_only_this_connection() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), TestLedger::open());
    let mut connection = broker.welcome(false, 2).await.unwrap();
    connection.puback(77).await.unwrap();
    connection.closed().await.unwrap();
    assert!(rig.down().await.contains("does not speak MQTT 3.1.1 as expected"));
    let _connection = broker.welcome(true, 2).await.unwrap();
    rig.up().await;
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told_apart() {
    let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let rig = Rig::start(options(addr), TestLedger::open());
    rig.down_saying("nothing listens there").await;

    let mut nowhere = options(addr);
    nowhere.host = "no-such-host.invalid".into();
    Rig::start(nowhere, TestLedger::open()).down_saying("no-such-host.invalid can not be resolved").await;
}

#[tokio::test]
async fn it_stops_within_two_seconds_while_a_broker_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rig = Rig::start(options(listener.local_addr().unwrap()), TestLedger::open());
    let (_silent, _) = tokio::time::timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
    assert!(rig.stop().await < Duration::from_secs(2));
}

#[tokio::test]
async fn a_broker_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = options(listener.local_addr().unwrap());
    options.timing.connect = Duration::from_millis(300);
    let rig = Rig::start(options, TestLedger::open());
    rig.down_saying("did not answer within").await;
}
