//! The broker behaves to an MQTT 3.1.1 client as a real one does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod device;

use device::{Device, LIMIT, Login, TOPIC};
use rumqttc::{QoS, SubscribeReasonCode};
use vietqr_edge_sandbox::certs::{Certs, Pair};
use vietqr_edge_sandbox::mqtt::{Broker, BrokerOptions, Seen, Sessions};
use vietqr_edge_sandbox::vietqr::{Bdsd, Cloud, CloudOptions, Fault};

async fn plain() -> (Broker, Cloud) {
    let broker = Broker::start(BrokerOptions::default()).await.unwrap();
    let cloud = Cloud::connect(&broker.url(), None, "", "").await.unwrap();
    (broker, cloud)
}

fn reference(body: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(body).unwrap()["referenceNumber"].as_str().unwrap().to_string()
}

fn is(wanted: &Seen) -> impl Fn(&Seen) -> bool + '_ {
    move |seen| seen == wanted
}

fn why(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

#[tokio::test]
async fn over_tls_the_right_ca_is_let_in_and_another_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path(), &[]).unwrap();
    let options = BrokerOptions { tls: Some(certs.server.clone()), ..BrokerOptions::default() };
    let broker = Broker::start(options).await.unwrap();
    let cloud = Cloud::connect(&broker.url(), Some(&certs.ca), "", "").await.unwrap();
    cloud.pay(&Bdsd::credit(25_000)).await.unwrap();
    let Err(error) = Cloud::connect(&broker.url(), Some(&certs.bad.other_ca), "", "").await else { panic!("let in") };
    assert!(why(&error).contains("UnknownIssuer"), "{error:#}");
}

#[tokio::test]
async fn a_wrong_server_certificate_is_refused_for_its_own_reason() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path(), &[]).unwrap();
    let mut broker =
        Broker::start(BrokerOptions { tls: Some(certs.server.clone()), ..BrokerOptions::default() }).await.unwrap();
    let wrong: [(&Pair, &str); 4] = [
        (&certs.bad.other_server, "UnknownIssuer"),
        (&certs.bad.expired, "certificate expired"),
        (&certs.bad.not_yet_valid, "not valid yet"),
        (&certs.bad.wrong_host, "not valid for name"),
    ];
    for (pair, reason) in wrong {
        broker.set_certificate(pair.clone());
        broker.restart(Sessions::Kept).await.unwrap();
        let Err(error) = Cloud::connect(&broker.url(), Some(&certs.ca), "", "").await else { panic!("{reason}") };
        assert!(why(&error).contains(reason), "{reason}: {error:#}");
    }
}

#[tokio::test]
async fn with_mutual_tls_a_client_needs_a_certificate_of_the_ca() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path(), &[]).unwrap();
    let options = BrokerOptions {
        tls: Some(certs.server.clone()),
        client_ca: Some(certs.ca.clone()),
        ..BrokerOptions::default()
    };
    let broker = Broker::start(options).await.unwrap();
    let with = |client: Option<&Pair>| {
        let (url, ca) = (broker.url(), Some(certs.ca.clone()));
        Cloud::connect_with(CloudOptions { url, ca, client: client.cloned(), login: None })
    };
    with(Some(&certs.client)).await.unwrap().pay(&Bdsd::credit(1)).await.unwrap();
    assert!(with(None).await.is_err());
    assert!(with(Some(&certs.bad.other_client)).await.is_err());
}

#[tokio::test]
async fn a_wrong_password_is_refused_however_often_it_is_tried() {
    let users = vec![("shop".to_string(), "right".to_string())];
    let broker = Broker::start(BrokerOptions { users, ..BrokerOptions::default() }).await.unwrap();
    let login = |user, password| Login { user, password, ..Login::plain(broker.endpoint()) };
    for (user, password) in
        [("shop", "wrong"), ("other", "right"), ("", ""), ("shop", ""), ("shop", "w"), ("shop", "x")]
    {
        let Err(error) = Device::connect(login(user, password)).await else { panic!("{user} was let in") };
        assert!(why(&error).contains("BadUserNamePassword"), "{error:#}");
    }
    Device::connect(login("shop", "right")).await.unwrap();
}

#[tokio::test]
async fn a_subscription_that_is_not_allowed_is_answered_with_a_failure() {
    let options = BrokerOptions { refused_topics: vec![TOPIC.to_string()], ..BrokerOptions::default() };
    let broker = Broker::start(options).await.unwrap();
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    assert_eq!(device.subscribe(TOPIC).await.unwrap(), SubscribeReasonCode::Failure);
    let granted = device.subscribe("vietqr/bdsd/other").await.unwrap();
    assert_eq!(granted, SubscribeReasonCode::Success(QoS::AtLeastOnce));
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_with_dup_and_what_came_meanwhile_follows() {
    let (broker, cloud) = plain().await;
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    device.subscribe(TOPIC).await.unwrap();
    let mut watch = broker.watch();
    for reference in ["A", "B"] {
        cloud.pay(&Bdsd::credit(1).reference(reference)).await.unwrap();
    }
    let first = device.receive().await.unwrap();
    assert!(!first.dup);
    device.acknowledge(&first).await.unwrap();
    let acknowledged = Seen::Acknowledged { client: "device-1".into(), packet_id: first.pkid };
    watch.wait_for(LIMIT, is(&acknowledged)).await.unwrap();
    assert_eq!(reference(&device.receive().await.unwrap().payload), "B");
    drop(device);
    watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Disconnected { unexpected: true, .. })).await.unwrap();
    cloud.pay(&Bdsd::credit(1).reference("C")).await.unwrap();

    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    assert!(device.session_present);
    let (again, new) = (device.receive().await.unwrap(), device.receive().await.unwrap());
    assert_eq!((reference(&again.payload).as_str(), again.dup), ("B", true));
    assert_eq!((reference(&new.payload).as_str(), new.dup), ("C", false));
}

#[tokio::test]
async fn a_restart_keeps_the_session_and_what_was_waiting_for_it() {
    let (mut broker, cloud) = plain().await;
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    assert!(!device.session_present);
    device.subscribe(TOPIC).await.unwrap();
    cloud.pay(&Bdsd::credit(1).reference("A")).await.unwrap();
    assert_eq!(reference(&device.receive().await.unwrap().payload), "A");
    let addr = broker.addr();
    drop(device);
    cloud.pay(&Bdsd::credit(1).reference("B")).await.unwrap();
    broker.restart(Sessions::Kept).await.unwrap();
    assert_eq!(broker.addr(), addr);

    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    assert!(device.session_present);
    assert_eq!(reference(&device.receive().await.unwrap().payload), "A");
    assert_eq!(reference(&device.receive().await.unwrap().payload), "B");
}

#[tokio::test]
async fn a_restart_can_lose_the_session() {
    let (mut broker, cloud) = plain().await;
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    device.subscribe(TOPIC).await.unwrap();
    drop(device);
    cloud.pay(&Bdsd::credit(1).reference("LOST")).await.unwrap();
    broker.restart(Sessions::Lost).await.unwrap();

    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    assert!(!device.session_present);
    device.subscribe(TOPIC).await.unwrap();
    let cloud = Cloud::connect(&broker.url(), None, "", "").await.unwrap();
    cloud.pay(&Bdsd::credit(1).reference("NEW")).await.unwrap();
    assert_eq!(reference(&device.receive().await.unwrap().payload), "NEW");
}

#[tokio::test]
async fn every_fault_reaches_a_subscriber_byte_for_byte() {
    let (broker, cloud) = plain().await;
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    device.subscribe(TOPIC).await.unwrap();
    let bdsd = Bdsd::credit(25_000).reference("FT1");
    for fault in <Fault as clap::ValueEnum>::value_variants() {
        cloud.pay_with(&bdsd, *fault).await.unwrap();
        for publish in fault.publishes(&bdsd) {
            let received = device.receive().await.unwrap();
            assert_eq!(received.payload, publish.body, "{fault:?}");
            device.acknowledge(&received).await.unwrap();
        }
    }
    drop(device);
    let mut late = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    late.subscribe(TOPIC).await.unwrap();
    assert!(late.receive().await.unwrap().retain);
}

#[tokio::test]
async fn a_stopped_broker_refuses_and_a_taken_port_is_an_error() {
    let (mut broker, cloud) = plain().await;
    let taken = BrokerOptions { port: broker.addr().port(), ..BrokerOptions::default() };
    assert!(Broker::start(taken).await.is_err());
    broker.stop().await.unwrap();
    assert!(cloud.pay(&Bdsd::credit(1)).await.is_err());
    assert!(Cloud::connect(&broker.url(), None, "", "").await.is_err());
    broker.restart(Sessions::Kept).await.unwrap();
    Cloud::connect(&broker.url(), None, "", "").await.unwrap().close().await;
}

#[tokio::test]
async fn publishes_side_by_side_are_each_acknowledged() {
    let (broker, cloud) = plain().await;
    let mut device = Device::connect(Login::plain(broker.endpoint())).await.unwrap();
    device.subscribe(TOPIC).await.unwrap();
    let cloud = std::sync::Arc::new(cloud);
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..300 {
        let cloud = std::sync::Arc::clone(&cloud);
        tasks.spawn(async move { cloud.pay(&Bdsd::credit(1).reference(&i.to_string())).await });
    }
    let mut received = std::collections::HashSet::new();
    while received.len() < 300 {
        let publish = device.receive().await.unwrap();
        received.insert(reference(&publish.payload));
        device.acknowledge(&publish).await.unwrap();
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
}
