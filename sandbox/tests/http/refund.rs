//! `api/transaction/refund`, and the money behind it.

use crate::client::{ACCOUNT, Partner, md5, refund_of, until, with};
use serde_json::json;
use std::time::Duration;
use vietqr_edge_sandbox::mqtt::{Broker, BrokerOptions};
use vietqr_edge_sandbox::vietqr::http::{HttpQuirk, Standing};
use vietqr_edge_sandbox::vietqr::{Bdsd, Cloud, Fault, Quirk};

#[tokio::test]
async fn a_refund_moves_money_once_and_the_bank_knows_which_request_did_it() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let before = chrono::Utc::now();
    let body = refund_of(&reference, 25_000);
    let answer = partner.refund(&body).await;
    assert_eq!(answer.status(), Some(200));
    let movements = partner.http.bank().movements();
    let [moved] = &movements[..] else { panic!("{movements:?}") };
    assert_eq!((&moved.account[..], &moved.reference, moved.amount), (ACCOUNT, &reference, 25_000));
    assert_eq!(moved.request.as_deref(), Some(&body.to_string()[..]));
    assert!((before..=chrono::Utc::now()).contains(&moved.at));
    assert_eq!(answer.json(), json!({"status": "SUCCESS", "message": moved.refund}));
    assert!(moved.refund.starts_with("FT") && moved.refund != reference);
    assert_eq!(partner.figures(&reference).await, (json!(1), json!(25_000)));
}

#[tokio::test]
async fn every_refusal_has_its_code_and_moves_nothing() {
    let mut partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let right = refund_of(&reference, 25_000);
    for (members, code) in [
        (json!({"amount": 25_000}), "E46"),
        (json!({"amount": "", }), "E46"),
        (json!({"content": null}), "E46"),
        (json!({"bankCode": null}), "E46"),
        (json!({"multiTimes": "true"}), "E46"),
        (json!({"amount": "2,5", "checkSum": md5(&format!("sk_demo_1{reference}2,51234567890"))}), "E46"),
        (json!({"amount": "0", "checkSum": md5(&format!("sk_demo_1{reference}01234567890"))}), "E46"),
        (json!({"bankAccount": "999"}), "E77"),
        (json!({"amount": "24999"}), "E39"),
        (json!({"checkSum": right["checkSum"].as_str().unwrap().to_uppercase()}), "E39"),
    ] {
        assert_eq!(partner.refund(&with(right.clone(), members.clone())).await.code(), code, "{members}");
    }
    assert_eq!(partner.refund(&refund_of("FT-unknown", 1)).await.code(), "E44");
    assert_eq!(partner.refund(&refund_of(&reference, 25_001)).await.code(), "E45");
    for (standing, code) in [(Standing::NoPermission, "E42"), (Standing::NoMerchant, "E104")] {
        partner.http.set(|settings| settings.accounts = vec![(ACCOUNT.to_string(), standing)]);
        assert_eq!(partner.refund(&right).await.code(), code);
    }
    partner.http.set(|settings| {
        settings.accounts = vec![(ACCOUNT.to_string(), Standing::MayRefund)];
        settings.quirks = vec![HttpQuirk::OldChecksumCode];
    });
    assert_eq!(partner.refund(&with(right.clone(), json!({"checkSum": "x"}))).await.code(), "E41");
    let token = std::mem::take(&mut partner.token);
    assert_eq!(partner.refund(&right).await.code(), "E74");
    assert!(partner.http.bank().movements().is_empty());
    // Nothing of all that was in the way of the one that is right.
    partner.token = token;
    assert_eq!(partner.refund(&right).await.status(), Some(200));
}

#[tokio::test]
async fn a_second_refund_is_in_progress_for_the_window_and_after_it_a_new_one() {
    let partner = Partner::start().await;
    let (reference, other) = (partner.paid(25_000), partner.paid(25_000));
    partner.http.set(|settings| settings.refund_window = Duration::from_secs(3600));
    let first = with(refund_of(&reference, 1_000), json!({"multiTimes": true}));
    assert_eq!(partner.refund(&first).await.status(), Some(200));
    assert_eq!(partner.refund(&refund_of(&reference, 1_000)).await.code(), "E158");
    assert_eq!(partner.refund(&refund_of(&other, 1_000)).await.status(), Some(200));

    partner.http.set(|settings| settings.refund_window = Duration::from_millis(100));
    let third = partner.paid(25_000);
    let first = with(refund_of(&third, 1_000), json!({"multiTimes": true}));
    assert_eq!(partner.refund(&first).await.status(), Some(200));
    let again = refund_of(&third, 1_000);
    until("a second refund", async || partner.refund(&again).await.status() == Some(200)).await;
    assert_eq!(partner.figures(&third).await, (json!(2), json!(2_000)));
    assert_eq!(partner.moved(&third), 2);
}

#[tokio::test]
async fn the_amounts_of_all_refunds_stay_within_the_payment() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let first = with(refund_of(&reference, 10_000), json!({"multiTimes": true}));
    assert_eq!(partner.refund(&first).await.status(), Some(200));
    assert_eq!(partner.http.bank().refund_elsewhere(ACCOUNT, &reference, 10_000).map(|_| ()), Ok(()));
    assert_eq!(partner.refund(&refund_of(&reference, 5_001)).await.code(), "E45");
    assert_eq!(partner.http.bank().refund_elsewhere(ACCOUNT, &reference, 5_001), Err("E45"));
    assert_eq!(partner.refund(&refund_of(&reference, 5_000)).await.status(), Some(200));
    assert_eq!(partner.refund(&refund_of(&reference, 1)).await.code(), "E45");
    assert_eq!(partner.figures(&reference).await, (json!(3), json!(25_000)));
}

#[tokio::test]
async fn only_the_first_refund_can_allow_more_of_them() {
    let partner = Partner::start().await;
    let multi = |reference: &str| with(refund_of(reference, 1_000), json!({"multiTimes": true}));
    let closed = partner.paid(25_000);
    assert_eq!(partner.refund(&refund_of(&closed, 1_000)).await.status(), Some(200));
    assert_eq!(partner.refund(&refund_of(&closed, 1_000)).await.code(), "E43");
    assert_eq!(partner.refund(&multi(&closed)).await.code(), "E46");
    assert_eq!(partner.moved(&closed), 1);

    let open = partner.paid(25_000);
    assert_eq!(partner.refund(&multi(&open)).await.status(), Some(200));
    assert_eq!(partner.refund(&multi(&open)).await.code(), "E46");
    assert_eq!(partner.refund(&with(refund_of(&open, 1_000), json!({"multiTimes": false}))).await.status(), Some(200));
    assert_eq!(partner.moved(&open), 2);
}

#[tokio::test]
async fn a_refund_made_elsewhere_is_in_the_figures_and_is_no_request_of_ours() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let refund = partner.http.bank().refund_elsewhere(ACCOUNT, &reference, 7_000).unwrap();
    assert_eq!(partner.figures(&reference).await, (json!(1), json!(7_000)));
    let movements = partner.http.bank().movements();
    assert_eq!((&movements[0].refund, &movements[0].request), (&refund, &None));
    // It is not the first one over the interface.
    let first = with(refund_of(&reference, 1_000), json!({"multiTimes": true}));
    assert_eq!(partner.refund(&first).await.status(), Some(200));
}

#[tokio::test]
async fn older_servers_tell_the_reference_of_the_payment() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    partner.http.set(|settings| settings.quirks = vec![HttpQuirk::OriginalReference]);
    assert_eq!(partner.refund(&refund_of(&reference, 1)).await.json()["message"], json!(reference));
}

#[tokio::test]
async fn a_payment_that_is_told_of_is_at_the_bank_first_and_once() {
    let partner = Partner::start().await;
    let broker = Broker::start(BrokerOptions::default()).await.unwrap();
    let cloud = Cloud::connect(&broker.url(), None, "", "").await.unwrap().with_bank(partner.http.bank());
    cloud.pay(&Bdsd::credit(1_000).reference("FT1").quirk(Quirk::HiddenAmount)).await.unwrap();
    cloud.pay_with(&Bdsd::credit(2_000).reference("FT2"), Fault::Duplicate).await.unwrap();
    cloud.pay_with(&Bdsd::credit(3_000).reference("FT3"), Fault::OutOfOrder).await.unwrap();
    cloud.pay_with(&Bdsd::credit(4_000).reference("FT4"), Fault::ForeignAccount).await.unwrap();
    cloud.pay(&Bdsd::credit(5_000).reference("FT5").quirk(Quirk::Debit)).await.unwrap();
    let payments = partner.http.bank().payments();
    let got = payments.iter().map(|p| (&p.reference[..], p.amount, &p.account[..])).collect::<Vec<_>>();
    assert_eq!(
        got,
        [
            ("FT1", 1_000, ACCOUNT),
            ("FT2", 2_000, ACCOUNT),
            ("FT3", 3_000, ACCOUNT),
            ("FT3E", 3_000, ACCOUNT),
            ("FT4", 4_000, "9999999999")
        ]
    );
}
