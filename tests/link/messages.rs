//! What becomes of a message: handed over, acknowledged, or left with the broker.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{LIMIT, OTHER, QUIET, Rig, TOPIC, TestLedger, options};
use std::time::Duration;
use tokio::time::timeout;
use vietqr_edge::{
    clock::{Clock, SystemClock},
    config::Secret,
    ledger::Command,
    link::{Desk, Kind},
};
use vietqr_edge_core::{event::Reason, jws, refund::Door};
use vietqr_edge_sandbox::script::{Connection, Packet, Publish, ScriptedBroker};

async fn start(ledger: TestLedger) -> (ScriptedBroker, Rig, Connection) {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let rig = Rig::start(options(broker.addr().unwrap()), ledger);
    let connection = broker.welcome(false, 2).await.unwrap();
    rig.up().await;
    (broker, rig, connection)
}

async fn stays_quiet(connection: &mut Connection) {
    if let Ok(packet) = timeout(QUIET, connection.next()).await {
        panic!("expected nothing, got {packet:?}");
    }
}

#[tokio::test]
async fn an_ack_is_sent_only_after_the_durable_answer() {
    let (_broker, rig, mut connection) = start(TestLedger::held()).await;
    connection.publish(&Publish::new(7, TOPIC, "a")).await.unwrap();
    let received = rig.ledger.notices(1).await;
    assert_eq!((received[0].body.as_slice(), received[0].terminal.as_str()), (&b"a"[..], "VVB123456"));
    stays_quiet(&mut connection).await;
    rig.ledger.answer(1);
    assert_eq!(connection.expect_puback().await.unwrap(), 7);
    let state = rig.wait("the count of acks", |state| state.acked == 1).await;
    assert_eq!((state.received, state.last_message.is_some()), (1, true));
}

#[tokio::test]
async fn acks_keep_the_order_of_receipt() {
    let (_broker, rig, mut connection) = start(TestLedger::held()).await;
    for (id, topic) in [(3, TOPIC), (1, OTHER), (2, TOPIC)] {
        connection.publish(&Publish::new(id, topic, format!("{id}"))).await.unwrap();
    }
    rig.ledger.notices(1).await;
    rig.ledger.answer(3);
    for id in [3, 1, 2] {
        assert_eq!(connection.expect_puback().await.unwrap(), id);
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_and_an_old_answer_acknowledges_nothing() {
    let (mut broker, rig, mut connection) = start(TestLedger::held()).await;
    connection.publish(&Publish::new(1, TOPIC, "old")).await.unwrap();
    rig.ledger.notices(1).await;
    drop(connection);
    // The broker has lost the session: packet 1 is another message now.
    let mut connection = broker.welcome(false, 2).await.unwrap();
    connection.publish(&Publish::new(1, TOPIC, "new")).await.unwrap();
    rig.up().await;
    rig.ledger.answer(1);
    rig.ledger.notices(2).await;
    stays_quiet(&mut connection).await;
    rig.ledger.answer(1);
    assert_eq!(connection.expect_puback().await.unwrap(), 1);
}

#[tokio::test]
async fn duplicate_and_retain_pass_through() {
    let (_broker, rig, mut connection) = start(TestLedger::open()).await;
    let plain = Publish::new(1, TOPIC, "x");
    connection.publish(&plain).await.unwrap();
    connection.publish(&Publish { dup: true, ..plain.clone() }).await.unwrap();
    connection.publish(&Publish { retain: true, ..plain }).await.unwrap();
    let flags: Vec<_> = rig.ledger.notices(3).await.iter().map(|i| (i.redelivered, i.retained)).collect();
    assert_eq!(flags, [(false, false), (true, false), (false, true)]);
}

#[tokio::test]
async fn a_topic_that_was_not_asked_for_is_quarantined_and_acknowledged() {
    let (_broker, rig, mut connection) = start(TestLedger::open()).await;
    connection.publish(&Publish::new(9, "vietqr/bdsd/VVB999999", "x")).await.unwrap();
    let strays = rig.ledger.strays(1).await;
    assert_eq!((strays[0].reason, strays[0].size), (Reason::UnexpectedTopic, 1));
    assert_eq!(connection.expect_puback().await.unwrap(), 9);
}

#[tokio::test]
async fn a_signed_request_says_when_it_was_signed_and_only_the_brokers_own_repeats_are_no_replays() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let mut options = options(broker.addr().unwrap());
    options.topics.truncate(1);
    options.topics[0].kind = Kind::RefundRequest;
    let secret = "k".repeat(32);
    let key = Secret::new(secret.clone().into_bytes(), "key".into());
    options.desk = Some(Desk::new("quay-1".into(), "response".into(), vec![("now".into(), key)]));
    let rig = Rig::start(options, TestLedger::open());
    let mut connection = broker.welcome(false, 1).await.unwrap();
    rig.up().await;
    let issued_at = SystemClock::new().now().secs() as u64;
    let claims = serde_json::json!({"jti": "r-1", "aud": "VVB123456", "iat": issued_at, "exp": issued_at + 60,
        "provider": "vietqr", "bank_account": "1", "reference_number": "FT1", "amount": 5, "reason": "x", "operator": "lan"});
    let signed = jws::sign(claims.as_object().unwrap(), jws::Key { id: "now", secret: secret.as_bytes() });
    let plain = Publish::new(1, TOPIC, signed.clone());
    connection.publish(&plain).await.unwrap();
    connection.publish(&Publish { dup: true, ..plain.clone() }).await.unwrap();
    connection.publish(&Publish { retain: true, ..plain }).await.unwrap();
    let requests = |asked: &[Command]| -> Vec<_> {
        let request = |command: &Command| match command {
            Command::RefundRequest { door, replay, .. } => Some((door.clone(), replay.clone())),
            _ => None,
        };
        asked.iter().filter_map(request).collect()
    };
    rig.ledger.wait("three requests", |asked| requests(asked).len() == 3).await;
    let asked = requests(&rig.ledger.asked.borrow());
    let door = Door::Mqtt { terminal: "VVB123456".into(), key: "now".into(), issued_at };
    assert!(asked.iter().all(|(through, _)| *through == door), "{asked:?}");
    let [(_, Some(stray)), (_, None), (_, None)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((stray.reason, stray.body.as_slice()), (Reason::UntrustedRequest, signed.as_bytes()));
    for _ in 0..3 {
        assert_eq!(connection.expect_puback().await.unwrap(), 1);
    }
    assert!(!connection.seen.iter().any(|packet| matches!(packet, Packet::Publish(_))), "{:?}", connection.seen);
}

#[tokio::test]
async fn while_the_disk_is_full_nothing_is_acknowledged_and_the_broker_delivers_again() {
    let (mut broker, rig, mut connection) = start(TestLedger::open()).await;
    connection.publish(&Publish::new(1, TOPIC, "stored")).await.unwrap();
    assert_eq!(connection.expect_puback().await.unwrap(), 1);
    rig.ledger.disk_full(true);
    connection.publish(&Publish::new(2, TOPIC, "not stored")).await.unwrap();
    connection.closed().await.unwrap();
    assert!(!connection.seen.contains(&Packet::PubAck(2)), "{:?}", connection.seen);
    assert!(rig.down().await.contains("the disk is full"));

    rig.ledger.disk_full(false);
    let mut connection = broker.welcome(true, 2).await.unwrap();
    connection.publish(&Publish { dup: true, ..Publish::new(2, TOPIC, "not stored") }).await.unwrap();
    assert_eq!(connection.expect_puback().await.unwrap(), 2);
}

#[tokio::test]
async fn an_oversized_message_neither_loops_nor_blocks() {
    let (mut broker, rig, mut connection) = start(TestLedger::open()).await;
    let big = Publish::new(1, TOPIC, vec![b'x'; 300 * 1024]);
    let _ = connection.publish(&big).await;
    connection.closed().await.unwrap();

    let mut connection = broker.welcome(true, 2).await.unwrap();
    connection.publish(&Publish { dup: true, ..big }).await.unwrap();
    connection.publish(&Publish::new(2, TOPIC, "behind it")).await.unwrap();
    assert_eq!(connection.expect_puback().await.unwrap(), 1);
    assert_eq!(connection.expect_puback().await.unwrap(), 2);
    let strays = rig.ledger.strays(1).await;
    assert_eq!((strays[0].reason, strays[0].size), (Reason::Oversized, 300 * 1024));
    assert_eq!(strays[0].body.len(), 64 * 1024);
    assert_eq!(rig.ledger.notices(1).await[0].body, b"behind it");
    assert_eq!(rig.ledger.events(), ["link.up"], "it is no outage");
}

#[tokio::test]
async fn a_message_above_the_hard_limit_is_named_and_not_hammered_at() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let mut options = options(broker.addr().unwrap());
    options.timing.most_pause = LIMIT * 4;
    let rig = Rig::start(options, TestLedger::open());
    for session_present in [false, true] {
        let mut connection = broker.welcome(session_present, 2).await.unwrap();
        // The length of 3 MiB is enough: it is refused before it is read.
        let mut bytes = Publish::new(1, TOPIC, "before it").bytes();
        bytes.extend([0x32, 0x80, 0x80, 0xC0, 0x01]);
        connection.raw(&bytes).await.unwrap();
        connection.closed().await.unwrap();
    }
    let reason = rig.down_saying("blocks the topic").await;
    assert!(reason.contains("3145728 bytes"), "{reason}");
    assert_eq!(rig.ledger.notices(2).await.len(), 2, "what came right before it is handed over");
    assert!(timeout(QUIET, broker.accept()).await.is_err(), "it is not tried again soon");
}

#[tokio::test]
async fn a_burst_and_a_slow_ledger_never_dead_lock() {
    const BURST: u16 = 3000;
    let (_broker, rig, mut connection) =
        start(TestLedger::new(usize::from(BURST), 8, Duration::from_micros(300))).await;
    for id in 1..=BURST {
        connection.publish(&Publish::new(id, TOPIC, vec![b'x'; 300])).await.unwrap();
    }
    for id in 1..=BURST {
        assert_eq!(connection.expect_puback().await.unwrap(), id);
    }
    assert_eq!(rig.ledger.notices(usize::from(BURST)).await.len(), usize::from(BURST));
    rig.wait("all acks", |state| state.acked == u64::from(BURST)).await;
}

#[tokio::test]
async fn a_ledger_that_takes_nothing_makes_the_link_let_go_before_the_broker_does() {
    let mut broker = ScriptedBroker::start().await.unwrap();
    let mut options = options(broker.addr().unwrap());
    options.keep_alive_s = 1;
    let rig = Rig::start(options, TestLedger::new(0, 4, Duration::ZERO));
    let mut connection = broker.welcome(false, 2).await.unwrap();
    for id in 1..=300 {
        connection.publish(&Publish::new(id, TOPIC, "x")).await.unwrap();
    }
    connection.closed().await.unwrap();
    rig.wait("a reason", |state| !state.phase.is_up()).await;
    assert!(!connection.seen.iter().any(|packet| matches!(packet, Packet::PubAck(_))));
    let asked = rig.ledger.asked.borrow().len();
    assert!(asked <= 4, "bounded, and {asked} were taken");
    assert!(rig.stop().await < Duration::from_secs(2));
}

#[tokio::test]
async fn stopping_writes_the_acks_that_were_answered_then_takes_leave() {
    let (_broker, rig, mut connection) = start(TestLedger::held()).await;
    for id in 1..=20 {
        connection.publish(&Publish::new(id, TOPIC, "x")).await.unwrap();
    }
    rig.ledger.answer(10);
    rig.ledger.wait("the eleventh", |asked| crate::support::notices(asked).len() == 11).await;
    let took = rig.stop().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    timeout(LIMIT, connection.closed()).await.unwrap().unwrap();
    let acks: Vec<u16> =
        connection.seen.iter().filter_map(|p| if let Packet::PubAck(id) = p { Some(*id) } else { None }).collect();
    assert_eq!(acks, (1..=10).collect::<Vec<u16>>());
    assert_eq!(connection.seen.last(), Some(&Packet::Disconnect));
}
