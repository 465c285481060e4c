//! Money in is booked once and said once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::side::{Side, acknowledged};
use chrono::{FixedOffset, Utc};
use vietqr_edge_sandbox::{
    mqtt::Sessions,
    vietqr::{Bdsd, Publish},
};

/// The sample of vietqr.md 5.6, paid now: the amount is a float, there is no orderId, the status is a number.
fn sample() -> Publish {
    let now = Utc::now().with_timezone(&FixedOffset::east_opt(7 * 3600).unwrap()).format("%d/%m/%Y %H:%M:%S");
    let body = format!(
        r#"{{"bankAccount":"9876543210","amount":25000.0,"transType":"C","referenceNumber":"TXN876543210123","content":"Thanh toan don hang","status":1,"timePaid":"{now}"}}"#
    );
    Publish { topic: "vietqr/bdsd/VVB123456".into(), body: body.into_bytes(), retain: false }
}

const SENTENCE: &str = "Đã nhận hai mươi lăm nghìn đồng";
const MARKER: &str = "Đã nhận ba mươi nghìn đồng";

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_documented_sample_is_said_once_and_booked_once_however_often_it_comes() {
    let side = Side::new().await;
    let (shop, cloud, sample, mut watch) = (&side.shop, side.cloud().await, sample(), side.broker.watch());
    let daemon = side.open();
    cloud.publish(sample.clone()).await.unwrap();
    assert_eq!(shop.wait_said(1), [SENTENCE]);
    let first = shop.json(&["payments", "--json"]);
    let payment = &first["items"][0];
    assert_eq!((payment["amount"].as_u64(), payment["repeats"].as_u64()), (Some(25_000), Some(0)));
    assert_eq!(
        (&payment["reference_number"], &payment["bank_account"]),
        (&"TXN876543210123".into(), &"9876543210".into())
    );

    cloud.publish(sample.clone()).await.unwrap();
    acknowledged(&mut watch, 2).await;
    let (status, _) = daemon.terminate();
    assert!(status.success());
    let mut daemon = side.open();
    cloud.publish(sample).await.unwrap();
    daemon.wait("both repeats", |status| status["totals"]["repeats"] == 2);
    // What is said keeps the order of receipt: with this one said, a repeat would have been.
    cloud.pay(&Bdsd::credit(30_000)).await.unwrap();
    assert_eq!(shop.wait_said(2), [SENTENCE, MARKER]);

    let now = shop.json(&["payments", "--json"]);
    let mut expected = payment.clone();
    expected["repeats"] = 2.into();
    assert_eq!(now["items"][0], expected, "nothing changed but the counter");
    assert_eq!((now["items"].as_array().unwrap().len(), &now["next"]), (2, &serde_json::Value::Null));
    let received = daemon.events().iter().filter(|event| event["type"] == "payment.received").count();
    assert_eq!(received, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_paid_while_the_daemon_was_off_arrives_when_it_is_back() {
    let side = Side::new().await;
    let (cloud, mut watch) = (side.cloud().await, side.broker.watch());
    let daemon = side.open();
    cloud.pay(&Bdsd::credit(25_000)).await.unwrap();
    acknowledged(&mut watch, 1).await;
    side.shop.wait_said(1);
    daemon.kill();
    for amount in [30_000, 35_000, 40_000] {
        cloud.pay(&Bdsd::credit(amount)).await.unwrap();
    }
    let mut daemon = side.open();
    daemon.credits(4);
    acknowledged(&mut watch, 3).await;
    let said = side.shop.wait_said(4);
    assert_eq!(said[1..], [MARKER, "Đã nhận ba mươi lăm nghìn đồng", "Đã nhận bốn mươi nghìn đồng"]);
    let lost = daemon.events().iter().any(|event| event["type"] == "link.session_lost");
    assert!(!lost, "the broker had kept the session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_broker_that_forgot_the_session_is_reported() {
    let mut side = Side::new().await;
    let daemon = side.open();
    // Until this is in the journal nothing says that there ever was a session.
    daemon.event("link.up");
    daemon.kill();
    side.broker.restart(Sessions::Lost).await.unwrap();
    let mut daemon = side.open();
    let port = side.broker.addr().port();
    assert_eq!(daemon.event("link.session_lost")["data"]["broker"], format!("localhost:{port}"));
    // And it hears again.
    side.cloud().await.pay(&Bdsd::credit(30_000)).await.unwrap();
    daemon.credits(1);
    assert_eq!(side.shop.wait_said(1), [MARKER]);
}
