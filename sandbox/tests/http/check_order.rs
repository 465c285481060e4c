//! `api/transactions/check-order`.

use crate::client::{ACCOUNT, Partner, by_reference, md5, refund_of, with};
use serde_json::{Value, json};
use vietqr_edge_sandbox::vietqr::Bdsd;
use vietqr_edge_sandbox::vietqr::http::{HttpQuirk, Payment};

#[tokio::test]
async fn a_payment_is_found_by_reference_and_by_order_with_its_figures() {
    let partner = Partner::start().await;
    let bdsd = Bdsd::credit(25_000).reference("FT1").order("HD7");
    partner.http.bank().pay(Payment::from(&bdsd));
    let paid = Payment::from(&bdsd).paid_at.timestamp();
    let expected = json!([{"referenceNumber": "FT1", "orderId": "HD7", "amount": 25_000, "content": "thanh toan",
        "transType": "C", "status": 1, "type": 0, "timeCreated": paid, "timePaid": paid, "terminalCode": "VVB123456",
        "note": "", "refundCount": 0, "amountRefunded": 0}]);
    assert_eq!(partner.check_order(&by_reference("FT1")).await.json(), expected);
    for kind in [json!(0), json!("0")] {
        let body = with(by_reference("HD7"), json!({"type": kind}));
        assert_eq!(partner.check_order(&body).await.json(), expected);
    }
    assert_eq!(partner.check_order(&with(by_reference("FT1"), json!({"type": "1"}))).await.json(), expected);
}

#[tokio::test]
async fn every_failure_has_its_code() {
    let mut partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let right = by_reference(&reference);
    for (members, code) in [
        (json!({"value": ""}), "E46"),
        (json!({"value": 7}), "E46"),
        (json!({"bankAccount": null}), "E46"),
        (json!({"checkSum": null}), "E46"),
        (json!({"bankAccount": "999", "checkSum": md5("999customer-demo-user01")}), "E77"),
        (json!({"checkSum": md5("1234567890")}), "E39"),
        (json!({"checkSum": md5("1234567890customer-demo-user01").to_uppercase()}), "E39"),
        (json!({"type": 2}), "E95"),
        (json!({"type": "x"}), "E95"),
        (json!({"value": "FT-unknown"}), "E96"),
        // An order's id is no reference.
        (json!({"value": "HD0001"}), "E96"),
    ] {
        assert_eq!(partner.check_order(&with(right.clone(), members.clone())).await.code(), code, "{members}");
    }
    assert_eq!(partner.check_order(&json!("no object")).await.code(), "E46");
    partner.token.push('x');
    assert_eq!(partner.check_order(&right).await.code(), "E74");
}

#[tokio::test]
async fn quirks_change_the_form_and_not_the_figures() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let message = partner.refund(&refund_of(&reference, 10_000)).await.json()["message"].clone();
    let plain = partner.check_order(&by_reference(&reference)).await.json();
    assert_eq!((&plain[0]["refundCount"], &plain[0]["amountRefunded"]), (&json!(1), &json!(10_000)));

    partner.http.set(|settings| settings.quirks = vec![HttpQuirk::ObjectAnswer]);
    assert_eq!(partner.check_order(&by_reference(&reference)).await.json(), plain[0]);

    partner.http.set(|settings| settings.quirks = vec![HttpQuirk::TextFigures]);
    let text = partner.check_order(&by_reference(&reference)).await.json();
    assert!(text[0].as_object().unwrap().values().all(Value::is_string), "{text}");
    assert_eq!(text[0]["amountRefunded"], "10000");

    partner.http.set(|settings| settings.quirks = vec![HttpQuirk::RefundsListed]);
    let listed = partner.check_order(&by_reference(&reference)).await.json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]), (2, &plain[0]));
    assert_eq!((&listed[1]["type"], &listed[1]["transType"]), (&json!(6), &json!("D")));
    assert_eq!((&listed[1]["amount"], &listed[1]["referenceNumber"]), (&json!(10_000), &message));
}

#[tokio::test]
async fn another_account_with_the_same_reference_is_another_payment() {
    let partner = Partner::start().await;
    partner.http.set(|s| s.accounts.push(("555".into(), vietqr_edge_sandbox::vietqr::http::Standing::MayRefund)));
    for (account, amount) in [(ACCOUNT, 1_000), ("555", 2_000), ("555", 3_000)] {
        partner.http.bank().pay(Payment::from(&Bdsd::credit(amount).account(account).reference("FT1")));
    }
    let body = with(by_reference("FT1"), json!({"bankAccount": "555", "checkSum": md5("555customer-demo-user01")}));
    let found = partner.check_order(&body).await.json();
    assert_eq!((found.as_array().unwrap().len(), &found[0]["amount"]), (1, &json!(2_000)));
}
