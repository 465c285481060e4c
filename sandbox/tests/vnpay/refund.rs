//! `refund`: the order of checks of 2.13, and the money.

use crate::merchant::{Merchant, is_signed, query_of, refund_of, unsigned, with};
use crate::wire::Seen;
use chrono::TimeDelta;
use serde_json::{Value, json};
use vietqr_edge_sandbox::vnpay::{Duplicates, Payment, Vnpay, VnpayOptions};

const DUPLICATE: &str = r#"{"vnp_ResponseCode":"94","vnp_Message":"Request is duplicated"}"#;

#[tokio::test]
async fn an_accepted_refund_is_05_with_a_number_of_its_own_and_moves_money_once() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let body = refund_of(&payment, 100_000);
    let answer = merchant.send(&body).await.json();
    assert!(is_signed(&answer), "{answer}");
    let number = answer["vnp_TransactionNo"].as_str().unwrap();
    assert_ne!(number, payment.transaction_no);
    for (key, expected) in [
        ("ResponseCode", "00"),
        ("Message", "Refund success"),
        ("Command", "refund"),
        ("TmnCode", "DEMO0001"),
        ("TxnRef", "HD0001"),
        ("Amount", "10000000"),
        ("BankCode", "NCB"),
        ("TransactionType", "02"),
        ("TransactionStatus", "05"),
        ("OrderInfo", "Hoan tien"),
    ] {
        assert_eq!(answer[format!("vnp_{key}")], json!(expected), "{key}");
    }
    assert_eq!(answer["vnp_ResponseId"].as_str().unwrap().len(), 32);
    let statement = merchant.vnpay.statement();
    let [moved] = &statement.movements[..] else { panic!("{statement:?}") };
    assert_eq!((&moved.account[..], &moved.reference[..], moved.amount), ("DEMO0001", "HD0001", 100_000));
    assert_eq!((&moved.refund[..], moved.request.as_deref()), (number, Some(&body.to_string()[..])));
    assert_eq!((merchant.vnpay.moved("HD0001"), statement.payments[0].refunded), (1, 100_000));
}

/// Each row breaks one rule and all that come after it: the first broken one decides.
#[tokio::test]
async fn the_checks_come_in_their_order_and_none_of_the_refused_moves_money() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let failed = merchant.vnpay.pay(Payment { status: "02".into(), ..Payment::new("HD0002", 100_000) });
    let done = merchant.paid("HD0003");
    assert_eq!(merchant.refund(&done, 1_000).await["vnp_ResponseCode"], "00");
    let right = refund_of(&payment, 100_000);
    let other = json!({"vnp_TmnCode": "OTHER001", "vnp_TxnRef": "NOSUCHORDER", "vnp_Amount": "1"});
    let wrong_hash = json!({"vnp_SecureHash": "0".repeat(128), "vnp_TxnRef": "NOSUCHORDER"});
    let used = refund_of(&done, 1_000);
    merchant.send(&used).await;
    let rows: Vec<(&str, Value, &str, bool)> = vec![
        ("form", unsigned(&right, json!({"vnp_Amount": "1.5", "vnp_SecureHash": "00"})), "03", true),
        ("form, terminal", unsigned(&right, other.clone()), "03", false),
        ("terminal", unsigned(&right, json!({"vnp_TmnCode": "OTHER001", "vnp_TxnRef": "X"})), "02", false),
        ("hash", unsigned(&right, wrong_hash), "97", false),
        ("duplicate", with(&used, json!({"vnp_TxnRef": "NOSUCHORDER"})), "94", false),
        ("reference", with(&refund_of(&failed, 999_000), json!({"vnp_TxnRef": "NOSUCHORDER"})), "91", true),
        ("date", with(&refund_of(&failed, 999_000), json!({"vnp_TransactionDate": "20240101000000"})), "91", true),
        ("status", refund_of(&failed, 999_000), "95", true),
        ("limit", refund_of(&done, 999_000), "94", true),
        ("amount", refund_of(&payment, 100_100), "93", true),
    ];
    for (what, body, code, is) in rows {
        let answer = merchant.send(&body).await.json();
        assert_eq!((&answer["vnp_ResponseCode"], is_signed(&answer)), (&json!(code), is), "{what}: {answer}");
    }
    assert_eq!((merchant.vnpay.moved("HD0001"), merchant.vnpay.moved("HD0003")), (0, 1));
    // The id of the right one was in none of them past the hash.
    assert_eq!(merchant.send(&right).await.json()["vnp_ResponseCode"], "00");
}

#[tokio::test]
async fn every_member_has_its_form() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let right = refund_of(&payment, 100_000);
    for (key, values) in [
        ("RequestId", vec![json!(null), json!(""), json!("a-b"), json!("a".repeat(33)), json!(["a"])]),
        ("Version", vec![json!(null), json!("2.1.3")]),
        ("Command", vec![json!(null), json!("pay")]),
        ("TmnCode", vec![json!(null), json!("DEMO1"), json!("DEMO 001")]),
        ("TransactionType", vec![json!(null), json!("01"), json!(2)]),
        ("TxnRef", vec![json!(null), json!("HD|1"), json!("HD 1"), json!("x".repeat(101))]),
        ("Amount", vec![json!(null), json!("0"), json!("-100"), json!("1e7"), json!(1.5), json!("150")]),
        ("TransactionNo", vec![json!("12a"), json!("1".repeat(16))]),
        (
            "TransactionDate",
            vec![json!(null), json!("2026112109300"), json!("20260230093000"), json!("20261121246000")],
        ),
        ("CreateBy", vec![json!(null), json!("nguyễn văn a"), json!("a|b")]),
        ("CreateDate", vec![json!(null), json!("2026-11-21 0930")]),
        ("IpAddr", vec![json!(null), json!("1.2.3"), json!("localhost")]),
        ("OrderInfo", vec![json!(null), json!("Hoàn tiền"), json!("a|b"), json!("x".repeat(256))]),
        ("SecureHash", vec![json!(null), json!("xyz")]),
    ] {
        for value in values {
            let answer = merchant.send(&unsigned(&right, json!({format!("vnp_{key}"): value.clone()}))).await.json();
            assert_eq!(answer["vnp_ResponseCode"], "03", "{key}: {value}");
        }
    }
    for body in ["", "no JSON", "[]", "\"refund\""] {
        let answer = merchant.text(body).await.json();
        assert_eq!((&answer["vnp_ResponseCode"], is_signed(&answer)), (&json!("03"), false), "{body}");
    }
}

#[tokio::test]
async fn a_number_is_as_good_as_its_text_and_a_hash_in_any_case() {
    let merchant = Merchant::start().await;
    merchant.vnpay.set(|settings| settings.refund_limit = 9);
    let payment = merchant.paid("HD0001");
    let number = payment.transaction_no.parse::<u64>().unwrap();
    let upper = refund_of(&payment, 2_000);
    let upper = unsigned(&upper, json!({"vnp_SecureHash": upper["vnp_SecureHash"].as_str().unwrap().to_uppercase()}));
    for body in [
        with(&refund_of(&payment, 1_000), json!({"vnp_Amount": 100_000, "vnp_TransactionNo": number})),
        // VNPAY's samples do not agree on how an unknown number is sent (2.2).
        with(&refund_of(&payment, 1_000), json!({"vnp_TransactionNo": null})),
        with(&refund_of(&payment, 1_000), json!({"vnp_TransactionNo": ""})),
        with(&refund_of(&payment, 1_000), json!({"vnp_TransactionNo": "0"})),
        upper,
    ] {
        assert_eq!(merchant.send(&body).await.json()["vnp_ResponseCode"], "00", "{body}");
    }
    assert_eq!(merchant.vnpay.moved("HD0001"), 5);
}

#[tokio::test]
async fn a_wrong_hash_is_answered_without_one_or_with_one() {
    let merchant = Merchant::start().await;
    let body = unsigned(&refund_of(&merchant.paid("HD0001"), 100_000), json!({"vnp_CreateBy": "hoa"}));
    for signed in [false, true] {
        merchant.vnpay.set(|settings| settings.signed_97 = signed);
        let answer = merchant.send(&body).await.json();
        assert_eq!((&answer["vnp_ResponseCode"], is_signed(&answer)), (&json!("97"), signed));
    }
}

#[tokio::test]
async fn a_duplicate_is_a_day_or_a_window_or_a_transaction() {
    let merchant = Merchant::start().await;
    merchant.vnpay.set(|settings| settings.refund_limit = 9);
    let payment = merchant.paid("HD0001");
    let code = async |body: &Value| match merchant.send(body).await {
        Seen::Answer { body, .. } if body == DUPLICATE => "duplicate".to_string(),
        seen => seen.json()["vnp_ResponseCode"].as_str().unwrap().to_string(),
    };
    let ahead = |by| merchant.vnpay.set(|settings| settings.ahead += by);
    // One id on one day, whatever the time between.
    let midnight = {
        let now = chrono::Utc::now() + TimeDelta::hours(7);
        now.date_naive().succ_opt().unwrap().and_hms_opt(0, 0, 1).unwrap() - now.naive_utc()
    };
    let first = refund_of(&payment, 1_000);
    assert_eq!(code(&first).await, "00");
    assert_eq!(code(&first).await, "duplicate");
    ahead(midnight - TimeDelta::seconds(30));
    assert_eq!(code(&first).await, "duplicate");
    ahead(TimeDelta::seconds(60));
    assert_eq!(code(&first).await, "00");

    merchant.vnpay.set(|settings| settings.duplicates = Duplicates::Id);
    let second = refund_of(&payment, 1_000);
    assert_eq!(code(&second).await, "00");
    ahead(TimeDelta::seconds(290));
    assert_eq!(code(&second).await, "duplicate");
    ahead(TimeDelta::seconds(20));
    assert_eq!(code(&second).await, "00");

    merchant.vnpay.set(|settings| settings.duplicates = Duplicates::Transaction);
    assert_eq!(code(&refund_of(&payment, 1_000)).await, "00");
    assert_eq!(code(&refund_of(&payment, 1_000)).await, "duplicate");
    // A look-up is another command, and another payment another transaction.
    assert_eq!(code(&query_of(&payment, "")).await, "00");
    assert_eq!(code(&query_of(&payment, "")).await, "duplicate");
    assert_eq!(code(&refund_of(&merchant.paid("HD0002"), 1_000)).await, "00");
    ahead(TimeDelta::seconds(310));
    assert_eq!(code(&refund_of(&payment, 1_000)).await, "00");
    assert_eq!(merchant.vnpay.moved("HD0001"), 6);
}

#[tokio::test]
async fn the_answers_91_and_94_lack_what_was_seen_to_be_missing() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refund(&payment, 1_000).await;
    let unknown = with(&refund_of(&payment, 1_000), json!({"vnp_TxnRef": "NOSUCHORDER"}));
    let missing = merchant.send(&unknown).await.json();
    assert_eq!(missing["vnp_Message"], "Transaction not found");
    let again = merchant.refund(&payment, 1_000).await;
    assert_eq!(again["vnp_Message"], "Too many refund count (>0)");
    for (answer, absent) in [
        (missing, &["BankCode", "PayDate", "TransactionNo", "TransactionType", "TransactionStatus", "OrderInfo"][..]),
        (again, &["PayDate", "TransactionNo", "TransactionType", "TransactionStatus"]),
    ] {
        assert!(absent.iter().all(|key| answer.get(format!("vnp_{key}")).is_none()), "{answer}");
        assert!(is_signed(&answer), "{answer}");
    }
}

#[tokio::test]
async fn refunds_stay_within_the_payment_and_the_code_for_it_can_be_set() {
    let merchant = Merchant::start().await;
    merchant.vnpay.set(|settings| settings.refund_limit = 9);
    let payment = merchant.paid("HD0001");
    let code = async |body: Value| merchant.send(&body).await.json()["vnp_ResponseCode"].clone();
    let full = |amount| with(&refund_of(&payment, amount), json!({"vnp_TransactionType": "02"}));
    assert_eq!(code(full(99_000)).await, "93");
    assert_eq!(code(refund_of(&payment, 60_000)).await, "00");
    assert_eq!(code(refund_of(&payment, 40_001)).await, "02");
    assert_eq!(code(full(40_000)).await, "04");
    assert_eq!(code(refund_of(&payment, 100_001)).await, "93");
    merchant.vnpay.set(|settings| settings.amount_code = Some("99".into()));
    assert_eq!(code(refund_of(&payment, 40_001)).await, "99");
    assert_eq!(code(refund_of(&payment, 40_000)).await, "00");
    assert_eq!(code(refund_of(&payment, 1)).await, "99");
    assert_eq!(merchant.vnpay.statement().payments[0].refunded, 100_000);
}

#[tokio::test]
async fn a_rejected_refund_moves_nothing_and_leaves_room_for_another() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refund(&payment, 100_000).await;
    assert_eq!(merchant.refund(&payment, 100_000).await["vnp_ResponseCode"], "94");
    assert_eq!(merchant.vnpay.settle("HD0001", "09").as_deref(), Some("09"));
    assert_eq!(merchant.vnpay.moved("HD0001"), 0);
    assert_eq!(merchant.refund(&payment, 100_000).await["vnp_ResponseCode"], "00");
    assert_eq!(merchant.vnpay.moved("HD0001"), 1);
}

#[tokio::test]
async fn what_is_no_call_is_not_answered_as_one() {
    let merchant = Merchant::start().await;
    let (addr, ca) = (merchant.vnpay.addr(), merchant.vnpay.ca());
    let get = "GET /merchant_webapi/api/transaction HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_eq!(crate::wire::send(addr, ca, get).await.status(), Some(405));
    assert_eq!(crate::wire::post(addr, ca, "/merchant_webapi/merchant.html", "", "{}").await.status(), Some(404));
}

#[tokio::test]
async fn books_outlive_the_service_and_know_what_happened() {
    let dir = tempfile::tempdir().unwrap();
    let certs = vietqr_edge_sandbox::certs::Certs::create(dir.path(), &[]).unwrap();
    let vnpay = Vnpay::open(VnpayOptions::new(&certs)).await.unwrap();
    vnpay.pay(Payment::new("HD0001", 1_000));
    let (books, port) = (vnpay.books(), vnpay.addr().port());
    vnpay.stop().await;
    let mut options = VnpayOptions { books, ..VnpayOptions::new(&certs) };
    options.place.port = port;
    let vnpay = Vnpay::open(options).await.unwrap();
    assert_eq!((vnpay.statement().payments.len(), vnpay.addr().port()), (1, port));
}
