//! Refunds at VNPAY: the real daemon on one side, the sandbox's VNPAY on the other.

use super::daemon::Town;
use serde_json::{Value, json};
use std::time::Duration;
use vietqr_edge_sandbox::vnpay::{Call, Fault, Payment, Records};

const PAID: u64 = 100_000;

/// A payment at VNPAY, and a request for this much of it.
fn paid(town: &Town, reference: &str, amount: u64) -> Value {
    let payment = town.vnpay.pay(Payment::new(reference, PAID));
    json!({"request_id": format!("r-{reference}"), "provider": "vnpay", "txn_ref": reference,
        "transaction_date": payment.transaction_date, "original_amount": PAID, "amount": amount,
        "reason": "khách trả hàng", "operator": "lan"})
}

fn calls(town: &Town, call: Call) -> usize {
    town.vnpay.handled().iter().filter(|handled| handled.call == Some(call)).count()
}

#[tokio::test]
async fn a_refund_goes_from_accepted_to_done_and_everything_about_it_can_be_shown() {
    let town = Town::open(|config| config).await;
    let id = town.ask(&paid(&town, "HD1", 40_000)).await;
    town.refund(&id, |refund| refund["state"] == "pending").await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["evidence"]["kind"]), (&json!("succeeded"), &json!("look_up")), "{refund:#}");
    let movement = &town.vnpay.statement().movements[0];
    assert_eq!((town.vnpay.moved("HD1"), movement.amount), (1, 40_000));
    assert_eq!(refund["attempts"][0]["reference"], json!(movement.refund), "VNPAY's number is kept");
    let sent: Value = serde_json::from_str(movement.request.as_ref().unwrap()).unwrap();
    assert_eq!((&sent["vnp_TransactionType"], &sent["vnp_OrderInfo"]), (&json!("03"), &json!("khach tra hang")));
    let texts: Vec<&str> =
        refund["calls"].as_array().unwrap().iter().map(|call| call["text"].as_str().unwrap()).collect();
    assert!(texts[0].contains("\"vnp_TxnRef\":\"HD1\"") && texts[1].starts_with("HTTP 200 "), "{texts:?}");
    let hash = sent["vnp_SecureHash"].as_str().unwrap();
    assert!(texts.iter().all(|text| !text.contains(hash)), "{texts:?}");
    // The whole rest in one is a partial refund too; VNPAY allows one refund of a payment here.
    let full = town.ask(&paid(&town, "HD2", PAID)).await;
    assert_eq!(town.ended(&full).await["state"], "succeeded");
    let sent = town.vnpay.statement().movements[1].request.clone().unwrap();
    assert!(sent.contains(r#""vnp_TransactionType":"02""#), "{sent}");
}

#[tokio::test]
async fn an_answer_lost_after_processing_ends_succeeded_with_one_movement() {
    let town = Town::open(|config| config).await;
    for (n, fault) in [
        Fault::ProcessAndClose,
        Fault::AnswerLate,
        Fault::ExecuteLate,
        Fault::Error500After,
        Fault::GarbageAfter,
        Fault::HalfHeader,
        Fault::HalfBody,
        Fault::SlowBody,
        Fault::CorruptHash,
        Fault::NoHash,
        Fault::WrongAmount,
        Fault::WrongReference,
        Fault::Error98After,
        Fault::Error99After,
        Fault::DuplicateAfter,
        Fault::Processing,
    ]
    .into_iter()
    .enumerate()
    {
        let reference = format!("HD{n}");
        let body = paid(&town, &reference, 40_000);
        town.vnpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&body).await;
        let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
        assert_eq!((town.vnpay.moved(&reference), &refund["attempt_count"]), (1, &json!(1)), "{fault}: {refund:#}");
        assert_eq!(refund["evidence"]["kind"], "look_up", "{fault}");
    }
}

#[tokio::test]
async fn an_answer_lost_before_processing_ends_in_review_and_is_never_sent_again() {
    let town = Town::open(|config| config).await;
    for (n, fault) in [
        Fault::CloseBeforeReading,
        Fault::ReadAndClose,
        Fault::Error500Before,
        Fault::GarbageBefore,
        Fault::Redirect,
        Fault::Error98Before,
        Fault::Error99Before,
        Fault::DuplicateBefore,
    ]
    .into_iter()
    .enumerate()
    {
        let reference = format!("HD{n}");
        let body = paid(&town, &reference, 40_000);
        let before = calls(&town, Call::Refund);
        town.vnpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&body).await;
        let refund = town.ended(&id).await;
        assert_eq!(
            (&refund["state"], &refund["code"]),
            (&json!("review"), &json!("unresolved")),
            "{fault}: {refund:#}"
        );
        assert_eq!((town.vnpay.moved(&reference), &refund["attempt_count"]), (0, &json!(1)), "{fault}");
        assert!(calls(&town, Call::Refund) <= before + 1, "{fault}: never sent again");
        assert_eq!(refund["looked_up"][0]["code"], "payment_only", "{fault}: {refund:#}");
    }
}

#[tokio::test]
async fn answers_in_other_forms_are_read_and_what_was_not_sent_is_sent_again() {
    let town = Town::open(|config| config).await;
    for (n, (fault, attempts)) in
        [(Fault::UpperCaseHash, 1), (Fault::NumberFields, 1), (Fault::ExtraFields, 1), (Fault::Refuse, 2)]
            .into_iter()
            .enumerate()
    {
        let reference = format!("HD{n}");
        let body = paid(&town, &reference, 40_000);
        town.vnpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&body).await;
        let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
        assert_eq!(
            (town.vnpay.moved(&reference), &refund["attempt_count"]),
            (1, &json!(attempts)),
            "{fault}: {refund:#}"
        );
        assert!(!refund.to_string().contains("9704198526191432198"), "{fault}: card data was kept: {refund:#}");
    }
}

#[tokio::test]
async fn refusals_end_it_and_what_vnpay_rejects_later_did_not_move() {
    let town = Town::open(|config| config).await;
    town.vnpay.set(|settings| settings.refund_limit = 0);
    let id = town.ask(&paid(&town, "HD1", 40_000)).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["code"]), (&json!("failed"), &json!("94")), "{refund:#}");
    town.vnpay.set(|settings| {
        settings.refund_limit = 1;
        settings.course = ["05", "09"].map(String::from).to_vec();
    });
    let id = town.ask(&paid(&town, "HD2", 40_000)).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["code"]), (&json!("failed"), &json!("00/09")), "{refund:#}");
    // querydr that never tells a refund proves nothing, also where the money moved.
    town.vnpay.set(|settings| settings.records = Records::Payment);
    town.vnpay.set(|settings| settings.course = vec!["00".to_owned()]);
    let body = paid(&town, "HD3", 40_000);
    town.vnpay.fault(Call::Refund, Fault::ProcessAndClose).unwrap();
    let id = town.ask(&body).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], town.vnpay.moved("HD3")), (&json!("review"), 1), "{refund:#}");
    assert_eq!((town.vnpay.moved("HD1"), town.vnpay.moved("HD2")), (0, 0));
}

#[tokio::test]
async fn asked_too_often_the_refund_stays_queued_and_vnpay_is_left_alone() {
    let town = Town::open(|config| config).await;
    let body = paid(&town, "HD1", 40_000);
    town.vnpay.fault(Call::QueryDr, Fault::DuplicateBefore).unwrap();
    let id = town.ask(&body).await;
    // Another payment's refund is not held up by it.
    let other = town.ask(&paid(&town, "HD2", 40_000)).await;
    town.refund(&other, |refund| refund["state"] == "succeeded").await;
    let asked = town.vnpay.handled().iter().filter(|handled| handled.body.contains("\"HD1\"")).count();
    assert_eq!(asked, 1, "once, and not again before five minutes");
    let refund = town.get(&format!("/v1/refunds/{id}")).await.unwrap();
    assert_eq!((&refund["state"], &refund["attempt_count"]), (&json!("queued"), &json!(0)));
    let cancel = json!({"reason": "nhầm", "operator": "lan"});
    let (status, refund) = town.post(&format!("/v1/refunds/{id}/cancel"), &cancel).await.unwrap();
    assert_eq!((status, &refund["state"], town.vnpay.moved("HD1")), (200, &json!("refused"), 0), "{refund:#}");
}

#[tokio::test]
async fn two_refunds_of_one_payment_are_five_minutes_apart() {
    let town = Town::open(|config| config).await;
    town.vnpay.set(|settings| settings.refund_limit = 2);
    let mut body = paid(&town, "HD1", 40_000);
    let first = town.ask(&body).await;
    town.refund(&first, |refund| refund["state"] == "succeeded").await;
    let asked = || town.vnpay.handled().iter().filter(|handled| handled.body.contains("\"HD1\"")).count();
    let before = asked();
    body["request_id"] = json!("r-second");
    let second = town.ask(&body).await;
    let other = town.ask(&paid(&town, "HD2", 40_000)).await;
    town.refund(&other, |refund| refund["state"] == "succeeded").await;
    let refund = town.get(&format!("/v1/refunds/{second}")).await.unwrap();
    assert_eq!((&refund["state"], asked(), town.vnpay.moved("HD1")), (&json!("queued"), before, 1), "{refund:#}");
}

#[tokio::test]
async fn a_wrong_date_or_amount_of_the_payment_moves_nothing_it_should_not() {
    let town = Town::open(|config| config).await;
    let right = paid(&town, "HD1", 40_000);
    let mut wrong = right.clone();
    wrong["transaction_date"] = json!("20200101000000");
    wrong["request_id"] = json!("r-wrong");
    let id = town.ask(&wrong).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["code"]), (&json!("failed"), &json!("not_found")), "{refund:#}");
    // Nothing was sent for it: the right date may be named now. From then on it stands.
    let id = town.ask(&right).await;
    town.refund(&id, |refund| refund["state"] == "succeeded").await;
    let mut other = right.clone();
    (other["request_id"], other["original_amount"]) = (json!("r-other"), json!(200_000));
    let (status, problem) = town.post("/v1/refunds", &other).await.unwrap();
    assert_eq!((status, &problem["code"]), (409, &json!("original_conflict")), "{problem:#}");
    // More than VNPAY says was paid.
    let mut more = paid(&town, "HD2", 150_000);
    more["original_amount"] = json!(200_000);
    let id = town.ask(&more).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["code"]), (&json!("refused"), &json!("more_than_left")), "{refund:#}");
    assert_eq!((town.vnpay.moved("HD1"), town.vnpay.moved("HD2")), (1, 0));
}

#[tokio::test]
async fn killed_while_the_call_is_under_way_it_is_found_and_not_sent_again() {
    let mut town = Town::open(|config| config).await;
    town.vnpay.set(|settings| settings.answer_late = Duration::from_secs(30));
    let body = paid(&town, "HD1", 40_000);
    town.vnpay.fault(Call::Refund, Fault::AnswerLate).unwrap();
    let id = town.ask(&body).await;
    town.refund(&id, |refund| refund["state"] == "sending").await;
    while town.vnpay.moved("HD1") == 0 {
        super::daemon::look().await;
    }
    town.kill();
    town.start();
    let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
    assert_eq!((town.vnpay.moved("HD1"), &refund["attempt_count"]), (1, &json!(1)), "{refund:#}");
}
