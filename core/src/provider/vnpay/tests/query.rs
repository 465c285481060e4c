//! A test for each row of vnpay-qfpay.md 2.12, and for what is asked before a refund.

use super::{super::Vnpay, *};
use crate::{
    event::Event,
    provider::{Figures, LookUp, Looked, Own, Provider, Purpose, Step, Told},
    refund::{AttemptEnd, AttemptTold, Of, RefundOpenEnded, RefundSending},
};

fn record(kind: &str, status: &str) -> Value {
    json!({"vnp_ResponseId": "1", "vnp_Command": "querydr", "vnp_ResponseCode": "00", "vnp_Message": "QueryDR Success",
        "vnp_TmnCode": "DEMOTMN1", "vnp_TxnRef": "ORDER20240521001", "vnp_Amount": "4000000", "vnp_BankCode": "NCB",
        "vnp_PayDate": "20240526103001", "vnp_TransactionNo": "14836054", "vnp_TransactionType": kind,
        "vnp_TransactionStatus": status, "vnp_OrderInfo": "x"})
}

/// A refund of 40,000, sent at 10:30 in Vietnam, accepted with this number.
fn sent(number: Option<&str>) -> Refund {
    let refund = a_refund(40_000, None);
    let of = Of::new(&refund);
    let sending = RefundSending { of: of.clone(), attempt: "a1".into(), baseline: None };
    let now = at("2024-05-26T03:30:00Z").now;
    let refund = apply(Some(refund), 2, now, &Event::RefundSending(sending)).unwrap();
    let told =
        AttemptTold { outcome: AttemptEnd::Pending, code: None, message: None, reference: number.map(str::to_owned) };
    let open = RefundOpenEnded { of, code: None, attempt: Some(told), pause_ms: 1, review_at: now };
    apply(Some(refund), 3, now, &Event::RefundPending(open)).unwrap()
}

fn look_up(refund: &Refund, purpose: Purpose, wire: &Wire) -> (Value, Looked) {
    let mut vnpay = Vnpay::new(terminal());
    let moment = at("2024-05-26T03:40:00Z");
    let Step::Call(call) = vnpay.look_up(refund, purpose, &moment) else { panic!() };
    let Step::Done(looked) = vnpay.looked(wire, &moment) else { panic!() };
    (serde_json::from_slice(&call.body).unwrap(), looked)
}

fn before(body: &Value) -> Looked {
    look_up(&a_refund(40_000, Some("14422574")), Purpose::Sending, &wire(&signed(body, 15))).1
}

fn after(number: Option<&str>, body: &Value) -> Looked {
    look_up(&sent(number), Purpose::Outcome, &wire(&signed(body, 15))).1
}

fn nothing(looked: &Looked) -> bool {
    matches!(looked, Looked::Told(LookUp::Unavailable(_)) | Looked::TooOften { .. })
}

#[test]
fn a_look_up_names_the_payment_first_and_the_refund_afterwards() {
    let answer = wire(&signed(&record("01", "00"), 15));
    let (body, _) = look_up(&a_refund(40_000, Some("14422574")), Purpose::Sending, &answer);
    assert_eq!(
        (&body["vnp_TransactionNo"], &body["vnp_RequestId"]),
        (&json!("14422574"), &json!(format!("{:032x}", 7)))
    );
    assert_eq!(look_up(&sent(Some("14836054")), Purpose::Outcome, &answer).0["vnp_TransactionNo"], "14836054");
    assert_eq!(look_up(&sent(None), Purpose::Outcome, &answer).0.get("vnp_TransactionNo"), None);
}

#[test]
fn the_record_of_the_payment_says_nothing_of_a_refund() {
    for status in ["00", "01", "02", "04", "07"] {
        let refundable = status == "00";
        let found = Looked::Told(LookUp::Found { amount: 40_000, figures: None, refundable });
        assert_eq!(before(&record("01", status)), found, "{status}");
        assert_eq!(after(None, &record("01", status)), found, "{status}");
    }
    assert!(nothing(&before(&record("01", "05"))) && nothing(&before(&record("01", "33"))));
}

#[test]
fn the_record_of_our_refund_is_its_state() {
    let reference = Some("14836054".to_owned());
    let rejected = Own::Rejected(Told::with("00/09", "QueryDR Success"));
    for kind in ["02", "03"] {
        for (status, own) in [
            ("00", Some(Own::Succeeded { reference: reference.clone() })),
            ("01", Some(Own::Pending)),
            ("05", Some(Own::Pending)),
            ("06", Some(Own::Pending)),
            ("09", Some(rejected.clone())),
            ("02", None),
            ("04", None),
            ("07", None),
            ("08", None),
        ] {
            match own {
                Some(own) => {
                    assert_eq!(after(Some("14836054"), &record(kind, status)), Looked::Told(LookUp::Own(own.clone())));
                    assert_eq!(after(None, &record(kind, status)), Looked::Told(LookUp::Alike(own)), "{status}");
                }
                None => assert!(nothing(&after(Some("14836054"), &record(kind, status))), "{status}"),
            }
        }
    }
}

#[test]
fn another_refunds_record_proves_nothing() {
    assert!(nothing(&after(None, &with(record("03", "00"), "vnp_Amount", "4000100"))));
    assert!(nothing(&after(Some("14836055"), &record("03", "00"))), "another number");
    assert!(nothing(&after(None, &with(record("03", "00"), "vnp_PayDate", "20240526101900"))), "older than ours");
    assert!(!nothing(&after(None, &without(record("03", "00"), "vnp_PayDate"))));
    assert!(nothing(&after(None, &with(record("03", "00"), "vnp_TxnRef", "ORDER2"))));
    assert!(nothing(&after(None, &with(record("03", "00"), "vnp_TmnCode", "DEMOTMN2"))));
    assert!(nothing(&after(None, &with(record("03", "00"), "vnp_Command", "refund"))));
    assert!(nothing(&after(None, &record("05", "00"))));
}

#[test]
fn a_refund_that_was_there_before_is_a_figure_of_its_own() {
    let figures = |figures| Looked::Told(LookUp::Found { amount: 100_000, figures, refundable: true });
    let one = Some(Figures { refund_count: 1, amount_refunded: 40_000 });
    for status in ["00", "05", "06", "01", "02"] {
        assert_eq!(before(&record("02", status)), figures(one), "{status}");
    }
    assert_eq!(before(&record("03", "09")), figures(None), "a rejected one moved nothing");
}

#[test]
fn codes_that_prove_nothing() {
    for code in ["99", "98", "95", "00 "] {
        let body = with(without(record("03", "00"), "vnp_TransactionType"), "vnp_ResponseCode", code);
        assert!(nothing(&after(None, &body)) && nothing(&before(&body)), "{code}");
    }
    for code in ["02", "03", "97"] {
        let body = json!({"vnp_ResponseCode": code, "vnp_Message": "x"});
        let told = Looked::Told(LookUp::Refused(Told::with(code, "x")));
        assert_eq!(before(&body), told, "signed: the setup is wrong");
        let unsigned = look_up(&a_refund(1, None), Purpose::Sending, &wire(&body)).1;
        assert!(nothing(&unsigned), "unsigned: it waits");
    }
    let missing = json!({"vnp_ResponseCode": "91", "vnp_Message": "Transaction not found"});
    assert_eq!(after(None, &missing), Looked::Told(LookUp::NotFound));
    assert!(nothing(&look_up(&sent(None), Purpose::Outcome, &wire(&missing)).1), "unsigned");
}

#[test]
fn asked_too_often_it_is_not_asked_for_five_minutes() {
    let unsigned = json!({"vnp_ResponseCode": "94", "vnp_Message": "Request is duplicated"});
    for body in [unsigned.clone(), signed(&unsigned, 15)] {
        let looked = look_up(&a_refund(1, None), Purpose::Sending, &wire(&body)).1;
        assert!(matches!(looked, Looked::TooOften { pause_ms: 300_000.., .. }), "{looked:?}");
    }
}

#[test]
fn an_answer_without_a_right_hash_proves_nothing() {
    for body in [record("03", "00"), record("01", "00"), record("03", "09")] {
        for wrong in [wire(&body), wire(&signed(&body, 13)), wire(&with(body.clone(), "vnp_SecureHash", "00"))] {
            assert!(nothing(&look_up(&sent(None), Purpose::Outcome, &wrong).1), "{wrong:?}");
        }
    }
    let refused = look_up(&sent(None), Purpose::Outcome, &Wire::NotSent { reason: "x".into() }).1;
    assert!(matches!(refused, Looked::NotReached(_)));
}

#[test]
fn a_refused_terminal_is_told_to_people_once() {
    let mut vnpay = Vnpay::new(terminal());
    let moment = at("2024-05-26T03:40:00Z");
    let _ = vnpay.look_up(&a_refund(1, None), Purpose::Sending, &moment);
    let _ = vnpay.looked(&wire(&json!({"vnp_ResponseCode": "97", "vnp_Message": "Invalid signature"})), &moment);
    assert!(vnpay.remark().unwrap().contains("hash_secret_file"));
    assert_eq!(vnpay.remark(), None);
}
