use super::*;
use crate::{
    provider::{Figures, LookUp, Outcome, Wire},
    refund::{Door, Fingerprint, Original, Request},
};

fn answer(status: u16, body: &str) -> Wire {
    Wire::Answer { status, header: None, body: body.as_bytes().to_vec() }
}

fn a_token() -> Token {
    read_token(&answer(200, r#"{"access_token":"abc","expires_in":300}"#)).unwrap()
}

fn a_request() -> Request {
    Request {
        request_id: "r-1".into(),
        original: Original::new(
            &FORM,
            "MB",
            [("bank_account", "1234567890".into()), ("reference_number", "FT24001234567890".into())],
        ),
        amount: 25_000,
        currency: "VND".into(),
        reason: "khách trả hàng".into(),
        operator: "lan".into(),
        multi_times: true,
        payment: None,
        door: Door::Http,
        fingerprint: Fingerprint(String::new()),
    }
}

fn text(call: &crate::provider::Call) -> String {
    String::from_utf8(call.body.clone()).unwrap()
}

#[test]
fn every_vector_of_the_protocol_facts_is_met() {
    let vectors: [(&[&[u8]], &str); 7] = [
        (&[b"sk_demo_1", b"FT24001234567890", b"25000", b"1234567890"], "40132c3e529b7c42ca52e9b309e02f99"),
        (&[b"1234567890", b"customer-demo-user01"], "5398cce1cdec12918ee580350564c9f2"),
        (&[b"1234567890", b"NGUYEN VAN A"], "5b25cb5cfb15ee1277b5b25150711a04"),
        (&[b"pw_demo", b"MB", b"1234567890"], "e3d9334f124788ac4f90b2ba02044a13"),
        (&[b"pw_demo", b":", b"https://shop.example", b"VietQRAccesskey"], "2ea7a4a2d1c602d4502a8b758343d3c5"),
        (&[b"AA:BB:CC:DD:EE:FF", b"boxkey_demo"], "7c6c9e7460ac617ed965d0eb20f41b94"),
        (&[b"11.78.36.89.21", b"boxkey_demo"], "f9c1b97dd7fe18b453eddbab154bd40e"),
    ];
    for (parts, md5) in vectors {
        assert_eq!(checksum(parts), md5);
    }
    assert_eq!(basic("customer-demo-user01", "pw_demo"), "Basic Y3VzdG9tZXItZGVtby11c2VyMDE6cHdfZGVtbw==");
}

#[test]
fn the_bytes_of_each_request_are_exact() {
    let call = refund(&a_request(), Some(Figures::default()), b"sk_demo_1", &a_token()).unwrap();
    assert_eq!(
        text(&call),
        r#"{"bankAccount":"1234567890","referenceNumber":"FT24001234567890","amount":"25000","content":"khách trả hàng","checkSum":"40132c3e529b7c42ca52e9b309e02f99","multiTimes":true,"bankCode":"MB"}"#
    );
    assert_eq!((call.path, call.headers[0].1.as_str()), ("/api/transaction/refund", "Bearer abc"));
    let call = check_order("1234567890", "FT24001234567890", "customer-demo-user01", &a_token());
    assert_eq!(
        text(&call),
        r#"{"bankAccount":"1234567890","type":1,"value":"FT24001234567890","checkSum":"5398cce1cdec12918ee580350564c9f2"}"#
    );
}

#[test]
fn multi_times_goes_with_the_first_refund_only_and_a_long_reason_is_cut() {
    let request = Request { reason: "ă".repeat(200), ..a_request() };
    let second = Figures { refund_count: 1, amount_refunded: 5 };
    let call = refund(&request, Some(second), b"x", &a_token()).unwrap();
    assert!(!text(&call).contains("multiTimes"));
    assert!(text(&call).contains(&format!(r#""{}""#, "ă".repeat(CONTENT_MAX))));
}

#[test]
fn no_secret_is_in_the_debug_form() {
    let token = read_token(&answer(200, r#"{"access_token":"hidden-token"}"#)).unwrap();
    let call = refund(&a_request(), None, b"sk_demo_1", &token).unwrap();
    let shown = format!("{token:?} {call:?} {:?}", super::token("user", "hidden-password"));
    assert!(!shown.contains("hidden") && !shown.contains("Basic") && !shown.contains("Bearer"), "{shown}");
}

#[test]
fn a_token_is_renewed_before_its_end_whatever_form_its_life_is_told_in() {
    let renew = |body: &str| read_token(&answer(200, body)).unwrap().renew_after_s;
    assert_eq!(renew(r#"{"access_token":"a","expires_in":300}"#), 270);
    assert_eq!(renew(r#"{"access_token":"a","expires_in":"300"}"#), 270);
    assert_eq!(renew(r#"{"access_token":"a","expires_in":59}"#), 29);
    assert_eq!(renew(r#"{"access_token":"a","expires_in":10}"#), 5);
    for missing in ["0", "-5", "null", "\"\"", "{}", "\"soon\""] {
        assert_eq!(renew(&format!(r#"{{"access_token":"a","expires_in":{missing}}}"#)), 270, "{missing}");
    }
    // {"iat":1000,"exp":1120}
    assert_eq!(renew(r#"{"access_token":"x.eyJpYXQiOjEwMDAsImV4cCI6MTEyMH0.y","expires_in":0}"#), 90);
}

#[test]
fn no_token_is_an_error_that_says_why() {
    let code = |wire: &Wire| read_token(wire).unwrap_err().code;
    assert_eq!(code(&answer(401, "")), "http_401");
    assert_eq!(code(&answer(400, "null")), "http_400");
    assert_eq!(code(&answer(400, r#"{"status":"FAILED","message":"E74"}"#)), "E74");
    assert_eq!(code(&answer(200, "<html>")), "unreadable");
    assert_eq!(code(&answer(200, r#"{"access_token":"a\r\nX: y"}"#)), "unreadable");
    assert_eq!(code(&Wire::NotSent { reason: "refused".into() }), "not_sent");
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent(_) => "not_sent",
        Outcome::TokenRefused(_) => "token",
        Outcome::RetryableSameId { .. } | Outcome::AlreadyRefunded(_) => "later",
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Pending { .. } => "pending",
        Outcome::FailedFinal(_) => "failed",
        Outcome::InProgress(_) => "in_progress",
        Outcome::Unknown(_) => "unknown",
    }
}

#[test]
fn each_code_of_a_refund_has_its_class() {
    let failed =
        "E02 E03 E09 E10 E24 E26 E39 E41 E46 E51 E58 E95 E42 E67 E75 E76 E77 E104 E44 E94 E96 E43 E45 E216 E217 E218";
    let all = [(failed, "failed"), ("E74", "token"), ("E158", "in_progress"), ("E05 E215 E165 E1 E1580 E7", "unknown")];
    for (codes, class) in all {
        for code in codes.split(' ') {
            for message in [code.to_owned(), format!("{code} - some text")] {
                let body = format!(r#"{{"status":"FAILED","message":"{message}"}}"#);
                assert_eq!(kind(&read_refund(&answer(400, &body))), class, "{message}");
                assert_eq!(kind(&read_refund(&answer(200, &format!("[{body}]")))), class, "{message}");
                assert_eq!(kind(&read_refund(&answer(500, &body))), "unknown", "{message} with 500");
            }
        }
    }
}

#[test]
fn only_a_whole_success_is_a_success_and_the_rest_is_unknown() {
    let success = r#"{"status":"SUCCESS","message":"FT26325000000002"}"#;
    let Outcome::Succeeded { reference } = read_refund(&answer(200, success)) else { panic!() };
    assert_eq!(reference.as_deref(), Some("FT26325000000002"));
    for status in [100, 301, 307, 400, 404, 408, 429, 500, 502, 503, 504] {
        assert_eq!(kind(&read_refund(&answer(status, success))), "unknown", "{status}");
    }
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "<html>",
        r#"{"status":"SUCC"#,
        r#"{"status":"SUCCESS","message":"E05"}"#,
        r#"{"status":"FAILED","message":"Unexpected Error"}"#,
        r#"{"status":"FAILED"}"#,
        r#"{"message":"E45"}"#,
        r#"{"status":1,"message":"E45"}"#,
        r#"[{"status":"SUCCESS","message":"a"},{"status":"FAILED","message":"E45"}]"#,
        r#"{"status":"SUCCESS","status":"FAILED","message":"E45"}"#,
    ] {
        for status in [200, 400, 401] {
            assert_eq!(kind(&read_refund(&answer(status, body))), "unknown", "{status} {body}");
        }
    }
    assert_eq!(kind(&read_refund(&Wire::Broken { reason: "reset".into() })), "unknown");
    assert_eq!(kind(&read_refund(&Wire::NotSent { reason: "refused".into() })), "not_sent");
}

fn look_up(status: u16, body: &str) -> LookUp {
    read_check_order(&answer(status, body), "FT1")
}

fn found(amount: u64, refund_count: u64, amount_refunded: u64, refundable: bool) -> LookUp {
    LookUp::Found { amount, figures: Some(Figures { refund_count, amount_refunded }), refundable }
}

#[test]
fn figures_are_read_in_each_observed_form() {
    let row = r#"{"referenceNumber":"FT1","amount":100000,"transType":"C","status":1,"type":0,"refundCount":1,"amountRefunded":40000}"#;
    let text = r#"{"referencenumber":"FT1","amount":"100,000","transType":"C","status":"1","type":"0","refundCount":"1","amountRefunded":"40000"}"#;
    let float = r#"{"amount":100000.0,"refundCount":1,"amountRefunded":40000.0}"#;
    for body in [row, text, float] {
        assert_eq!(look_up(200, body), found(100_000, 1, 40_000, true), "{body}");
        assert_eq!(look_up(200, &format!("[{body}]")), found(100_000, 1, 40_000, true), "{body}");
    }
    assert_eq!(look_up(200, &row.replace(r#""status":1"#, r#""status":2"#)), found(100_000, 1, 40_000, false));
    let refund_row =
        r#"{"referenceNumber":"FT1","amount":40000,"type":6,"status":1,"refundCount":0,"amountRefunded":0}"#;
    assert_eq!(look_up(200, &format!("[{refund_row},{row}]")), found(100_000, 1, 40_000, true));
}

#[test]
fn figures_that_are_missing_or_contradict_themselves_are_none() {
    for body in [
        r#"{"referenceNumber":"FT1","amount":100000,"status":1}"#,
        r#"{"referenceNumber":"FT1","amount":100000,"refundCount":1}"#,
        r#"{"referenceNumber":"FT1","amount":100000,"refundCount":0,"amountRefunded":40000}"#,
        r#"{"referenceNumber":"FT1","amount":100000,"refundCount":1,"amountRefunded":0}"#,
        r#"{"referenceNumber":"FT1","amount":100000,"refundCount":-1,"amountRefunded":40000}"#,
        r#"{"referenceNumber":"FT1","refundCount":0,"amountRefunded":0}"#,
        r#"{"referenceNumber":"FT2","amount":100000,"refundCount":0,"amountRefunded":0}"#,
        r#"[{"amount":1,"refundCount":0,"amountRefunded":0},{"amount":1,"refundCount":0,"amountRefunded":0}]"#,
    ] {
        assert_eq!(look_up(200, body), LookUp::NoFigures, "{body}");
    }
}

#[test]
fn a_look_up_that_tells_nothing_is_not_taken_for_absence() {
    let failed = |code: &str| format!(r#"{{"status":"FAILED","message":"{code}"}}"#);
    assert_eq!(look_up(400, &failed("E96")), LookUp::NotFound);
    assert_eq!(look_up(200, "[]"), LookUp::NotFound);
    assert_eq!(look_up(400, &failed("E74")), LookUp::TokenRefused);
    assert_eq!(look_up(401, ""), LookUp::TokenRefused);
    for code in ["E77", "E39", "E104"] {
        assert!(matches!(look_up(400, &failed(code)), LookUp::Refused(told) if told.code == code), "{code}");
    }
    for (status, body) in [(500, failed("E96")), (400, failed("E05")), (404, String::new()), (200, "{".into())] {
        assert!(matches!(look_up(status, &body), LookUp::Unavailable(_)), "{status} {body}");
    }
}
