//! The HTTP interface over its socket, before a real ledger.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};
use support::served::{DEADLINE, Served, answer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};
use vietqr_edge::http::SpeakError;
use vietqr_edge_core::payment::PaymentId;

fn ids(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_empty_ledger_answers_with_empty_lists() {
    let served = Served::new();
    assert_eq!(served.get("/v1/payments").await.2, json!({"items": [], "next": null}));
    assert_eq!(served.get("/v1/events").await.2, json!({"items": [], "next": 0}));
    let (status, _, document) = served.get("/v1/status").await;
    assert_eq!((status, &document["last_credit"], &document["events"]["last"]), (200, &Value::Null, &json!(0)));
    assert_eq!(served.get("/healthz").await.2, json!({"status": "ok"}));
}

#[tokio::test]
async fn a_payment_shows_its_account_whole_and_its_way_on_the_socket() {
    let served = Served::new();
    let id = served.book(1, 1).await[0];
    served.book(1, 1).await;
    served.clock.forward(2_000);
    served.say(id).await;
    let (status, kind, payment) = served.get(&format!("/v1/payments/{id}")).await;
    assert_eq!((status, kind.as_str()), (200, "application/json"));
    assert_eq!(payment["bank_account"], "1234567890");
    assert_eq!((&payment["amount"], &payment["repeats"]), (&json!(25_000), &json!(1)));
    assert_eq!((&payment["match"], &payment["refunded"]), (&Value::Null, &json!(0)));
    let trace = &payment["trace"];
    assert_eq!(trace["published"], json!({"at": "2026-11-21T02:30:00.000Z", "age_ms": 0}));
    assert_eq!(trace["received"]["age_ms"], 1_500);
    assert_eq!(trace["spoken"]["age_ms"], 2_000);
    assert_eq!(served.get("/v1/payments?reference=FT00001").await.2, json!({"items": [payment], "next": null}));
}

#[tokio::test]
async fn pages_have_every_payment_once_and_in_order() {
    let served = Served::new();
    let booked: Vec<String> = served.book(1, 7).await.iter().map(PaymentId::to_string).collect();
    served.record().await;
    for limit in 1..=8 {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = served.get(&format!("/v1/payments?limit={limit}&after={after}")).await.2;
            found.extend(ids(&page));
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
            assert_eq!(found.last().unwrap(), &after);
        }
        assert_eq!(found, booked, "limit {limit}");
    }
}

#[tokio::test]
async fn pages_have_every_event_once_and_in_order() {
    let served = Served::new();
    served.book_together(1, 250).await;
    let (mut numbers, mut after) = (Vec::new(), 0);
    loop {
        let page = served.get(&format!("/v1/events?after={after}&limit=120")).await.2;
        let items = page["items"].as_array().unwrap();
        numbers.extend(items.iter().map(|item| item["sequence"].as_str().unwrap().parse::<u64>().unwrap()));
        after = page["next"].as_u64().unwrap();
        if items.is_empty() {
            break;
        }
    }
    assert_eq!(numbers, (1..=250).collect::<Vec<_>>());
    assert_eq!(after, 250);
}

#[tokio::test]
async fn every_error_is_a_problem_with_its_code() {
    let served = Served::new();
    served.book(1, 1).await;
    let get = |path: &str| served.request(Method::GET, path);
    let replay = || served.request(Method::POST, "/v1/voice/replay");
    let json = |text: &'static str| replay().header("content-type", "application/json").body(text);
    let refused = |error: SpeakError| {
        *served.fake.refusal.lock().unwrap() = Some(error);
        replay()
    };
    let p1 = PaymentId(1);
    let cases = [
        (get("/v1/payments?size=1"), 400, "invalid_query", "'size': expected after, limit, reference"),
        (get("/v1/payments?after=7"), 400, "invalid_query", "after: expected a payment's id, as p123, got '7'"),
        (get("/v1/payments?limit=0"), 400, "invalid_query", "limit: expected a whole number from 1 to 1000"),
        (get("/v1/payments?limit=5&limit=6"), 400, "invalid_query", "'limit' comes twice"),
        (get("/v1/payments?reference=x&after=p1"), 400, "invalid_query", "reference: give it alone"),
        (get("/v1/payments/p1?a=b"), 400, "invalid_query", "'a': this resource takes none"),
        (get("/v1/events?after=p1"), 400, "invalid_query", "after: expected the number of the last event"),
        (
            get("/v1/events").header("accept", "text/event-stream").header("last-event-id", "x"),
            400,
            "invalid_query",
            "Last-Event-ID",
        ),
        (get("/healthz?x"), 400, "invalid_query", "'x'"),
        (get("/v1/payments/p9"), 404, "payment_not_found", "there is no payment p9"),
        (get("/v1/payments/7"), 404, "payment_not_found", "'7' is not a payment's id, as p123"),
        (get("/v1/payments/%ff"), 404, "payment_not_found", ""),
        (get("/v2"), 404, "not_found", "there is nothing at /v2"),
        (served.request(Method::DELETE, "/v1/payments"), 405, "method_not_allowed", "does not take DELETE"),
        (get("/v1/voice/test"), 405, "method_not_allowed", "does not take GET"),
        (get("/v1/events?after=500"), 410, "events_dropped", "begin again with after=0"),
        (get("/v1/events?after=500").header("accept", "text/event-stream"), 410, "events_dropped", "the last is 1"),
        (json("{\"payment\": \"7\"}"), 400, "invalid_body", "a payment's id is 'p' and a number"),
        (json("{\"id\": \"p1\"}"), 400, "invalid_body", "unknown field `id`"),
        (json("{"), 400, "invalid_body", ""),
        (
            served.request(Method::POST, "/v1/voice/test").json(&json!({"amount": 0})),
            400,
            "invalid_body",
            "amount: expected whole đồng",
        ),
        (served.request(Method::POST, "/v1/voice/test").json(&json!({"amount": 2.5})), 400, "invalid_body", "2.5"),
        (replay().body("{}").header("content-type", "text/plain"), 415, "unsupported_media_type", "application/json"),
        (replay().body("{}"), 415, "unsupported_media_type", ""),
        (replay().body(vec![b' '; 65_537]), 413, "body_too_large", "65536"),
    ];
    let mut seen = BTreeSet::new();
    let mut check = |(status, kind, body): (u16, String, Value), expected: u16, code: &str, detail: &str| {
        assert_eq!((status, body["code"].as_str()), (expected, Some(code)), "{body}");
        assert_eq!((kind.as_str(), &body["status"]), ("application/problem+json", &json!(expected)), "{body}");
        assert!(body["detail"].as_str().unwrap().contains(detail), "{body}");
        seen.insert(code.to_owned());
    };
    for (request, status, code, detail) in cases {
        check(answer(request).await, status, code, detail);
    }
    for (error, status, code) in [
        (SpeakError::NoSuchPayment(p1), 404, "payment_not_found"),
        (SpeakError::NothingYet, 404, "payment_not_found"),
        (SpeakError::NotCredit(p1), 422, "not_credit"),
        (SpeakError::Off, 422, "voice_off"),
        (SpeakError::NoSpeaker, 422, "no_speaker"),
        (SpeakError::QuietHours, 422, "quiet_hours"),
        (SpeakError::Busy, 503, "busy"),
        (SpeakError::Failed("aplay: not found".into()), 503, "speaker_failed"),
        (SpeakError::NotDurable("the disk is full".into()), 503, "not_durable"),
        (SpeakError::Stopping, 503, "stopping"),
    ] {
        check(answer(refused(error)).await, status, code, "");
    }
    *served.fake.ill.lock().unwrap() = Some("the ledger makes no progress".into());
    check(served.get("/healthz").await, 503, "unhealthy", "the ledger makes no progress");
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(get("/v1/events").header("accept", "text/event-stream").send().await.unwrap());
    }
    let one_more = answer(get("/v1/events").header("accept", "text/event-stream")).await;
    check(one_more, 503, "too_many_streams", "");

    let document: Value = served.get("/v1/openapi.json").await.2;
    let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().unwrap();
    let mut documented: BTreeSet<String> = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    documented.remove("ledger_unreadable"); // needs a broken disk
    for code in support::REFUND_CODES {
        assert!(documented.remove(code), "{code}");
    }
    // Needs another provider, a moment between two ticks, a thousand refunds.
    for code in ["original_conflict", "approval_expired", "too_many_open"] {
        assert!(documented.remove(code), "{code}");
    }
    assert_eq!(seen, documented);
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_answered_with_those_that_are() {
    let served = Served::new();
    let response = served.request(Method::PUT, "/v1/voice/test").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_long_body_without_a_length_is_refused_too() {
    let served = Served::new();
    let mut stream = UnixStream::connect(&served.socket).await.unwrap();
    let head = "POST /v1/voice/test HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    for _ in 0..4 {
        // The server may answer and close before all was sent.
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = vec![0; 512];
    let n = tokio::time::timeout(DEADLINE, stream.read(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer[..n]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn events_that_were_dropped_are_answered_with_the_oldest_one_held() {
    let served = Served::with(|options| options.limits.disk_bytes = 1);
    let mut n = 1;
    while served.ledger.reader.oldest() == 1 {
        assert!(n < 2_000, "nothing was ever dropped");
        served.book(n, n + 19).await;
        n += 20;
    }
    for accept in ["application/json", "text/event-stream"] {
        let (status, _, body) =
            answer(served.request(Method::GET, "/v1/events?after=0").header("accept", accept)).await;
        assert_eq!((status, body["code"].as_str()), (410, Some("events_dropped")));
        let oldest = body["oldest"].as_u64().unwrap();
        let (status, _, list) = served.get(&format!("/v1/events?after={}", oldest - 1)).await;
        assert_eq!((status, &list["items"][0]["sequence"]), (200, &json!(format!("{oldest:012}"))));
    }
}

#[tokio::test]
async fn no_whole_account_is_in_events_or_metrics() {
    let served = Served::new();
    let id = served.book(1, 1).await[0];
    served.say(id).await;
    for path in ["/v1/events", "/v1/status", "/metrics"] {
        let (status, _, body) = served.get(path).await;
        assert_eq!(status, 200);
        assert!(!body.to_string().contains("1234567890"), "{path}: {body}");
    }
    let event = &served.get("/v1/events?limit=1").await.2["items"][0];
    assert_eq!(event["data"]["bank_account"], "***7890");
}

#[tokio::test]
async fn people_hear_what_they_asked_for() {
    let served = Served::new();
    let (status, _, spoken) = served.post("/v1/voice/replay", &json!({"payment": "p1"})).await;
    assert_eq!((status, &spoken["payment"]), (200, &json!("p1")));
    assert_eq!(answer(served.request(Method::POST, "/v1/voice/replay")).await.2["payment"], Value::Null);
    let (_, _, spoken) = served.post("/v1/voice/test", &json!({})).await;
    assert_eq!(spoken["sentence"], "Đây là giao dịch thử, 25.000 đồng");
    served.post("/v1/voice/test", &json!({"amount": 1_000})).await;
    assert_eq!(
        *served.fake.asked.lock().unwrap(),
        ["replay Some(PaymentId(1))", "replay None", "test 25000", "test 1000"]
    );
}

#[tokio::test]
async fn metrics_count_what_is_committed() {
    let served = Served::new();
    served.book(1, 3).await;
    served.book(1, 1).await;
    let (status, kind, text) = served.get("/metrics").await;
    assert_eq!((status, kind.as_str()), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = text.as_str().unwrap();
    for line in [
        "vietqr_edge_payments_total{direction=\"credit\"} 3",
        "vietqr_edge_credited_dong_total 75000",
        "vietqr_edge_repeats_total 1",
        "vietqr_edge_committed_seq 3",
        "vietqr_edge_link_up 0",
        "vietqr_edge_link_reconnect_tries 3",
        "vietqr_edge_healthy 1",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in:\n{text}");
    }
}

#[tokio::test]
async fn what_is_asked_to_stop_stops_at_once_and_takes_its_socket_along() {
    let served = Served::new();
    let mut stream =
        served.request(Method::GET, "/v1/events").header("accept", "text/event-stream").send().await.unwrap();
    served.stop.send(true).unwrap();
    let end = tokio::time::timeout(DEADLINE, stream.chunk()).await.unwrap().unwrap();
    assert_eq!(end, None, "the stream ends in order");
    drop(stream);
    tokio::time::timeout(DEADLINE, served.serving).await.unwrap().unwrap();
    assert!(!Path::new(&served.socket).exists());
}
