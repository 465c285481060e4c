use super::*;
use serde_json::{Value, json};

fn body() -> Value {
    json!({"request_id": "r-20261121-0001", "provider": "vietqr", "bank_account": "1234567890",
        "reference_number": "FT26325000000001", "amount": 25000, "reason": "khách trả hàng", "operator": "lan", "pin": "4321",
        "multi_times": false})
}

fn wrong(body: &Value) -> Vec<String> {
    match Ask::from_json(body.to_string().as_bytes()) {
        Err(AskError::Fields(fields)) => fields.into_iter().map(|field| field.field).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documented_request_is_read() {
    let ask = Ask::from_json(body().to_string().as_bytes()).unwrap();
    assert_eq!((ask.amount, ask.multi_times, ask.pin), (25_000, false, Some(Pin("4321".into()))));
    assert!(!format!("{:?}", Ask::from_json(body().to_string().as_bytes())).contains("4321"));
}

#[test]
fn every_wrong_field_is_named() {
    let bad = [
        ("request_id", vec![json!(null), json!(""), json!("a b"), json!("a/b"), json!("a".repeat(65)), json!(5)]),
        ("provider", vec![json!(null), json!("momo"), json!(1)]),
        ("bank_account", vec![json!(null), json!("12a"), json!("1".repeat(33)), json!(1234567890)]),
        ("reference_number", vec![json!(null), json!(""), json!("FT 1"), json!("é"), json!("F".repeat(65))]),
        (
            "amount",
            vec![
                json!(null),
                json!(0),
                json!(-1),
                json!(1.5),
                json!("25000"),
                json!(25e3),
                json!(10_000_000_000_000u64),
            ],
        ),
        ("reason", vec![json!(null), json!(" "), json!("a\nb"), json!("x".repeat(201))]),
        ("operator", vec![json!(null), json!(""), json!("a\u{0}"), json!("x".repeat(65))]),
        ("pin", vec![json!(1234), json!("")]),
        ("multi_times", vec![json!("true"), json!(1)]),
        ("multitimes", vec![json!(true)]),
    ];
    for (field, values) in bad {
        for value in values {
            let mut body = body();
            body[field] = value.clone();
            assert_eq!(wrong(&body), [field], "{field}: {value}");
        }
    }
    let all = wrong(&json!({"provider": "vietqr"}));
    assert_eq!(all, ["request_id", "bank_account", "reference_number", "amount", "reason", "operator"]);
}

#[test]
fn a_payment_is_named_in_one_way_only() {
    let mut both = body();
    both["payment"] = json!("p1");
    assert_eq!(wrong(&both), ["bank_account", "reference_number"]);
}

#[test]
fn each_wrong_field_of_each_provider_is_named() {
    let rest = json!({"request_id": "r-1", "reason": "x", "operator": "lan", "amount": 100, "original_amount": 1000});
    let with = |more: Value| {
        let mut body = rest.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let vnpay = with(json!({"provider": "vnpay", "txn_ref": "HD0001", "transaction_date": "20261121093000",
        "transaction_no": "14226112"}));
    let qfpay = with(json!({"provider": "qfpay", "syssn": "20191227000200020061752831", "currency": "HKD"}));
    for (body, name, values) in [
        (&vnpay, "txn_ref", vec![json!(""), json!("a|b"), json!("a b"), json!("x".repeat(101)), json!(5), Value::Null]),
        (
            &vnpay,
            "transaction_date",
            vec![json!("20260230000000"), json!(20261121093000_u64), json!("2026"), Value::Null],
        ),
        (&vnpay, "transaction_no", vec![json!(14226112), json!(""), json!("1x"), json!("1".repeat(16))]),
        (
            &vnpay,
            "original_amount",
            vec![json!(0), json!(-1), json!(1.5), json!("5"), json!(10_000_000_000_u64), Value::Null],
        ),
        (&vnpay, "amount", vec![json!(0), json!("5"), json!(10_000_000_000_u64), Value::Null]),
        (&vnpay, "multi_times", vec![json!(true)]),
        (&vnpay, "currency", vec![json!("VND")]),
        (&vnpay, "payment", vec![json!("p1")]),
        (&qfpay, "syssn", vec![json!(""), json!("1,2"), json!("1&a=2"), json!("1".repeat(129)), json!(5), Value::Null]),
        (&qfpay, "currency", vec![json!("hkd"), json!("HK"), json!("HKDX"), json!(344), Value::Null]),
        (&qfpay, "original_amount", vec![json!(0), json!("5"), json!(100_000_000_000_u64), Value::Null]),
        (&qfpay, "amount", vec![json!(0), json!(2.5), json!(100_000_000_000_u64), Value::Null]),
        (&qfpay, "multi_times", vec![json!(false)]),
        (&qfpay, "txn_ref", vec![json!("HD0001")]),
        (&qfpay, "bank_account", vec![json!("1234567890")]),
    ] {
        assert!(Ask::from_json(body.to_string().as_bytes()).is_ok(), "{body}");
        for value in values {
            let mut body = body.clone();
            body[name] = value;
            assert_eq!(wrong(&body), [name], "{body}");
        }
    }
    let none = json!({"provider": "paypal", "syssn": 5, "txn_ref": 6, "amount": 1, "other": 1});
    assert_eq!(
        wrong(&none),
        ["provider", "request_id", "reason", "operator", "other"],
        "not judged without a provider"
    );
}

#[test]
fn every_part_of_a_request_is_part_of_its_fingerprint() {
    let text = r#"{"request_id":"r","provider":"vnpay","txn_ref":"A","transaction_date":"20261121093000",
        "transaction_no":"1","original_amount":1000,"amount":100,"reason":"x","operator":"lan"}"#;
    let other = r#"{"request_id":"r","provider":"qfpay","syssn":"A","currency":"HKD","original_amount":1000,
        "amount":100,"reason":"x","operator":"lan"}"#;
    for (text, changes) in [
        (
            text,
            vec![
                ("\"A\"", "\"B\""),
                ("093000", "093001"),
                ("\"1\"", "\"2\""),
                ("1000", "1001"),
                (":100,", ":101,"),
                ("\"x\"", "\"y\""),
            ],
        ),
        (other, vec![("\"A\"", "\"B\""), ("HKD", "CNY"), ("1000", "1001"), (":100,", ":101,"), ("\"x\"", "\"y\"")]),
    ] {
        let of = |text: &str| Ask::from_json(text.as_bytes()).unwrap().fingerprint();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            assert_ne!(of(text), of(&text.replacen(from, to, 1)), "{from}");
        }
        assert_eq!(of(text), of(&text.replace("lan", "hoa")), "the operator aside");
    }
}

#[test]
fn what_is_no_object_or_says_a_thing_twice_is_malformed() {
    for body in ["", "[]", "5", "{", r#"{"amount":5,"amount":6}"#, r#"{"amount":5} x"#] {
        assert_eq!(Ask::from_json(body.as_bytes()), Err(AskError::Malformed), "{body}");
    }
    assert_eq!(Ask::from_json(b"\xff{}"), Err(AskError::Malformed));
}
