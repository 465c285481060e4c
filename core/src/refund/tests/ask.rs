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
fn a_provider_that_is_not_set_up_is_told_as_such() {
    for provider in ["vnpay", "qfpay"] {
        let asked = Ask::from_json(format!(r#"{{"provider":"{provider}"}}"#).as_bytes());
        assert_eq!(asked, Err(AskError::Provider(provider)));
    }
}

#[test]
fn what_is_no_object_or_says_a_thing_twice_is_malformed() {
    for body in ["", "[]", "5", "{", r#"{"amount":5,"amount":6}"#, r#"{"amount":5} x"#] {
        assert_eq!(Ask::from_json(body.as_bytes()), Err(AskError::Malformed), "{body}");
    }
    assert_eq!(Ask::from_json(b"\xff{}"), Err(AskError::Malformed));
}
