use super::{super::lane::Qfpay, *};
use crate::provider::{LookUp, Outcome, Provider, Told};
use serde_json::{Value, json};

pub(super) const QR1: &str = r#"{"orig_syssn": "20191227000200020061752831", "sysdtm": "2019-12-27 11:11:23", "paydtm": "2019-12-27 11:11:26", "txdtm": "2019-12-27 10:39:39", "udid": "qiantai2", "txcurrcd": "HKD", "txamt": "10", "resperr": "\u4ea4\u6613\u6210\u529f", "respmsg": "", "out_trade_no": "12345678", "syssn": "20191227000300020061652643", "respcd": "0000", "chnlsn": "2019122722001411461404119764", "cardcd": ""}"#;
pub(super) const QR2: &str = r#"{"respmsg": "out_trade_no is used", "resperr": "Do not use duplicate out_trade_no for request(1251)", "respcd": "1251", "orig_syssn": "20191227000200020061752831", "out_trade_no": "12345678", "txcurrcd": "HKD"}"#;

const FOUND: LookUp = LookUp::Found { amount: 1000, figures: None, refundable: true };

fn outcome_at(verify: Verify, wire: &Wire, now: &str) -> (Outcome, Option<String>) {
    let mut qfpay = Qfpay::new(merchant(verify));
    qfpay.refund(&a_refund(), &FOUND, "12345678", &at(now)).unwrap();
    (qfpay.read_refund(wire, &at(now)), qfpay.remark())
}

fn outcome(wire: &Wire) -> Outcome {
    outcome_at(Verify::Require, wire, "2019-12-27T03:00:00Z").0
}

fn refused(code: &str, message: &str) -> Value {
    json!({"respcd": code, "resperr": "", "respmsg": message, "orig_syssn": SYSSN, "out_trade_no": "12345678"})
}

fn of_body(body: &Value) -> Outcome {
    outcome(&answer(&body.to_string()))
}

#[test]
fn every_attempt_of_a_refund_is_the_same_bytes() {
    let mut qfpay = Qfpay::new(merchant(Verify::Log));
    let (first, later) = (at("2019-12-27T03:00:00Z"), at("2020-01-01T03:00:00Z"));
    let call = qfpay.refund(&a_refund(), &FOUND, "12345678", &first).unwrap();
    assert_eq!(
        String::from_utf8(call.body.clone()).unwrap(),
        "out_trade_no=12345678&syssn=20191227000200020061752831&txamt=10&txdtm=2019-12-27+10%3A39%3A39"
    );
    assert_eq!(call.headers[1], ("X-QF-SIGN", "7FF1D393E39263A058D35444DF22D571".to_owned()), "QS2");
    let again = put_off("2019-12-27T03:00:00Z");
    let attempt = qfpay.attempt_id(&again, &later);
    assert_eq!((attempt.as_str(), qfpay.refund(&again, &FOUND, &attempt, &later)), ("12345678", Some(call)));
    assert_eq!(qfpay.attempt_id(&a_refund(), &later), format!("{:032x}", 7));
}

#[test]
fn a_success_is_one_only_if_it_speaks_of_this_refund() {
    let reference = Some("20191227000300020061652643".to_owned());
    assert_eq!(outcome(&answer(QR1)), Outcome::Succeeded { reference: reference.clone() });
    let success: Value = serde_json::from_str(QR1).unwrap();
    for (name, value) in [
        ("out_trade_no", json!("87654321")),
        ("orig_syssn", json!("20191227000200020061752832")),
        ("origssn", json!("20191227000200020061752832")),
        ("txamt", json!("11")),
        ("txcurrcd", json!("CNY")),
        ("out_trade_no", Value::Null),
        ("txamt", Value::Null),
    ] {
        let mut other = success.clone();
        other[name] = value;
        assert!(matches!(of_body(&other), Outcome::Unknown(_)), "{other}");
    }
    let mut numbers = success;
    numbers["txamt"] = json!(10);
    assert_eq!(of_body(&numbers), Outcome::Succeeded { reference });
}

#[test]
fn refusals_are_told_with_their_words() {
    assert_eq!(of_body(&refused("1136", "missing")), Outcome::FailedFinal(Told::with("1136", "missing")));
    assert_eq!(of_body(&refused("1264", "wrong cancel")), Outcome::AlreadyRefunded(Told::with("1264", "wrong cancel")));
    assert!(matches!(outcome(&answer(QR2)), Outcome::Unknown(told) if told.code == "1251"));
    assert!(
        matches!(of_body(&refused("1143", "")), Outcome::Pending { reference: None, told: Some(told) } if told.code == "1143")
    );
    let mut pending = refused("2999", "");
    pending["syssn"] = json!("20191227000300020061652643");
    assert!(matches!(of_body(&pending), Outcome::Pending { reference: Some(_), .. }));
    let mut another = refused("1136", "");
    another["out_trade_no"] = json!("1");
    assert!(matches!(of_body(&another), Outcome::Unknown(_)), "of another refund");
}

#[test]
fn later_is_when_it_can_be_executed() {
    let later = |code: &str, message: &str, now: &str| match outcome_at(
        Verify::Require,
        &answer(&refused(code, message).to_string()),
        now,
    )
    .0
    {
        Outcome::RetryableSameId { pause_ms, .. } => pause_ms / 60_000,
        other => panic!("{other:?}"),
    };
    assert_eq!(later("1265", "", "2019-12-27T15:40:00Z"), 51, "a minute after 00:30 in Hong Kong");
    assert_eq!(later("1265", "", "2019-12-27T05:00:00Z"), 60);
    assert_eq!(later("1269", "", "2019-12-27T05:00:00Z"), 30);
    assert_eq!(later("1124", "You still have prosessing requests", "2019-12-27T05:00:00Z"), 1);
    let mut row = refused("1265", "");
    row["syssn"] = json!("20191227000300020061652643");
    assert!(matches!(of_body(&row), Outcome::Unknown(_)), "a row exists");
}

#[test]
fn the_signature_of_an_answer_counts_as_configured() {
    let right = answer(QR1);
    let Wire::Answer { status, body, .. } = right.clone() else { panic!() };
    let wrong = Wire::Answer { status, header: Some("00".into()), body: body.clone() };
    let missing = Wire::Answer { status, header: None, body };
    let now = "2019-12-27T03:00:00Z";
    for (verify, wire, counts, heard) in [
        (Verify::Off, &wrong, true, false),
        (Verify::Off, &missing, true, false),
        (Verify::Log, &right, true, false),
        (Verify::Log, &wrong, true, true),
        (Verify::Log, &missing, true, true),
        (Verify::Require, &right, true, false),
        (Verify::Require, &wrong, false, false),
        (Verify::Require, &missing, false, false),
    ] {
        let (outcome, remark) = outcome_at(verify, wire, now);
        assert_eq!(matches!(outcome, Outcome::Succeeded { .. }), counts, "{verify:?} {wire:?}");
        assert_eq!(matches!(outcome, Outcome::Unknown(_)), !counts, "{verify:?} {wire:?}");
        assert_eq!(remark.is_some(), heard, "{verify:?} {wire:?}");
    }
}

#[test]
fn whatever_else_happens_on_the_wire_is_unknown_once_a_byte_was_written() {
    assert!(matches!(outcome(&Wire::NotSent { reason: "x".into() }), Outcome::NotSent(_)));
    assert!(matches!(outcome(&Wire::Broken { reason: "x".into() }), Outcome::Unknown(_)));
    let Wire::Answer { header, body, .. } = answer(QR1) else { panic!() };
    let with = |status| Wire::Answer { status, header: header.clone(), body: body.clone() };
    for status in [301, 307, 400, 401, 403, 404, 408, 500, 502, 503] {
        assert!(matches!(outcome(&with(status)), Outcome::Unknown(_)), "{status}");
    }
    assert!(matches!(outcome(&with(429)), Outcome::RetryableSameId { pause_ms: 0, .. }));
    for body in ["", "<html>", "{", "[]", "{}", r#"{"respcd":"abcd"}"#, r#"{"respcd":"00000"}"#, r#"{"respcd":null}"#] {
        assert!(matches!(outcome(&answer(body)), Outcome::Unknown(_)), "{body}");
    }
}
