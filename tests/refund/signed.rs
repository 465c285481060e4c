//! Signed requests over MQTT.

use super::{
    daemon::{TERMINAL, Town},
    shop::DEADLINE,
};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use vietqr_edge_sandbox::{
    qfpay,
    request::{Answers, RefundRequest, RequestKey, jws},
    vnpay,
};

fn request(request_id: &str, reference: &str) -> RefundRequest {
    RefundRequest {
        request_id: request_id.into(),
        terminal: TERMINAL.into(),
        account: "1234567890".into(),
        reference: reference.into(),
        amount: 25_000,
        reason: "khách trả hàng".into(),
        operator: Some("lan".into()),
        multi_times: false,
    }
}

fn claims(request_id: &str, reference: &str) -> Value {
    request(request_id, reference).claims(Utc::now(), TimeDelta::seconds(120))
}

/// The same, signed a second later.
fn later(request_id: &str, reference: &str) -> Value {
    request(request_id, reference).claims(Utc::now() + TimeDelta::seconds(1), TimeDelta::seconds(120))
}

/// The next answer, its signature checked.
async fn next(answers: &mut Answers, key: &RequestKey) -> Value {
    let text = tokio::time::timeout(DEADLINE, answers.next()).await.expect("an answer").unwrap();
    let claims = key.verify(&text).unwrap();
    assert_eq!(claims["iss"], "sandbox-1");
    claims
}

/// Answers up to and with the first in this state: what each says of whom.
async fn until(answers: &mut Answers, key: &RequestKey, state: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    loop {
        let claims = next(answers, key).await;
        let text = |name: &str| claims[name].as_str().unwrap().to_owned();
        all.push((text("request_id"), text("state")));
        if claims["state"] == state {
            return all;
        }
    }
}

fn of(request_id: &str, states: &[&str]) -> Vec<(String, String)> {
    states.iter().map(|state| (request_id.to_owned(), (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_signed_request_is_done_and_each_change_of_it_is_answered() {
    let town = Town::open(|config| config).await;
    let (mut answers, key) = (town.answers().await, town.key());
    town.pay("FT1", 25_000).await;
    town.request(key.sign(&claims("r-1", "FT1")).unwrap()).await;
    assert_eq!(until(&mut answers, &key, "succeeded").await, of("r-1", &["queued", "sending", "succeeded"]));
    assert_eq!(town.moved("FT1"), 1);
    // A new message, as whoever missed the answer sends it: it is the same refund, and where it stands is answered.
    town.request(key.sign(&later("r-1", "FT1")).unwrap()).await;
    let again = next(&mut answers, &key).await;
    assert_eq!((&again["request_id"], &again["state"]), (&json!("r-1"), &json!("succeeded")));
    // Refused requests are answered, with a code.
    let mut other = claims("r-1", "FT1");
    other["amount"] = json!(24_000);
    town.request(key.sign(&other).unwrap()).await;
    let refused = next(&mut answers, &key).await;
    assert_eq!((&refused["state"], &refused["code"]), (&json!("refused"), &json!("request_id_conflict")));
    let mut wrong = claims("r-2", "FT1");
    wrong["amount"] = json!(0);
    town.request(key.sign(&wrong).unwrap()).await;
    let refused = next(&mut answers, &key).await;
    assert_eq!((&refused["request_id"], &refused["code"]), (&json!("r-2"), &json!("invalid_body")));
    assert_eq!(town.moved("FT1"), 1);
}

#[tokio::test]
async fn a_replayed_message_is_not_done_not_answered_and_counted() {
    let mut town = Town::open(|config| config).await;
    let (mut answers, key) = (town.answers().await, town.key());
    town.pay("FT1", 25_000).await;
    let signed = key.sign(&claims("r-1", "FT1")).unwrap();
    for _ in 0..2 {
        town.request(signed.clone()).await;
    }
    assert_eq!(until(&mut answers, &key, "succeeded").await, of("r-1", &["queued", "sending", "succeeded"]));
    let counted = |many: u64| move |status: &Value| status["totals"]["quarantined"]["untrusted_request"] == many;
    town.until("the replay to be counted", counted(1)).await;
    town.request(signed).await;
    town.until("the second replay to be counted", counted(2)).await;
    // Had a replay been answered, that answer would come before these.
    town.request(key.sign(&later("r-1", "FT1")).unwrap()).await;
    let again = next(&mut answers, &key).await;
    assert_eq!((&again["request_id"], &again["state"]), (&json!("r-1"), &json!("succeeded")));
    town.pay("FT2", 25_000).await;
    town.request(key.sign(&claims("r-2", "FT2")).unwrap()).await;
    assert_eq!(until(&mut answers, &key, "succeeded").await, of("r-2", &["queued", "sending", "succeeded"]));
    let status = town.until("both refunds", |status| status["refunds"]["succeeded"] == 2).await;
    assert!(counted(2)(&status), "{status}");
    assert_eq!(town.moved("FT1"), 1);
}

#[tokio::test]
async fn what_is_not_believed_is_not_done_not_answered_and_counted() {
    let mut town = Town::open(|config| config).await;
    let (mut answers, key) = (town.answers().await, town.key());
    town.pay("FT1", 25_000).await;
    let secret = std::fs::read_to_string(town.folder.request_key()).unwrap();
    let secret = secret.trim_end().as_bytes().to_vec();
    let good = claims("bad", "FT1");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let hs256 = json!({"alg": "HS256", "kid": key.kid});
    let sign = |header: &Value, claims: &Value, key: &[u8]| jws::sign(header, claims, key).unwrap();
    let past = request("bad", "FT1").claims(Utc::now() - TimeDelta::seconds(300), TimeDelta::seconds(120));
    let future = request("bad", "FT1").claims(Utc::now() + TimeDelta::seconds(300), TimeDelta::seconds(120));
    let long = request("bad", "FT1").claims(Utc::now(), TimeDelta::seconds(301));
    let unsigned = sign(&json!({"alg": "none"}), &good, &secret);
    let strange = [
        sign(&hs256, &past, &secret),
        sign(&hs256, &future, &secret),
        sign(&hs256, &long, &secret),
        sign(&hs256, &with("aud", json!("VVB999999")), &secret),
        sign(&hs256, &with("aud", Value::Null), &secret),
        sign(&hs256, &good, b"another key of thirty-two bytes!"),
        sign(&json!({"alg": "HS512"}), &good, &secret),
        sign(&json!({"alg": "HS256", "kid": "other"}), &good, &secret),
        sign(&json!({"alg": "HS256", "crit": ["exp"]}), &good, &secret),
        format!("{}.", unsigned.rsplit_once('.').unwrap().0),
        unsigned,
        good.to_string(),
        String::new(),
    ];
    let many = strange.len() as u64;
    for body in strange {
        town.request(body).await;
    }
    town.request(key.sign(&claims("r-1", "FT1")).unwrap()).await;
    let answered = until(&mut answers, &key, "succeeded").await;
    assert_eq!(answered, of("r-1", &["queued", "sending", "succeeded"]), "nothing was answered to the others");
    let status = town.until("them to be counted", |s| s["totals"]["quarantined"]["untrusted_request"] == many).await;
    assert_eq!(status["refunds"], json!({"succeeded": 1}));
    assert_eq!(town.moved("FT1"), 1);
}

#[tokio::test]
async fn both_keys_work_while_a_key_is_changed() {
    let town = Town::open(|config| {
        config.replace("[refund]\n", "[refund]\nrequest_key_file_next = \"secrets/mqtt-password\"\n")
    })
    .await;
    let (mut answers, now) = (town.answers().await, town.key());
    let next = RequestKey::read(&town.path("secrets/mqtt-password")).unwrap();
    for (n, key) in [now, next].iter().enumerate() {
        let (id, reference) = (format!("r-{n}"), format!("FT{n}"));
        town.pay(&reference, 25_000).await;
        town.request(key.sign(&claims(&id, &reference)).unwrap()).await;
        // Answers are by the key that the request was signed with.
        assert_eq!(until(&mut answers, key, "succeeded").await.len(), 3);
        assert_eq!(town.moved(&reference), 1);
    }
}

#[tokio::test]
async fn refunds_of_every_provider_can_be_asked_for_by_signed_message() {
    let town = Town::open(|config| config).await;
    let (mut answers, key) = (town.answers().await, town.key());
    let vnpay = town.vnpay.pay(vnpay::Payment::new("HD1", 100_000));
    let syssn = town.qfpay.pay(qfpay::Payment::new("P1", 1000)).syssn;
    let signed = |request_id: &str, fields: Value| {
        let mut claims = claims(request_id, "FT1");
        for name in ["bank_account", "reference_number", "multi_times"] {
            claims.as_object_mut().unwrap().remove(name);
        }
        claims.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        key.sign(&claims).unwrap()
    };
    let of_vnpay = json!({"provider": "vnpay", "txn_ref": "HD1", "transaction_date": vnpay.transaction_date,
        "original_amount": 100_000, "amount": 40_000});
    town.request(signed("r-1", of_vnpay.clone())).await;
    assert_eq!(until(&mut answers, &key, "succeeded").await, of("r-1", &["queued", "sending", "pending", "succeeded"]));
    let of_qfpay =
        json!({"provider": "qfpay", "syssn": syssn, "original_amount": 1000, "currency": "HKD", "amount": 300});
    town.request(signed("r-2", of_qfpay)).await;
    assert_eq!(until(&mut answers, &key, "succeeded").await, of("r-2", &["queued", "sending", "succeeded"]));
    assert_eq!((town.vnpay.moved("HD1"), town.qfpay.moved(&syssn)), (1, 1));
    let mut wrong = of_vnpay;
    wrong["transaction_date"] = json!("yesterday");
    town.request(signed("r-3", wrong)).await;
    let refused = next(&mut answers, &key).await;
    assert_eq!((&refused["request_id"], &refused["code"]), (&json!("r-3"), &json!("invalid_body")), "{refused}");
}
