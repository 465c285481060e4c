//! `/trade/v1/refund`: the order of checks of 3.13, and the money.

use crate::merchant::{Merchant, form, headers, is_signed, md5, refund_of, sha256, text, with};
use crate::wire::Seen;
use chrono::{TimeDelta, Timelike};
use serde_json::json;
use vietqr_edge_sandbox::certs::Certs;
use vietqr_edge_sandbox::qfpay::{APP_CODE, AnswerSignature, Kind, Payment, Qfpay, QfpayOptions, Settings};

const REFUND: &str = "/trade/v1/refund";

#[tokio::test]
async fn an_accepted_refund_has_a_number_of_its_own_and_moves_money_once() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    assert!(payment.syssn.len() == 26 && payment.syssn.bytes().all(|byte| byte.is_ascii_digit()), "{payment}");
    let params = refund_of(&payment.syssn, "R1", 300);
    let seen = merchant.refund(&params).await;
    assert!(is_signed(&seen), "{seen:?}");
    let answer = seen.json();
    for (key, expected) in [
        ("respcd", "0000"),
        ("orig_syssn", &payment.syssn[..]),
        ("out_trade_no", "R1"),
        ("txamt", "300"),
        ("txcurrcd", "HKD"),
        ("txdtm", "2026-11-21 19:16:36"),
        ("resperr", "交易成功"),
        ("respmsg", ""),
    ] {
        assert_eq!(answer[key], json!(expected), "{key}");
    }
    let statement = merchant.qfpay.statement();
    let [moved] = &statement.movements[..] else { panic!("{statement:?}") };
    assert_eq!((&moved.account[..], &moved.reference, moved.amount), (APP_CODE, &payment.syssn, 300));
    assert_eq!((json!(moved.refund), moved.request.as_deref()), (answer["syssn"].clone(), Some(&form(&params)[..])));
    assert!(moved.refund > payment.syssn, "numbers grow");
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 1);
    // Python's JSON: blanks, and ASCII alone.
    let Seen::Answer { body, .. } = seen else { panic!() };
    assert!(body.is_ascii() && body.contains(r#""resperr": "\u4ea4\u6613\u6210\u529f", "#), "{body}");
}

#[tokio::test]
async fn raw_values_are_signed_whatever_the_body_looks_like() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let params = with(&refund_of(&payment.syssn, "RF_1|a*b", 100), "udid", Some("門市 01: A+B 100%"));
    let encoded = form(&params);
    let wrong = merchant.send(REFUND, &headers(APP_CODE, &md5(&encoded)), &encoded).await.json();
    assert_eq!((&wrong["respcd"], wrong.get("syssn")), (&json!("1108"), None));
    let plus = encoded.replace("%20", "+");
    assert_eq!(merchant.send(REFUND, &headers(APP_CODE, &md5(&text(&params))), &plus).await.json()["respcd"], "0000");

    let params = refund_of(&payment.syssn, "R2", 100);
    let sha = format!("{}X-QF-SIGNTYPE: SHA256\r\n", headers(APP_CODE, &sha256(&text(&params)).to_lowercase()));
    assert_eq!(merchant.send(REFUND, &sha, &form(&params)).await.json()["respcd"], "0000");
    let params = refund_of(&payment.syssn, "R3", 100);
    let named = format!("{}X-QF-SIGNTYPE: MD5\r\n", headers(APP_CODE, &md5(&text(&params)).to_lowercase()));
    assert_eq!(merchant.send(REFUND, &named, &form(&params)).await.json()["respcd"], "0000");
}

#[tokio::test]
async fn who_is_not_known_or_signs_wrongly_is_1108_before_anything_else() {
    let merchant = Merchant::start().await;
    let params = refund_of("no such payment", "", 0);
    let (body, sign) = (form(&params), md5(&text(&params)));
    for headers in [
        headers("other", &sign),
        headers(APP_CODE, &sha256(&text(&params))),
        headers(APP_CODE, ""),
        format!("X-QF-SIGN: {sign}\r\n"),
        format!("{}X-QF-SIGNTYPE: SHA256\r\n", headers(APP_CODE, &sign)),
        format!("{}X-QF-SIGNTYPE: CRC\r\n", headers(APP_CODE, &sign)),
    ] {
        let seen = merchant.send(REFUND, &headers, &body).await;
        assert_eq!(seen.json()["respcd"], "1108", "{headers}");
    }
    assert_eq!(merchant.send(REFUND, &headers(APP_CODE, &sign), &body).await.json()["respcd"], "1104");
    assert_eq!(merchant.send(REFUND, &headers(APP_CODE, &sign), "a=%").await.json()["respcd"], "1108");
}

#[tokio::test]
async fn mchid_is_sent_only_and_always_where_it_was_issued() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let right = refund_of(&payment.syssn, "R1", 100);
    let with_mchid = |mchid| with(&right, "mchid", Some(mchid));
    assert_eq!(merchant.refund(&with_mchid("ZaMVg12345")).await.json()["respcd"], "1108");
    merchant.qfpay.set(|settings| settings.mchid = Some("ZaMVg12345".into()));
    assert_eq!(merchant.refund(&right).await.json()["respcd"], "1104");
    assert_eq!(merchant.refund(&with_mchid("other")).await.json()["respcd"], "1108");
    assert_eq!(merchant.refund(&with_mchid("ZaMVg12345")).await.json()["respcd"], "0000");
}

#[tokio::test]
async fn a_missing_parameter_is_1103_and_a_malformed_one_1104() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let right = refund_of(&payment.syssn, "R1", 100);
    for name in ["syssn", "out_trade_no", "txamt", "txdtm"] {
        assert_eq!(merchant.refund(&with(&right, name, None)).await.json()["respcd"], "1103", "{name}");
    }
    for (name, value) in [
        ("syssn", ""),
        ("syssn", "2019 1227"),
        ("out_trade_no", ""),
        ("out_trade_no", "R-1"),
        ("out_trade_no", "hóa đơn"),
        ("txamt", "0"),
        ("txamt", "1.00"),
        ("txamt", "-1"),
        ("txamt", "+1"),
        ("txamt", "100000000000"),
        ("txdtm", "2026-11-21T19:16:36"),
        ("txdtm", "2026-11-21 07:16:36 PM"),
        ("txdtm", "2026-02-30 19:16:36"),
        ("udid", ""),
    ] {
        let answer = merchant.refund(&with(&right, name, Some(value))).await.json();
        assert_eq!(answer["respcd"], "1104", "{name}={value}");
    }
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 0);
    // None of that has used the number up.
    assert_eq!(merchant.refund(&right).await.json()["respcd"], "0000");
}

/// Each row breaks one rule and those after it that it can: the first broken one decides.
#[tokio::test]
async fn the_checks_come_in_their_order_and_none_of_the_refused_leaves_a_row() {
    let merchant = Merchant::start().await;
    let old = chrono::Utc::now() - TimeDelta::days(400);
    let book = |payment: Payment| merchant.qfpay.pay(payment).syssn;
    let failed = book(Payment { respcd: "1143".into(), ..Payment::new("HD1", 1_000) });
    let all = book(Payment { kind: Kind::Card, ..Payment::new("HD2", 1_000) });
    let running = book(Payment { kind: Kind::Card, ..Payment::new("HD3", 1_000) });
    let card = book(Payment { kind: Kind::Card, ..Payment::new("HD4", 1_000) });
    let whole = book(Payment { kind: Kind::WholeOnly, at: old, ..Payment::new("HD5", 1_000) });
    let plain = book(Payment { at: old, ..Payment::new("HD6", 1_000) });
    let fresh = book(Payment::new("HD7", 1_000));
    assert_eq!(merchant.refunded(&all, "R2", 1_000).await["respmsg"], "Void received");
    merchant.qfpay.set(|settings| settings.course = vec!["1143".into(), "0000".into()]);
    assert_eq!(merchant.refunded(&running, "R3", 1_000).await["respcd"], "1143");
    merchant.qfpay.settle(&running, "1143");
    merchant.qfpay.set(|settings| {
        settings.max_age = Some(TimeDelta::days(365));
        settings.balance = Some(500);
    });
    let now = chrono::Utc::now();
    let to_night = TimeDelta::hours(16) - TimeDelta::seconds(i64::from(now.num_seconds_from_midnight()));
    let rows: Vec<(&str, &str, &str, u64, &str, &str)> = vec![
        ("number of a refund", "99", "R2", 2_000, "1251", "out_trade_no is used"),
        ("number of a payment", "99", "HD1", 2_000, "1251", "out_trade_no is used"),
        ("payment", "99", "R", 2_000, "1136", ""),
        ("not paid", &failed, "R", 2_000, "1261", ""),
        ("refunded", &all, "R", 2_000, "1264", "wrong cancel"),
        ("under way", &running, "R", 400, "1155", "You still have prosessing requests"),
        ("void", &card, "R", 2_000, "1124", "For void request, it must be a full refund"),
        ("whole only", &whole, "R", 2_000, "1271", ""),
        ("rest", &plain, "R", 1_001, "1272", ""),
    ];
    for (what, syssn, number, amount, code, text) in rows {
        let answer = merchant.refunded(syssn, number, amount).await;
        assert_eq!((&answer["respcd"], answer.get("syssn")), (&json!(code), None), "{what}: {answer}");
        assert!(answer["respmsg"].as_str().unwrap().starts_with(text), "{what}: {answer}");
        assert_eq!((&answer["orig_syssn"], &answer["out_trade_no"]), (&json!(syssn), &json!(number)), "{what}");
    }
    // The clock: night, age, balance.
    for (night, ahead, syssn, code) in [
        (true, to_night, &plain, "1265"),
        (true, to_night, &fresh, "1265"),
        (false, TimeDelta::zero(), &plain, "1265"),
        (false, TimeDelta::zero(), &fresh, "1269"),
    ] {
        merchant.qfpay.set(|settings| (settings.night, settings.ahead) = (night, ahead));
        let answer = merchant.refunded(syssn, "R", 1_000).await;
        assert_eq!(answer["respcd"], code, "{night} {answer}");
        let period = answer["respmsg"] == "超出可退款時限";
        assert_eq!(period, !night && code == "1265", "{answer}");
    }
    let moved = merchant.qfpay.statement().movements.len();
    assert_eq!(moved, 2);
    assert_eq!(merchant.refunded(&fresh, "R", 500).await["respcd"], "1143");
}

#[tokio::test]
async fn a_refund_under_way_refuses_another_with_its_text_and_a_code_that_can_be_set() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.qfpay.set(|settings| settings.course = vec!["1145".into(), "0000".into()]);
    merchant.refunded(&payment.syssn, "R1", 400).await;
    for code in ["1155", "1298"] {
        merchant.qfpay.set(|settings| settings.overlap_code = Some(code.into()));
        let answer = merchant.refunded(&payment.syssn, "R2", 400).await;
        assert_eq!(answer["respcd"], code);
        assert!(answer["respmsg"].as_str().unwrap().starts_with("You still have prosessing requests"), "{answer}");
    }
    assert_eq!(merchant.qfpay.step(&payment.syssn).as_deref(), Some("0000"));
    assert_eq!(merchant.refunded(&payment.syssn, "R2", 400).await["respcd"], "1145");
    merchant.qfpay.set(|settings| settings.overlap_code = None);
    assert_eq!(merchant.refunded(&payment.syssn, "R3", 201).await["respcd"], "1272");
    assert_eq!(merchant.refunded(&payment.syssn, "R3", 200).await["respcd"], "1145");
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 3);
}

#[tokio::test]
async fn codes_that_documents_do_not_agree_on_can_be_set() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refunded(&payment.syssn, "R1", 1_000).await;
    for code in ["1125", "1262"] {
        merchant.qfpay.set(|settings| settings.refunded_code = code.into());
        assert_eq!(merchant.refunded(&payment.syssn, "R2", 1_000).await["respcd"], code);
    }
    merchant.qfpay.set(|settings| settings.unknown_code = "1268".into());
    assert_eq!(merchant.refunded("99", "R2", 1_000).await["respcd"], "1268");
    let old = chrono::Utc::now() - TimeDelta::days(91);
    let old = merchant.qfpay.pay(Payment { at: old, ..Payment::new("HD0002", 1_000) });
    for code in ["1250", "1297"] {
        merchant.qfpay.set(|s| (s.max_age, s.too_old_code) = (Some(TimeDelta::days(90)), code.into()));
        assert_eq!(merchant.refunded(&old.syssn, "R2", 1_000).await["respcd"], code);
    }
}

#[tokio::test]
async fn a_number_refused_before_there_is_a_row_can_be_used_again() {
    let merchant = Merchant::start().await;
    let card = merchant.qfpay.pay(Payment { kind: Kind::Card, ..Payment::new("HD0001", 1_000) });
    assert_eq!(merchant.refunded(&card.syssn, "R1", 300).await["respcd"], "1124");
    let void = merchant.refunded(&card.syssn, "R1", 1_000).await;
    assert_eq!((&void["respcd"], &void["cardcd"]), (&json!("0000"), &json!("5200000000001096")));
    assert_eq!(merchant.refunded(&card.syssn, "R1", 1_000).await["respcd"], "1251");
    assert_eq!(merchant.qfpay.moved(&card.syssn), 1);
    // The day after, a card takes parts, too.
    let other = merchant.qfpay.pay(Payment { kind: Kind::Card, ..Payment::new("HD0002", 1_000) });
    merchant.qfpay.set(|settings| settings.ahead = TimeDelta::days(1));
    assert_eq!(merchant.refunded(&other.syssn, "R2", 300).await["respcd"], "0000");
}

#[tokio::test]
async fn a_refund_that_the_channel_refuses_has_a_row_and_moves_nothing() {
    let merchant = Merchant::start().await;
    merchant.qfpay.set(|settings| settings.course = vec!["1269".into()]);
    let payment = merchant.paid("HD0001");
    let answer = merchant.refunded(&payment.syssn, "R1", 1_000).await;
    assert_eq!(answer["respcd"], "1269");
    assert!(answer["syssn"].is_string(), "{answer}");
    assert_eq!(merchant.rows("R1").await[0]["respcd"], "1269");
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 0);
    assert_eq!(merchant.refunded(&payment.syssn, "R1", 1_000).await["respcd"], "1251");
    merchant.qfpay.set(|settings| settings.course = vec!["0000".into()]);
    assert_eq!(merchant.refunded(&payment.syssn, "R2", 1_000).await["respcd"], "0000");
}

#[tokio::test]
async fn answers_can_be_signed_as_the_request_was_or_not_at_all() {
    let merchant = Merchant::start().await;
    let params = refund_of("99", "R1", 100);
    let sha = format!("{}X-QF-SIGNTYPE: SHA256\r\n", headers(APP_CODE, &sha256(&text(&params))));
    merchant.qfpay.set(|settings| settings.answer_signature = AnswerSignature::AsAsked);
    let seen = merchant.send(REFUND, &sha, &form(&params)).await;
    let Seen::Answer { body, .. } = &seen else { panic!() };
    assert_eq!(seen.header("X-QF-SIGN"), Some(&sha256(body)[..]));
    assert!(is_signed(&merchant.refund(&params).await));
    merchant.qfpay.set(|settings| settings.answer_signature = AnswerSignature::Never);
    assert_eq!(merchant.refund(&params).await.header("X-QF-SIGN"), None);
}

#[tokio::test]
async fn more_calls_than_allowed_are_429_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path(), &[]).unwrap();
    let settings = Settings { per_minute: 3, ..Settings::default() };
    let qfpay = Qfpay::open(QfpayOptions { settings, ..QfpayOptions::new(&certs) }).await.unwrap();
    let payment = qfpay.pay(Payment::new("HD0001", 1_000));
    let mut codes = Vec::new();
    for n in 0..5 {
        let params = refund_of(&payment.syssn, &format!("R{n}"), 100);
        let headers = headers(APP_CODE, &md5(&text(&params)));
        codes.push(crate::wire::post(qfpay.addr(), qfpay.ca(), REFUND, &headers, &form(&params)).await.status());
    }
    assert_eq!(codes, [Some(200), Some(200), Some(200), Some(429), Some(429)]);
    assert_eq!(qfpay.moved(&payment.syssn), 3);
}

#[tokio::test]
async fn what_is_no_call_is_not_answered_as_one() {
    let merchant = Merchant::start().await;
    let get = "GET /trade/v1/refund HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(crate::wire::send(merchant.qfpay.addr(), merchant.qfpay.ca(), get).await.status(), Some(405));
    assert_eq!(merchant.send("/trade/v1/reversal", "", "").await.status(), Some(404));
}
