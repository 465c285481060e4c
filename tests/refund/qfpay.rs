//! Refunds at QFPay: the real daemon on one side, the sandbox's QFPay on the other.

use super::daemon::Town;
use serde_json::{Value, json};
use vietqr_edge_sandbox::qfpay::{Call, Fault, Payment};

const PAID: u64 = 1000;

/// A payment at QFPay: its number.
fn paid(town: &Town, reference: &str) -> String {
    town.qfpay.pay(Payment::new(reference, PAID)).syssn
}

fn ask(request_id: &str, syssn: &str, amount: u64) -> Value {
    json!({"request_id": request_id, "provider": "qfpay", "syssn": syssn, "original_amount": PAID, "currency": "HKD",
        "amount": amount, "reason": "khách trả hàng", "operator": "lan"})
}

fn refund_calls(town: &Town) -> usize {
    town.qfpay.handled().iter().filter(|handled| handled.call == Some(Call::Refund)).count()
}

#[tokio::test]
async fn parts_of_a_payment_go_back_until_nothing_is_left() {
    let town = Town::open(|config| config).await;
    let syssn = paid(&town, "P1");
    let id = town.ask(&ask("r-1", &syssn, 300)).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["evidence"]["kind"]), (&json!("succeeded"), &json!("answer")), "{refund:#}");
    assert_eq!((&refund["amount"], &refund["currency"]), (&json!(300), &json!("HKD")));
    let (status, problem) = town.post("/v1/refunds", &ask("r-2", &syssn, 701)).await.unwrap();
    assert_eq!((status, &problem["code"]), (422, &json!("more_than_left")), "{problem:#}");
    let rest = town.ask(&ask("r-2", &syssn, 700)).await;
    assert_eq!(town.ended(&rest).await["state"], "succeeded");
    assert_eq!(town.qfpay.moved(&syssn), 2);
    let sum: u64 = town.qfpay.statement().movements.iter().map(|movement| movement.amount).sum();
    assert_eq!(sum, PAID);
}

#[tokio::test]
async fn a_merchant_id_goes_with_every_call_where_one_was_issued() {
    let app_code = "app_code = ";
    let town = Town::open(|config| config.replacen(app_code, &format!("mchid = \"ZaMVg12345\"\n{app_code}"), 1)).await;
    town.qfpay.set(|settings| settings.mchid = Some("ZaMVg12345".into()));
    let syssn = paid(&town, "P1");
    let refund = town.ended(&town.ask(&ask("r-2", &syssn, 300)).await).await;
    assert_eq!((&refund["state"], town.qfpay.moved(&syssn)), (&json!("succeeded"), 1), "{refund:#}");
    town.qfpay.fault(Call::Refund, Fault::ProcessAndClose).unwrap();
    let refund = town.ended(&town.ask(&ask("r-3", &syssn, 300)).await).await;
    assert_eq!((&refund["state"], &refund["evidence"]["kind"]), (&json!("succeeded"), &json!("look_up")), "{refund:#}");
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
        Fault::WrongSignature,
        Fault::NoSignature,
        Fault::WrongAmount,
        Fault::Slow1298After,
    ]
    .into_iter()
    .enumerate()
    {
        let syssn = paid(&town, &format!("P{n}"));
        town.qfpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&ask(&format!("r-{n}"), &syssn, 300)).await;
        let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
        assert_eq!((town.qfpay.moved(&syssn), &refund["attempt_count"]), (1, &json!(1)), "{fault}: {refund:#}");
        assert_eq!(refund["evidence"]["kind"], "look_up", "{fault}: {refund:#}");
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
        Fault::Slow1298Before,
    ]
    .into_iter()
    .enumerate()
    {
        let syssn = paid(&town, &format!("P{n}"));
        let before = refund_calls(&town);
        town.qfpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&ask(&format!("r-{n}"), &syssn, 300)).await;
        let refund = town.ended(&id).await;
        assert_eq!(
            (&refund["state"], &refund["code"]),
            (&json!("review"), &json!("unresolved")),
            "{fault}: {refund:#}"
        );
        assert_eq!((town.qfpay.moved(&syssn), &refund["attempt_count"]), (0, &json!(1)), "{fault}");
        assert!(refund_calls(&town) <= before + 1, "{fault}: never sent again");
        assert_eq!(
            refund["looked_up"][0]["code"], "no_row",
            "{fault}: absence is no evidence, and is shown: {refund:#}"
        );
    }
}

#[tokio::test]
async fn what_was_certainly_not_executed_is_sent_again_with_the_same_number() {
    let town = Town::open(|config| config).await;
    for (n, fault) in [Fault::Refuse, Fault::TooMany].into_iter().enumerate() {
        let syssn = paid(&town, &format!("P{n}"));
        town.qfpay.fault(Call::Refund, fault).unwrap();
        let id = town.ask(&ask(&format!("r-{n}"), &syssn, 300)).await;
        let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
        assert_eq!((town.qfpay.moved(&syssn), &refund["attempt_count"]), (1, &json!(2)), "{fault}: {refund:#}");
        let ids: Vec<_> = refund["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["id"]).collect();
        assert_eq!(ids[0], ids[1], "{fault}: one out_trade_no");
    }
    let bodies: Vec<String> =
        town.qfpay.handled().into_iter().filter(|h| h.call == Some(Call::Refund)).map(|h| h.body).collect();
    assert_eq!(bodies[bodies.len() - 1], bodies[bodies.len() - 2], "the same bytes");
}

#[tokio::test]
async fn refusals_end_it_and_what_is_processed_is_waited_for() {
    let town = Town::open(|config| config).await;
    let syssn = paid(&town, "P1");
    town.qfpay.fault(Call::Refund, Fault::Store1251).unwrap();
    let id = town.ask(&ask("r-1", &syssn, 300)).await;
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], &refund["code"]), (&json!("failed"), &json!("1251")), "{refund:#}");
    for (n, (course, state, moved)) in
        [(["1143", "0000"], "succeeded", 1), (["1145", "1155"], "failed", 0)].into_iter().enumerate()
    {
        town.qfpay.set(|settings| settings.course = course.map(String::from).to_vec());
        let syssn = paid(&town, &format!("Q{n}"));
        let id = town.ask(&ask(&format!("q-{n}"), &syssn, 300)).await;
        let refund = town.ended(&id).await;
        assert_eq!((&refund["state"], town.qfpay.moved(&syssn)), (&json!(state), moved), "{course:?}: {refund:#}");
        assert!(refund["history"].to_string().contains("refund.pending"), "{refund:#}");
    }
    let (status, problem) = town
        .post("/v1/refunds", &{
            let mut other = ask("r-9", &syssn, 300);
            other["original_amount"] = json!(2000);
            other
        })
        .await
        .unwrap();
    assert_eq!((status, &problem["code"]), (409, &json!("original_conflict")), "{problem:#}");
}

#[tokio::test]
async fn rows_that_can_not_be_believed_are_asked_for_again() {
    let town = Town::open(|config| config).await;
    for (n, fault) in [
        Fault::EmptyData,
        Fault::MixedRows,
        Fault::TwoRows,
        Fault::NoOrigssn,
        Fault::NullOrigssn,
        Fault::EmptySyssn,
        Fault::TypeFlips,
        Fault::WrongSignature,
        Fault::TooMany,
    ]
    .into_iter()
    .enumerate()
    {
        let syssn = paid(&town, &format!("P{n}"));
        town.qfpay.fault(Call::Refund, Fault::ProcessAndClose).unwrap();
        let id = town.ask(&ask(&format!("r-{n}"), &syssn, 300)).await;
        town.refund(&id, |refund| refund["state"] == "unknown").await;
        town.qfpay.fault(Call::Query, fault).unwrap();
        let refund = town.refund(&id, |refund| refund["state"] == "succeeded").await;
        assert_eq!((town.qfpay.moved(&syssn), &refund["attempt_count"]), (1, &json!(1)), "{fault}: {refund:#}");
    }
}

#[tokio::test]
async fn the_limits_of_qfpay_are_its_own() {
    let town = Town::open(|config| config.replace("[qfpay]\n", "[qfpay]\nmax_amount = 400\ndaily_total = 500\n")).await;
    let (first, second) = (paid(&town, "P1"), paid(&town, "P2"));
    let town_ = &town;
    let refused = |body: Value| async move { town_.post("/v1/refunds", &body).await.unwrap() };
    assert_eq!(refused(ask("r-1", &first, 401)).await.1["code"], "above_max_amount");
    let id = town.ask(&ask("r-1", &first, 400)).await;
    assert_eq!(town.ended(&id).await["state"], "succeeded");
    assert_eq!(refused(ask("r-2", &second, 101)).await.1["code"], "above_daily_total");
    // Đồng are counted elsewhere.
    town.pay("FT1", 25_000).await;
    let id = town.ask(&super::daemon::ask("r-3", "FT1", 25_000)).await;
    assert_eq!(town.ended(&id).await["state"], "succeeded");
}

#[tokio::test]
async fn evidence_against_a_persons_verdict_is_told_and_sends_nothing() {
    let town = Town::open(|config| config).await;
    let syssn = paid(&town, "P1");
    town.qfpay.fault(Call::Refund, Fault::ProcessAndClose).unwrap();
    let id = town.ask(&ask("r-1", &syssn, 300)).await;
    town.refund(&id, |refund| refund["state"] == "unknown").await;
    town.qfpay.faults().always(Call::Query, Fault::EmptyData).unwrap();
    let refund = town.ended(&id).await;
    assert_eq!((&refund["state"], town.qfpay.moved(&syssn)), (&json!("review"), 1));
    let listed = town.get("/v1/refunds?state=review").await.unwrap();
    assert_eq!(listed["items"][0]["id"], json!(id));
    let unreasoned = json!({"verdict": "failed", "operator": "boss"});
    let (status, _) = town.post(&format!("/v1/refunds/{id}/resolve"), &unreasoned).await.unwrap();
    assert_eq!(status, 400, "a reason is needed");
    let verdict = json!({"verdict": "failed", "reason": "không thấy trên sao kê", "operator": "boss"});
    let (status, refund) = town.post(&format!("/v1/refunds/{id}/resolve"), &verdict).await.unwrap();
    assert_eq!((status, &refund["state"]), (200, &json!("failed")), "{refund:#}");
    assert_eq!((&refund["evidence"]["by"], &refund["evidence"]["kind"]), (&json!("boss"), &json!("person")));
    let calls = refund_calls(&town);
    town.qfpay.faults().clear();
    let refund = town.refund(&id, |refund| refund["contradicted"] == true).await;
    assert_eq!((&refund["state"], &refund["evidence"]["kind"]), (&json!("failed"), &json!("look_up")), "{refund:#}");
    assert!(refund["history"].to_string().contains("refund.contradicted"), "{refund:#}");
    assert_eq!((refund_calls(&town), town.qfpay.moved(&syssn)), (calls, 1));
}
