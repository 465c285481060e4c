//! Each row of the code tables (vnpay-qfpay.md 2.11 and 3.11) through the real provider and the real machine: what becomes of the
//! refund, on a clean attempt and on one that is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use vietqr_edge_core::{
    provider::{
        LookUp, Moment, Outcome, Provider, Wire,
        qfpay::{self, Merchant, Qfpay, SignType, Verify},
        vnpay::{self, Terminal, Vnpay},
    },
    refund::{
        AttemptEnd, Door, Facts, Fingerprint, Input, Limits, Original, Refund, Request, State, Sums, apply, decide,
        request,
    },
    time::Timestamp,
};

const NOW: i64 = 1_795_000_000_000;
const KEY: &[u8] = b"VNPAYTESTSECRETKEY0123456789ABCD";
const SYSSN: &str = "20261118000200020061752831";

/// What went before an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing.
    Nothing,
    /// A refund of the same payment that succeeded.
    Another,
    /// A refund of the same payment that was sent and that a person called failed.
    WrittenOff,
    /// An attempt of this refund whose end is not known: the machine never sends again after one, so its record is made by hand.
    Unresolved,
}

const NOT_CLEAN: [Before; 2] = [Before::WrittenOff, Before::Unresolved];

fn original(provider: &str) -> Original {
    match provider {
        "vnpay" => Original::new(
            &vnpay::FORM,
            "DEMOTMN1",
            [("txn_ref", "HD1".into()), ("transaction_date", "20261118093000".into()), ("original_amount", 100.into())],
        ),
        _ => Original::new(&qfpay::FORM, "A", [("syssn", SYSSN.into()), ("original_amount", 100.into())]),
    }
}

fn facts(before: Before) -> Facts {
    let sums = match before {
        Before::Another => Sums { count: 1, refunded: 10, ..Sums::default() },
        Before::WrittenOff => Sums { written_off: 1, ..Sums::default() },
        Before::Nothing | Before::Unresolved => Sums::default(),
    };
    Facts {
        now: Timestamp::from_millis(NOW),
        next_seq: 10,
        started_seq: 1,
        credited: None,
        sums,
        day_total: 0,
        limits: Limits { max_amount: 1000, daily_total: 1000, approval_above: 1000 },
        known_operator: true,
        approver: false,
        lookup_s: vec![300],
    }
}

fn after(refund: Refund, input: Input, facts: &Facts) -> Refund {
    let change = decide(&refund, input, facts).unwrap();
    change.events.iter().fold(refund, |refund, event| apply(Some(refund), 20, facts.now, event).unwrap())
}

/// What becomes of a refund of 60 whose only sent attempt is answered with this.
fn end(provider: &mut dyn Provider, body: impl Fn(&str) -> Wire, before: Before) -> Refund {
    let facts = facts(before);
    let asked = Request {
        request_id: "r".into(),
        original: original(provider.name()),
        amount: 60,
        currency: "VND".into(),
        reason: "x".into(),
        operator: "lan".into(),
        multi_times: false,
        payment: None,
        door: Door::Http,
        fingerprint: Fingerprint(String::new()),
    };
    let events = request(asked, &facts).unwrap().change.events;
    let mut refund = None;
    for event in &events {
        refund = apply(refund, 10, facts.now, event);
    }
    let mut refund = refund.unwrap();
    let moment = Moment { now: facts.now, monotonic_ms: 0, random: 1 };
    let look_up = LookUp::Found { amount: 100, figures: None, refundable: true };
    let attempt = provider.attempt_id(&refund, &moment);
    provider.refund(&refund, &look_up, &attempt, &moment).unwrap();
    refund = after(refund, Input::Begin { attempt: attempt.clone(), body: String::new(), look_up }, &facts);
    if before == Before::Unresolved {
        let mut lost = refund.attempts[0].clone();
        lost.outcome = Some(AttemptEnd::Unknown);
        refund.attempts.insert(0, lost);
    }
    let outcome: Outcome = provider.read_refund(&body(&attempt), &moment);
    after(refund, Input::Sent { attempt, outcome, answer: None }, &facts)
}

fn vnpay(code: &str, message: &str, status: Option<&str>, before: Before) -> State {
    let order = [
        "ResponseId",
        "Command",
        "ResponseCode",
        "Message",
        "TmnCode",
        "TxnRef",
        "Amount",
        "BankCode",
        "PayDate",
        "TransactionNo",
        "TransactionType",
        "TransactionStatus",
        "OrderInfo",
    ];
    let mut members = json!({"ResponseId": "1", "Command": "refund", "ResponseCode": code, "Message": message,
        "TmnCode": "DEMOTMN1", "TxnRef": "HD1", "Amount": "6000", "TransactionNo": "77", "TransactionType": "03"});
    if let Some(status) = status {
        members["TransactionStatus"] = json!(status);
    }
    let joined: Vec<&str> = order.iter().map(|name| members.get(*name).and_then(Value::as_str).unwrap_or("")).collect();
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(KEY).unwrap();
    mac.update(joined.join("|").as_bytes());
    members["SecureHash"] = json!(hex::encode(mac.finalize().into_bytes()));
    let named = members.as_object().unwrap().iter().map(|(name, value)| (format!("vnp_{name}"), value.clone()));
    let body = Value::Object(named.collect()).to_string();
    let terminal = Terminal { tmn_code: "DEMOTMN1".into(), hash_secret: KEY.into(), ip: "203.0.113.7".into() };
    end(
        &mut Vnpay::new(terminal),
        |_| Wire::Answer { status: 200, header: None, body: body.clone().into_bytes() },
        before,
    )
    .state
}

#[test]
fn every_response_code_and_status_of_vnpay_comes_to_its_class() {
    let statuses = [
        None,
        Some("00"),
        Some("01"),
        Some("02"),
        Some("04"),
        Some("05"),
        Some("06"),
        Some("07"),
        Some("09"),
        Some("33"),
    ];
    for status in statuses {
        let accepted = match status {
            Some("00") => State::Succeeded,
            None | Some("01" | "05" | "06") => State::Pending,
            Some("09") => State::Failed,
            _ => State::Unknown,
        };
        for before in [Before::Nothing, Before::Another] {
            assert_eq!(vnpay("00", "Refund success", status, before), accepted, "00/{status:?} {before:?}");
            for code in ["02", "03", "04", "13", "91", "93", "95", "97"] {
                assert_eq!(vnpay(code, "x", status, before), State::Failed, "{code}/{status:?} {before:?}");
            }
            assert_eq!(
                vnpay("94", "Too many refund count (>0)", status, before),
                State::Failed,
                "{status:?} {before:?}"
            );
        }
        for before in NOT_CLEAN {
            let accepted = if accepted == State::Failed { State::Unknown } else { accepted };
            assert_eq!(vnpay("00", "Refund success", status, before), accepted, "00/{status:?} {before:?}");
            for code in ["02", "03", "04", "13", "91", "93", "95", "97"] {
                assert_eq!(vnpay(code, "x", status, before), State::Unknown, "{code}/{status:?} {before:?}");
            }
            assert_eq!(
                vnpay("94", "Too many refund count (>0)", status, before),
                State::Unknown,
                "{status:?} {before:?}"
            );
        }
        for before in [Before::Nothing, Before::Another, Before::WrittenOff, Before::Unresolved] {
            for code in ["98", "99", "01", "05", "42"] {
                assert_eq!(vnpay(code, "x", status, before), State::Unknown, "{code}/{status:?} {before:?}");
            }
            assert_eq!(vnpay("94", "Request is duplicated", status, before), State::Unknown);
            assert_eq!(vnpay("94", "đang xử lý", status, before), State::Pending);
        }
    }
}

fn qfpay(code: &str, text: &str, row: bool, before: Before) -> Refund {
    let merchant = Merchant {
        app_code: "A".into(),
        mchid: None,
        client_key: b"K".into(),
        sign: SignType::Md5,
        verify: Verify::Off,
    };
    let body = |attempt: &str| {
        let mut body =
            json!({"respcd": code, "respmsg": text, "out_trade_no": attempt, "orig_syssn": SYSSN, "txamt": "60"});
        if row {
            body["syssn"] = json!("20261118000200020061752999");
        }
        Wire::Answer { status: 200, header: None, body: body.to_string().into_bytes() }
    };
    end(&mut Qfpay::new(merchant), body, before)
}

#[test]
fn every_respcd_of_qfpay_comes_to_its_class() {
    let failed_if_clean = [
        1103, 1104, 1105, 1106, 1107, 1108, 1109, 1113, 1114, 1115, 1116, 1117, 1118, 1119, 1120, 1121, 1122, 1123,
        1124, 1126, 1130, 1136, 1150, 1151, 1152, 1153, 1155, 1181, 1201, 1202, 1203, 1212, 1241, 1242, 1243, 1250,
        1251, 1261, 1263, 1266, 1267, 1268, 1270, 1271, 1272, 1294, 2005, 2006,
    ];
    for number in 0..3000 {
        let code = format!("{number:04}");
        let state = |row, before| qfpay(&code, "text", row, before).state;
        for row in [false, true] {
            let (clean, explained, not_clean) = match number {
                0 => (State::Succeeded, State::Succeeded, State::Succeeded),
                1143 | 1145 | 2999 => (State::Pending, State::Pending, State::Pending),
                1125 | 1262 | 1264 => (State::Unknown, State::Failed, State::Unknown),
                1265 | 1269 if !row => (State::Queued, State::Queued, State::Unknown),
                n if failed_if_clean.contains(&n) => (State::Failed, State::Failed, State::Unknown),
                _ => (State::Unknown, State::Unknown, State::Unknown),
            };
            assert_eq!(state(row, Before::Nothing), clean, "{code} {row}");
            assert_eq!(state(row, Before::Another), explained, "{code} {row}");
            for before in NOT_CLEAN {
                assert_eq!(state(row, before), not_clean, "{code} {row} {before:?}");
            }
        }
    }
}

#[test]
fn the_texts_that_decide_decide_clean_and_not_clean() {
    let busy = "You still have prosessing requests, please do not repeat the initiation";
    for (code, text, clean, not_clean) in [
        ("1251", "out_trade_no is used", State::Unknown, State::Unknown),
        ("1265", "exceeded the refund period of 29 days", State::Failed, State::Unknown),
        ("1265", "超出可退款時限", State::Failed, State::Unknown),
        ("1124", busy, State::Queued, State::Unknown),
        ("4711", busy, State::Queued, State::Unknown),
    ] {
        assert_eq!(qfpay(code, text, false, Before::Nothing).state, clean, "{code} {text}");
        for before in NOT_CLEAN {
            assert_eq!(qfpay(code, text, false, before).state, not_clean, "{code} {text} {before:?}");
        }
    }
    let waits = qfpay("1269", "", false, Before::Nothing).next.unwrap();
    assert_eq!(waits.pause_ms, 1_800_000, "it is not asked every second");
}
