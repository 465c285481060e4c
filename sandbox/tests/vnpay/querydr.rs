//! `querydr`: which record it tells, and how a refund goes on.

use crate::merchant::{Merchant, is_signed, query_of, refund_of, unsigned, with};
use serde_json::{Value, json};
use vietqr_edge_sandbox::provider::Pace;
use vietqr_edge_sandbox::vnpay::{Payment, Records};

/// Type, status, number and amount.
fn record(answer: &Value) -> [&str; 4] {
    assert!(is_signed(answer), "{answer}");
    let keys = ["vnp_TransactionType", "vnp_TransactionStatus", "vnp_TransactionNo", "vnp_Amount"];
    keys.map(|key| answer[key].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_payment_without_a_refund_is_told_whatever_its_status() {
    let merchant = Merchant::start().await;
    let promotion = Some(("PROMO1".to_string(), 10_000));
    let payment = merchant.vnpay.pay(Payment { promotion, status: "01".into(), ..Payment::new("HD0001", 100_000) });
    let answer = merchant.query(&payment, "").await;
    assert_eq!(record(&answer), ["01", "01", &payment.transaction_no, "10000000"]);
    for (key, expected) in [
        ("ResponseCode", "00"),
        ("Message", "QueryDR Success"),
        ("Command", "querydr"),
        ("PayDate", &payment.pay_date),
        ("OrderInfo", "Thanh toan don hang HD0001"),
        ("PromotionCode", "PROMO1"),
        ("PromotionAmount", "1000000"),
    ] {
        assert_eq!(answer[format!("vnp_{key}")], json!(expected), "{key}");
    }
    assert!(merchant.query(&merchant.paid("HD0002"), "").await.get("vnp_PromotionCode").is_none());
}

#[tokio::test]
async fn the_checks_are_those_of_a_refund() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let right = query_of(&payment, "");
    let used = query_of(&payment, "");
    merchant.send(&used).await;
    for (body, code, signed) in [
        (unsigned(&right, json!({"vnp_OrderInfo": null})), "03", true),
        (unsigned(&right, json!({"vnp_TmnCode": "OTHER001"})), "02", false),
        (unsigned(&right, json!({"vnp_IpAddr": "203.0.113.8"})), "97", false),
        (used, "94", false),
        (with(&query_of(&payment, ""), json!({"vnp_TxnRef": "NOSUCHORDER"})), "91", true),
        (with(&query_of(&payment, ""), json!({"vnp_TransactionDate": "20240101000000"})), "91", true),
        (query_of(&payment, "99"), "91", true),
        // The number is not in the hash (2.4).
        (unsigned(&right, json!({"vnp_TransactionNo": payment.transaction_no})), "00", true),
    ] {
        let answer = merchant.send(&body).await.json();
        assert_eq!((&answer["vnp_ResponseCode"], is_signed(&answer)), (&json!(code), signed), "{answer}");
    }
}

#[tokio::test]
async fn a_refund_goes_on_with_each_look_up_and_stays_at_its_last_status() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let refund = merchant.refund(&payment, 40_000).await;
    let number = refund["vnp_TransactionNo"].as_str().unwrap().to_string();
    for status in ["06", "00", "00"] {
        assert_eq!(record(&merchant.query(&payment, &number).await), ["03", status, &number, "4000000"]);
    }

    merchant.vnpay.set(|settings| settings.course = vec!["05".into(), "09".into()]);
    let rejected = merchant.paid("HD0002");
    merchant.refund(&rejected, 100_000).await;
    assert_eq!(merchant.vnpay.moved("HD0002"), 0);
    assert_eq!(record(&merchant.query(&rejected, "").await)[..2], ["02", "09"]);
}

#[tokio::test]
async fn by_hand_a_refund_goes_on_only_when_told_to() {
    let merchant = Merchant::start().await;
    merchant.vnpay.set(|settings| settings.pace = Pace::ByHand);
    let payment = merchant.paid("HD0001");
    assert_eq!(merchant.vnpay.step("HD0001"), None);
    merchant.refund(&payment, 100_000).await;
    for status in ["05", "06", "00"] {
        for _ in 0..2 {
            assert_eq!(record(&merchant.query(&payment, "").await)[1], status);
        }
        merchant.vnpay.step("HD0001");
    }
}

#[tokio::test]
async fn which_record_is_told_can_be_set() {
    let merchant = Merchant::start().await;
    merchant.vnpay.set(|settings| (settings.refund_limit, settings.pace) = (2, Pace::ByHand));
    let payment = merchant.paid("HD0001");
    let mut numbers = vec![payment.transaction_no.clone()];
    for amount in [10_000, 20_000] {
        numbers.push(merchant.refund(&payment, amount).await["vnp_TransactionNo"].as_str().unwrap().to_string());
    }
    for (records, told) in [
        // Asked with: no number, the payment's, the first refund's, the second one's.
        (Records::Latest, [2, 0, 1, 2]),
        (Records::ByNumber, [0, 0, 1, 2]),
        (Records::Payment, [0, 0, 0, 0]),
    ] {
        merchant.vnpay.set(|settings| settings.records = records);
        for (asked, told) in ["", &numbers[0], &numbers[1], &numbers[2]].into_iter().zip(told) {
            let answer = merchant.query(&payment, asked).await;
            assert_eq!(record(&answer)[2], numbers[told], "{records:?} {asked}");
        }
    }
}

#[tokio::test]
async fn a_refund_made_elsewhere_is_found_and_is_no_request_of_ours() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let control = vietqr_edge_sandbox::provider::Control::listen;
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("control.sock");
    let _control = control(&socket, vec![merchant.vnpay.obeys()]).unwrap();
    let order =
        |amount| vietqr_edge_sandbox::provider::Order::<vietqr_edge_sandbox::vnpay::VnpayDesk>::RefundElsewhere {
            account: "DEMO0001".into(),
            reference: "HD0001".into(),
            amount,
        };
    let statement = vietqr_edge_sandbox::provider::ask(&socket, &order(30_000)).await.unwrap();
    assert_eq!((statement.moved("HD0001"), &statement.movements[0].request), (1, &None));
    let too_much = vietqr_edge_sandbox::provider::ask(&socket, &order(70_001)).await.unwrap_err();
    assert!(too_much.to_string().contains("expected 1 to 70000"), "{too_much}");
    assert_eq!(record(&merchant.query(&payment, "").await)[..2], ["03", "00"]);
    assert_eq!(merchant.send(&refund_of(&payment, 1_000)).await.json()["vnp_Message"], "Too many refund count (>0)");
}
