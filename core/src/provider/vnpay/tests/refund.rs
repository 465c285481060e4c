//! A test for each row of vnpay-qfpay.md 2.11. Whether a refusal ends the refund, clean or not, is the machine's: its tests ask for
//! both.

use super::{super::Vnpay, *};
use crate::provider::{LookUp, Outcome, Provider, Told};

/// An accepted refund of the whole 100,000.
fn accepted() -> Value {
    json!({"vnp_ResponseId": "1", "vnp_Command": "refund", "vnp_ResponseCode": "00", "vnp_Message": "Refund success",
        "vnp_TmnCode": "DEMOTMN1", "vnp_TxnRef": "ORDER20240521001", "vnp_Amount": "10000000", "vnp_BankCode": "NCB",
        "vnp_PayDate": "20240526103001", "vnp_TransactionNo": "14836054", "vnp_TransactionType": "02",
        "vnp_TransactionStatus": "05", "vnp_OrderInfo": "Hoan tien"})
}

fn refused(code: &str, message: &str) -> Value {
    json!({"vnp_ResponseId": "1", "vnp_Command": "refund", "vnp_ResponseCode": code, "vnp_Message": message,
        "vnp_TmnCode": "DEMOTMN1", "vnp_TxnRef": "ORDER20240521001", "vnp_Amount": "10000000"})
}

/// What became of a refund of the whole, by what happened on the wire.
fn outcome(wire: &Wire) -> Outcome {
    let mut vnpay = Vnpay::new(terminal());
    let found = LookUp::Found { amount: 100_000, figures: None, refundable: true };
    vnpay.refund(&a_refund(100_000, None), &found, "a1", &at("2024-05-26T03:30:00Z")).unwrap();
    vnpay.read_refund(wire, &at("2024-05-26T03:30:01Z"))
}

fn class(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent(_) => "not sent",
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Pending { .. } => "pending",
        Outcome::FailedFinal(_) => "failed if clean",
        Outcome::Unknown(_) => "unknown",
        other => panic!("VNPAY has no {other:?}"),
    }
}

fn of(body: &Value) -> &'static str {
    class(&outcome(&wire(&signed(body, fields::REFUND_ANSWER))))
}

#[test]
fn an_accepted_refund_is_as_its_status_says() {
    for (status, expected) in [
        ("00", "succeeded"),
        ("01", "pending"),
        ("05", "pending"),
        ("06", "pending"),
        ("09", "failed if clean"),
        ("02", "unknown"),
        ("04", "unknown"),
        ("07", "unknown"),
        ("03", "unknown"),
        ("99", "unknown"),
    ] {
        assert_eq!(of(&with(accepted(), "vnp_TransactionStatus", status)), expected, "00/{status}");
    }
    assert_eq!(of(&without(accepted(), "vnp_TransactionStatus")), "pending");
    let told = outcome(&wire(&signed(&accepted(), fields::REFUND_ANSWER)));
    assert!(matches!(told, Outcome::Pending { reference: Some(number), .. } if number == "14836054"));
}

#[test]
fn each_refusal_has_its_class() {
    for code in ["02", "03", "04", "13", "91", "93", "95", "97"] {
        assert_eq!(of(&refused(code, "x")), "failed if clean", "{code}");
        // The status of the payment, where one comes along, does not matter.
        for status in ["00", "01", "02", "04", "05", "06", "07", "09"] {
            let body = with(refused(code, "x"), "vnp_TransactionStatus", status);
            assert_eq!(of(&body), "failed if clean", "{code}/{status}");
        }
    }
    for code in ["98", "99", "01", "05", "", "0", "000", "ok"] {
        let body = if code.is_empty() { without(refused("99", "x"), "vnp_Message") } else { refused(code, "x") };
        assert_eq!(of(&body), "unknown", "{code}");
    }
}

#[test]
fn code_94_has_three_readings_and_unsigned_it_proves_nothing() {
    assert_eq!(of(&refused("94", "Too many refund count (>0)")), "failed if clean");
    assert_eq!(of(&refused("94", "Yêu cầu hoàn tiền đang được xử lý")), "pending");
    assert_eq!(of(&without(refused("94", "x"), "vnp_Message")), "pending");
    for message in ["Request is duplicated", "Request_is_duplicate"] {
        assert_eq!(of(&refused("94", message)), "unknown");
        let unsigned = json!({"vnp_ResponseCode": "94", "vnp_Message": message});
        let Outcome::Unknown(told) = outcome(&wire(&unsigned)) else { panic!() };
        assert_eq!(told, Told::with("94", &format!("unsigned: {message}")));
    }
}

#[test]
fn an_unsigned_or_wrongly_signed_answer_is_neither_success_nor_failure() {
    for code in ["00", "02", "03", "04", "13", "91", "93", "94", "95", "97", "98", "99"] {
        for status in ["00", "05", "09"] {
            let body = with(with(accepted(), "vnp_ResponseCode", code), "vnp_TransactionStatus", status);
            let right = signed(&body, fields::REFUND_ANSWER);
            let mut hash = right["vnp_SecureHash"].as_str().unwrap().to_owned();
            hash.replace_range(..1, if hash.starts_with('0') { "1" } else { "0" });
            for wrong in [body.clone(), with(body, "vnp_SecureHash", ""), with(right, "vnp_SecureHash", hash)] {
                assert_eq!(class(&outcome(&wire(&wrong))), "unknown", "{wrong}");
            }
        }
    }
}

#[test]
fn an_answer_that_speaks_of_something_else_proves_nothing() {
    for (name, value) in [
        ("vnp_Command", "querydr"),
        ("vnp_TmnCode", "DEMOTMN2"),
        ("vnp_TxnRef", "ORDER20240521002"),
        ("vnp_Amount", "100000"),
        ("vnp_Amount", "10000000.0"),
        ("vnp_TransactionType", "03"),
        ("vnp_TransactionType", "01"),
    ] {
        let body = with(with(accepted(), "vnp_TransactionStatus", "00"), name, value);
        assert_eq!(of(&body), "unknown", "{name} {value}");
    }
    for name in ["vnp_Command", "vnp_TmnCode", "vnp_TxnRef", "vnp_Amount", "vnp_TransactionType"] {
        assert_eq!(of(&without(with(accepted(), "vnp_TransactionStatus", "00"), name)), "unknown", "without {name}");
    }
    for (name, value) in [("vnp_TxnRef", "other"), ("vnp_Amount", "1"), ("vnp_TmnCode", "x"), ("vnp_Command", "pay")] {
        assert_eq!(of(&with(refused("91", "x"), name, value)), "unknown", "{name} {value}");
    }
}

#[test]
fn whatever_else_happens_on_the_wire_is_unknown_once_a_byte_was_written() {
    assert_eq!(class(&outcome(&Wire::NotSent { reason: "refused".into() })), "not sent");
    assert_eq!(class(&outcome(&Wire::Broken { reason: "closed".into() })), "unknown");
    let right = signed(&with(accepted(), "vnp_TransactionStatus", "00"), fields::REFUND_ANSWER).to_string();
    for status in [301, 307, 400, 401, 403, 404, 408, 429, 500, 502, 503] {
        let wire = Wire::Answer { status, header: None, body: right.clone().into_bytes() };
        assert_eq!(class(&outcome(&wire)), "unknown", "{status}");
    }
    for body in ["", "<html>", "{", "[]", "{}", r#"{"vnp_ResponseCode":{}}"#, &right[..right.len() - 1]] {
        let wire = Wire::Answer { status: 200, header: None, body: body.into() };
        assert_eq!(class(&outcome(&wire)), "unknown", "{body}");
    }
}

#[test]
fn the_whole_payment_is_a_full_refund_and_less_a_partial_one() {
    let kind = |amount, look_up: &LookUp| {
        let mut vnpay = Vnpay::new(terminal());
        let call = vnpay.refund(&a_refund(amount, Some("14422574")), look_up, "a1", &at("2024-05-26T03:30:00Z"));
        let body: Value = serde_json::from_slice(&call.unwrap().body).unwrap();
        assert_eq!(body["vnp_TransactionDate"], "20240521091731", "the same text");
        assert_eq!(body["vnp_RequestId"], "a1");
        body["vnp_TransactionType"].as_str().unwrap().to_owned()
    };
    let found = |amount| LookUp::Found { amount, figures: None, refundable: true };
    assert_eq!(kind(100_000, &found(100_000)), "02");
    assert_eq!(kind(99_999, &found(100_000)), "03");
    assert_eq!(kind(100_000, &found(200_000)), "03", "as VNPAY tells it, whatever the caller said");
}
