//! Bad input: each wrong field is named, nothing is stored, and the `request_id` is free for the right request.

use super::{
    daemon::{TERMINAL, Town, ask},
    shop::DEADLINE,
    support::served::Served,
};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use vietqr_edge::ledger::ProviderRules;
use vietqr_edge_sandbox::request::RefundRequest;

/// Fields, each with values that it may not have.
type WrongValues = Vec<(&'static str, Vec<Value>)>;

/// Values that a field of a VietQR request may not have; null and an absent field are the same.
fn wrong_values() -> WrongValues {
    let long = |n| Value::from("x".repeat(n));
    vec![
        ("provider", vec![json!(null), json!("VIETQR"), json!("momo"), json!(1)]),
        ("bank_account", vec![json!(null), json!(""), json!(1_234_567_890), json!("12 34"), long(33), json!(["1"])]),
        ("reference_number", vec![json!(null), json!(""), json!("FT 1"), json!("é"), json!(7), long(65)]),
        (
            "amount",
            vec![
                json!(null),
                json!(0),
                json!(-1),
                json!(2.5),
                json!("25000"),
                json!(true),
                json!({}),
                json!(10_000_000_000_000_u64),
                json!(1e30),
            ],
        ),
        ("reason", vec![json!(null), json!(""), json!("  "), json!("a\u{7}b"), json!(5), long(201)]),
        ("operator", vec![json!(null), json!(""), json!("a\nb"), json!({}), long(65)]),
        ("multi_times", vec![json!("true"), json!(1), json!([])]),
        // No field of a request.
        ("amout", vec![json!(1)]),
        ("currency", vec![json!("VND")]),
    ]
}

fn fields(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_wrong_field_is_named_alone_and_nothing_is_stored() {
    let served = Served::new();
    served.book(1, 1).await;
    let before = served.last();
    let good = ask("r-1", "FT00001", 10_000);
    for (name, values) in wrong_values() {
        for value in values {
            let mut body = good.clone();
            body[name] = value.clone();
            let (status, kind, problem) = served.post("/v1/refunds", &body).await;
            assert_eq!((status, kind.as_str()), (400, "application/problem+json"), "{name} {value}: {problem}");
            assert_eq!(problem["code"], "invalid_body", "{name} {value}: {problem}");
            assert_eq!(fields(&problem), [name], "{value}: {problem}");
            let expected = problem["errors"][0]["expected"].as_str().unwrap();
            assert!(!expected.is_empty() && problem["detail"].as_str().unwrap().contains(expected), "{problem}");
        }
    }
    for id in [json!(null), json!(""), json!("a b"), json!("r/1"), json!("é"), json!(1), json!("x".repeat(65))] {
        let mut body = good.clone();
        body["request_id"] = id.clone();
        let (status, _, problem) = served.post("/v1/refunds", &body).await;
        assert_eq!((status, fields(&problem)), (400, vec!["request_id"]), "{id}: {problem}");
    }
    assert_eq!(served.last(), before, "nothing is stored");
    assert_eq!(served.get("/v1/refunds").await.2["items"], json!([]));
    assert_eq!(served.post("/v1/refunds", &good).await.0, 202, "the request_id is not bound");
}

/// A right request of each further provider, with values that its fields may not have.
fn further() -> [(Value, WrongValues); 2] {
    let common = |more: Value| {
        let mut body = json!({"request_id": "r-1", "original_amount": 100_000, "amount": 10_000, "reason": "x", "operator": "lan"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let amounts = || vec![json!(null), json!(0), json!(-1), json!(2.5), json!("1000"), json!(100_000_000_000_u64)];
    let vnpay = common(json!({"provider": "vnpay", "txn_ref": "HD0001", "transaction_date": "20261121093000",
        "transaction_no": "14226112"}));
    let qfpay = common(json!({"provider": "qfpay", "syssn": "20191227000200020061752831", "currency": "HKD"}));
    let of_vnpay = vec![
        ("txn_ref", vec![json!(null), json!(""), json!("HD|1"), json!("HD 1"), json!("x".repeat(101)), json!(1)]),
        (
            "transaction_date",
            vec![json!(null), json!("2026-11-21"), json!("20261131093000"), json!(20_261_121_093_000_u64)],
        ),
        ("transaction_no", vec![json!(""), json!("14x"), json!(14_226_112)]),
        ("original_amount", amounts()),
        ("amount", amounts()),
        ("multi_times", vec![json!(true)]),
        ("bank_account", vec![json!("1234567890")]),
        ("syssn", vec![json!("2019")]),
    ];
    let of_qfpay = vec![
        ("syssn", vec![json!(null), json!(""), json!("1,2"), json!("a=b"), json!("1".repeat(129)), json!(1)]),
        ("currency", vec![json!(null), json!("hkd"), json!("HK"), json!(344)]),
        ("original_amount", amounts()),
        ("amount", amounts()),
        ("payment", vec![json!("p1")]),
        ("txn_ref", vec![json!("HD0001")]),
    ];
    [(vnpay, of_vnpay), (qfpay, of_qfpay)]
}

#[tokio::test]
async fn each_wrong_field_of_the_further_providers_is_named_alone_and_nothing_is_stored() {
    let served = Served::with(|options| {
        for provider in ["vnpay", "qfpay"] {
            let rules = ProviderRules { lookup_s: vec![300], merchant: "DEMO0001".into(), limits: None };
            options.rules.refund.providers.insert(provider, rules);
        }
    });
    let before = served.last();
    for (good, wrong) in further() {
        for (name, values) in wrong {
            for value in values {
                let mut body = good.clone();
                body[name] = value.clone();
                let (status, kind, problem) = served.post("/v1/refunds", &body).await;
                assert_eq!((status, kind.as_str()), (400, "application/problem+json"), "{name} {value}: {problem}");
                assert_eq!(
                    (&problem["code"], fields(&problem)),
                    (&json!("invalid_body"), vec![name]),
                    "{value}: {problem}"
                );
            }
        }
    }
    assert_eq!(served.last(), before, "nothing is stored");
    for (n, (mut good, _)) in further().into_iter().enumerate() {
        let (status, _, refund) = served.post("/v1/refunds", &good).await;
        let bound = if n == 0 { 202 } else { 409 };
        assert_eq!(status, bound, "the request_id was free, and is bound by the first: {refund}");
        good["request_id"] = json!(format!("r-{n}-again"));
        assert_eq!(served.post("/v1/refunds", &good).await.0, if n == 0 { 422 } else { 202 });
    }
}

#[tokio::test]
async fn a_payment_is_named_in_one_way_only() {
    let served = Served::new();
    served.book(1, 1).await;
    let mut both = ask("r-1", "FT00001", 10_000);
    both["payment"] = json!("p1");
    let (status, _, problem) = served.post("/v1/refunds", &both).await;
    assert_eq!((status, fields(&problem)), (400, vec!["bank_account", "reference_number"]), "{problem}");
    let by_id = |id: Value| {
        let mut body = ask("r-1", "", 10_000).as_object().unwrap().clone();
        body.retain(|name, _| name != "bank_account" && name != "reference_number");
        body.insert("payment".into(), id);
        Value::Object(body)
    };
    for id in [json!("1"), json!("r1"), json!(1), json!("p"), json!("p-1"), json!("p99999999999999999999")] {
        let (status, _, problem) = served.post("/v1/refunds", &by_id(id.clone())).await;
        assert_eq!((status, fields(&problem)), (400, vec!["payment"]), "{id}: {problem}");
    }
    assert_eq!(served.post("/v1/refunds", &by_id(json!("p1"))).await.0, 202);
}

#[tokio::test]
async fn what_a_rule_refuses_leaves_its_request_id_free() {
    let served = Served::new();
    served.book(1, 1).await;
    let before = served.last();
    for (body, code) in
        [(ask("r-1", "FT00001", 25_001), "more_than_left"), (ask("r-1", "FT00001", 5_000_001), "above_max_amount")]
    {
        let (status, _, problem) = served.post("/v1/refunds", &body).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some(code)), "{problem}");
    }
    assert_eq!(served.last(), before, "nothing is stored");
    assert_eq!(served.post("/v1/refunds", &ask("r-1", "FT00001", 25_000)).await.0, 202);
}

#[tokio::test]
async fn a_signed_request_with_a_wrong_field_is_answered_with_its_name_and_binds_nothing() {
    let town = Town::open(|config| config).await;
    let (mut answers, key) = (town.answers().await, town.key());
    town.pay("FT1", 25_000).await;
    let good = RefundRequest {
        request_id: "r-1".into(),
        terminal: TERMINAL.into(),
        account: "1234567890".into(),
        reference: "FT1".into(),
        amount: 25_000,
        reason: "khách trả hàng".into(),
        operator: Some("lan".into()),
        multi_times: false,
    };
    let good = good.claims(Utc::now(), TimeDelta::minutes(5));
    for (name, values) in wrong_values() {
        let mut claims = good.clone();
        claims[name] = values[0].clone();
        town.request(key.sign(&claims).unwrap()).await;
        let answer = tokio::time::timeout(DEADLINE, answers.next()).await.expect("an answer").unwrap();
        let answer = key.verify(&answer).unwrap();
        let refused = ["request_id", "state", "code"].map(|name| answer[name].as_str().unwrap());
        assert_eq!(refused, ["r-1", "refused", "invalid_body"], "{name}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(&format!("{name}: expected")), "{answer}");
    }
    assert_eq!(town.get("/v1/refunds").await.unwrap()["items"], json!([]));
    town.request(key.sign(&good).unwrap()).await;
    let answer = tokio::time::timeout(DEADLINE, answers.next()).await.expect("an answer").unwrap();
    assert_eq!(key.verify(&answer).unwrap()["state"], "queued", "the request_id is not bound");
}
