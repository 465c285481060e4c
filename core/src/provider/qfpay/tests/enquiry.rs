use super::{super::lane::Qfpay, *};
use crate::provider::{LookUp, Looked, Own, Provider, Purpose, Step};
use serde_json::{Value, json};

pub(super) const QR3: &str = r#"{"respcd": "0000", "resperr": "\u8bf7\u6c42\u6210\u529f", "respmsg": "", "page": 1, "page_size": 100, "data": [{"syssn": "20191227000300020061652643", "out_trade_no": "12345678", "origssn": "20191227000200020061752831", "order_type": "refund", "pay_type": "800101", "txamt": "10", "txcurrcd": "HKD", "txdtm": "2019-12-27 10:39:39", "sysdtm": "2019-12-27 11:11:23", "cancel": "0", "respcd": "1143", "errmsg": "\u8655\u7406\u4e2d\uff0c\u8acb\u7a0d\u7b49(1143)"}]}"#;

fn rows(rows: &Value) -> Wire {
    answer(&json!({"respcd": "0000", "resperr": "", "page": "1", "data": rows}).to_string())
}

fn row(code: &str) -> Value {
    json!({"syssn": "20191227000300020061652643", "out_trade_no": "12345678", "origssn": SYSSN, "order_type": "refund",
        "txamt": "10", "txcurrcd": "HKD", "respcd": code, "errmsg": "x", "cancel": "0"})
}

fn paid(code: &str, cancel: &str) -> Value {
    json!({"syssn": SYSSN, "out_trade_no": "P1", "order_type": "payment", "txamt": "1000", "txcurrcd": "HKD",
        "respcd": code, "cancel": cancel})
}

fn with(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

/// Makes a look-up with these answers, one a call; the bodies that were sent.
fn look_up(refund: &Refund, purpose: Purpose, answers: &[Wire]) -> (Vec<String>, Looked) {
    let mut qfpay = Qfpay::new(merchant(Verify::Require));
    let moment = at("2019-12-27T03:00:00Z");
    let mut step = qfpay.look_up(refund, purpose, &moment);
    let mut bodies = Vec::new();
    for wire in answers {
        let Step::Call(call) = step else { break };
        assert_eq!(call.path, "/trade/v1/query");
        bodies.push(String::from_utf8(call.body).unwrap());
        step = qfpay.looked(wire, &moment);
    }
    match step {
        Step::Done(looked) => (bodies, looked),
        Step::Call(call) => panic!("one more call: {}", String::from_utf8_lossy(&call.body)),
    }
}

fn after(answers: &[Wire]) -> Looked {
    look_up(&sent(a_refund(), "2019-12-27T03:00:00Z"), Purpose::Outcome, answers).1
}

fn before(answers: &[Wire]) -> Looked {
    look_up(&a_refund(), Purpose::Sending, answers).1
}

fn nothing(looked: &Looked) -> bool {
    matches!(looked, Looked::Told(LookUp::Unavailable(_)))
}

#[test]
fn our_row_is_the_state_of_our_refund() {
    assert_eq!(after(&[answer(QR3)]), Looked::Told(LookUp::Own(Own::Pending)));
    let reference = Some("20191227000300020061652643".to_owned());
    assert_eq!(after(&[rows(&json!([row("0000")]))]), Looked::Told(LookUp::Own(Own::Succeeded { reference })));
    assert!(matches!(after(&[rows(&json!([row("1264")]))]), Looked::Told(LookUp::Own(Own::Rejected(_)))));
    assert!(nothing(&after(&[rows(&json!([row("1297")]))])));
    // Rows of others are passed over; types vary.
    let mixed = json!([
        paid("0000", "5"),
        with(row("0000"), "txamt", json!(10)),
        with(row("1264"), "out_trade_no", json!("x"))
    ]);
    assert!(matches!(after(&[rows(&mixed)]), Looked::Told(LookUp::Own(Own::Succeeded { .. }))));
    let bare = with(with(row("0000"), "origssn", Value::Null), "syssn", json!(""));
    assert_eq!(after(&[rows(&json!([bare]))]), Looked::Told(LookUp::Own(Own::Succeeded { reference: None })));
}

#[test]
fn a_row_of_our_number_that_is_not_ours_tells_nothing() {
    for wrong in [
        with(row("0000"), "txamt", json!("11")),
        with(row("0000"), "txamt", Value::Null),
        with(row("0000"), "origssn", json!("20191227000200020061752832")),
        with(row("0000"), "order_type", json!("payment")),
        with(row("0000"), "order_type", Value::Null),
        with(row("0000"), "txcurrcd", json!("CNY")),
    ] {
        assert!(nothing(&after(&[rows(&json!([wrong]))])), "{wrong}");
        assert!(nothing(&after(&[rows(&json!([row("0000"), wrong]))])), "{wrong}");
    }
    assert!(nothing(&after(&[rows(&json!([row("0000"), row("1264")]))])), "two that differ");
    assert!(nothing(&after(&[rows(&json!([row("1297"), row("0000")]))])), "two that differ");
    assert!(matches!(after(&[rows(&json!([row("0000"), row("0000")]))]), Looked::Told(LookUp::Own(_))));
}

#[test]
fn absence_is_no_evidence() {
    for none in [json!([]), Value::Null, json!([paid("0000", "3")])] {
        assert!(nothing(&after(&[rows(&none)])), "{none}");
    }
}

#[test]
fn an_outer_code_that_is_not_0000_concludes_nothing() {
    for code in ["1108", "1143", "1268", "1298"] {
        let body = json!({"respcd": code, "resperr": "x", "data": [row("0000")]}).to_string();
        assert!(nothing(&after(&[answer(&body)])) && nothing(&before(&[answer(&body)])), "{code}");
    }
    let unsigned = Wire::Answer { status: 200, header: None, body: QR3.into() };
    assert!(nothing(&after(&[unsigned])));
    let busy = Wire::Answer { status: 429, header: None, body: vec![] };
    assert!(matches!(after(&[busy]), Looked::NotReached(_)));
    for body in [
        "",
        "{}",
        r#"{"respcd":"0000","data":{}}"#,
        r#"{"respcd":"0000","data":[1]}"#,
        r#"{"respcd":"0000","data":[{}]}"#,
    ] {
        assert!(nothing(&after(&[answer(body)])), "{body}");
    }
}

#[test]
fn across_a_months_end_both_months_are_asked() {
    let refund = sent(a_refund(), "2019-12-31T15:59:00Z");
    let (bodies, looked) = look_up(&refund, Purpose::Outcome, &[rows(&json!([])), rows(&json!([row("0000")]))]);
    assert!(matches!(looked, Looked::Told(LookUp::Own(_))));
    let month = |from: &str, to: &str| {
        format!("out_trade_no=12345678&start_time={from}+00%3A00%3A00&end_time={to}+23%3A59%3A59&page=1&page_size=100")
    };
    assert_eq!(bodies, [month("2019-12-01", "2019-12-31"), month("2020-01-01", "2020-01-31")]);
    let (bodies, looked) = look_up(&refund, Purpose::Outcome, &[rows(&json!([row("1143")]))]);
    assert_eq!((bodies.len(), looked), (1, Looked::Told(LookUp::Own(Own::Pending))));
    let (bodies, looked) = look_up(&refund, Purpose::Outcome, &[rows(&json!([])), rows(&json!([]))]);
    assert!(bodies.len() == 2 && nothing(&looked));
}

#[test]
fn before_sending_the_payment_is_looked_up_in_its_month() {
    let (bodies, looked) = look_up(&a_refund(), Purpose::Sending, &[rows(&json!([paid("0000", "0")]))]);
    assert_eq!(
        bodies,
        [format!(
            "syssn={SYSSN}&start_time=2019-12-01+00%3A00%3A00&end_time=2019-12-31+23%3A59%3A59&page=1&page_size=100"
        )]
    );
    assert_eq!(looked, Looked::Told(LookUp::Found { amount: 1000, figures: None, refundable: true }));
    for (code, cancel, refundable) in [
        ("0000", "5", true),
        ("0000", "4", true),
        ("0000", "1", false),
        ("0000", "2", false),
        ("0000", "3", false),
        ("1143", "0", false),
        ("1264", "0", false),
    ] {
        let looked = before(&[rows(&json!([paid(code, cancel)]))]);
        assert_eq!(looked, Looked::Told(LookUp::Found { amount: 1000, figures: None, refundable }), "{code} {cancel}");
    }
    let other_currency = with(paid("0000", "0"), "txcurrcd", json!("CNY"));
    assert!(matches!(before(&[rows(&json!([other_currency]))]), Looked::Told(LookUp::Refused(_))));
    for none in [json!([]), json!([row("0000")]), json!([with(paid("0000", "0"), "syssn", json!("1"))])] {
        assert_eq!(before(&[rows(&none)]), Looked::Told(LookUp::NotFound), "{none}");
    }
}

#[test]
fn before_a_further_attempt_our_own_row_is_looked_for_first() {
    let refund = put_off("2019-12-27T03:00:00Z");
    let (bodies, looked) = look_up(&refund, Purpose::Sending, &[rows(&json!([row("0000")]))]);
    assert!(bodies.len() == 1 && matches!(looked, Looked::Told(LookUp::Own(Own::Succeeded { .. }))));
    let (bodies, looked) = look_up(&refund, Purpose::Sending, &[rows(&json!([])), rows(&json!([paid("0000", "0")]))]);
    assert!(bodies.len() == 2 && matches!(looked, Looked::Told(LookUp::Found { .. })));
}
