//! What becomes of a refund, by what happens to its call.

use super::shop::Shop;
use vietqr_edge::ledger::Refused;
use vietqr_edge_core::refund::{EvidenceKind, State, Verdict};
use vietqr_edge_sandbox::vietqr::http::{Call, Fault};

const END: [State; 4] = [State::Succeeded, State::Failed, State::Refused, State::Review];

#[tokio::test]
async fn a_refund_moves_money_once_and_the_rest_can_be_refunded() {
    let shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    let first = shop.ask("r-1", "FT1", 10_000).await.unwrap().refund;
    let refund = shop.until(first, &END).await;
    assert_eq!((refund.state, shop.moved("FT1")), (State::Succeeded, 1), "{refund:?}");
    assert_eq!(refund.evidence.unwrap().kind, EvidenceKind::Answer);
    let second = shop.ask("r-2", "FT1", 15_000).await.unwrap().refund;
    assert_eq!(shop.until(second, &END).await.state, State::Succeeded);
    assert_eq!(shop.moved("FT1"), 2);
    assert!(
        matches!(shop.ask("r-3", "FT1", 1).await, Err(Refused::Refund(refusal)) if refusal.code == "more_than_left")
    );
    // Only the first refund of a payment carries multiTimes.
    let bodies: Vec<String> = shop.cloud().bank().movements().into_iter().filter_map(|m| m.request).collect();
    assert_eq!(bodies.iter().filter(|body| body.contains("multiTimes")).count(), 1, "{bodies:?}");
}

#[tokio::test]
async fn an_answer_lost_after_processing_ends_succeeded_with_one_movement() {
    let shop = Shop::open().await;
    for (n, fault) in [
        Fault::ProcessAndClose,
        Fault::AnswerLate,
        Fault::Error500After,
        Fault::GarbageAfter,
        Fault::HalfHeader,
        Fault::SlowBody,
        Fault::E05After,
        Fault::E215After,
    ]
    .into_iter()
    .enumerate()
    {
        let reference = format!("FT{n}");
        shop.pay(&reference, 25_000).await;
        shop.cloud().fault(Call::Refund, fault).unwrap();
        let id = shop.ask(&format!("r-{n}"), &reference, 25_000).await.unwrap().refund;
        let refund = shop.until(id, &END).await;
        assert_eq!((refund.state, shop.moved(&reference)), (State::Succeeded, 1), "{fault}: {refund:?}");
        assert_eq!(refund.evidence.unwrap().kind, EvidenceKind::Figures, "{fault}");
        assert_eq!(refund.attempt_count, 1, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_lost_before_processing_ends_in_review_and_is_never_sent_again() {
    let shop = Shop::open().await;
    for (n, fault) in [
        Fault::CloseBeforeReading,
        Fault::ReadAndClose,
        Fault::Error500Before,
        Fault::GarbageBefore,
        Fault::Redirect,
        Fault::E05Before,
        Fault::E215Before,
    ]
    .into_iter()
    .enumerate()
    {
        let reference = format!("FT{n}");
        shop.pay(&reference, 25_000).await;
        let calls = shop.refund_calls();
        shop.cloud().fault(Call::Refund, fault).unwrap();
        let id = shop.ask(&format!("r-{n}"), &reference, 25_000).await.unwrap().refund;
        let refund = shop.until(id, &END).await;
        assert_eq!((refund.state, refund.code.as_deref()), (State::Review, Some("unresolved")), "{fault}: {refund:?}");
        assert_eq!((refund.attempt_count, shop.moved(&reference)), (1, 0), "{fault}");
        assert!(refund.baseline.is_some() && refund.seen.is_some(), "{fault}: the evidence is shown");
        assert!(shop.refund_calls() <= calls + 1, "{fault}: never sent again");
        shop.resolve(id, Verdict::Failed).await.unwrap();
        assert_eq!(shop.refund(id).state, State::Failed);
    }
}

#[tokio::test]
async fn what_was_certainly_not_sent_or_not_executed_is_sent_again() {
    let shop = Shop::open().await;
    for (n, fault) in [Fault::Refuse, Fault::E74].into_iter().enumerate() {
        let reference = format!("FT{n}");
        shop.pay(&reference, 25_000).await;
        shop.cloud().fault(Call::Refund, fault).unwrap();
        let id = shop.ask(&format!("r-{n}"), &reference, 25_000).await.unwrap().refund;
        let refund = shop.until(id, &END).await;
        assert_eq!((refund.state, refund.attempt_count), (State::Succeeded, 2), "{fault}: {refund:?}");
        assert_eq!(shop.moved(&reference), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_refund_that_is_executed_late_is_found() {
    let shop = Shop::open().await;
    for (n, fault) in [Fault::ExecuteLate, Fault::E215Late].into_iter().enumerate() {
        let reference = format!("FT{n}");
        shop.pay(&reference, 25_000).await;
        shop.cloud().fault(Call::Refund, fault).unwrap();
        let id = shop.ask(&format!("r-{n}"), &reference, 25_000).await.unwrap().refund;
        let refund = shop.until(id, &[State::Succeeded]).await;
        assert_eq!((refund.attempt_count, shop.moved(&reference)), (1, 1), "{fault}");
    }
}

#[tokio::test]
async fn a_request_under_way_there_is_for_people_whatever_the_figures_say() {
    let shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    shop.cloud().fault(Call::Refund, Fault::E158).unwrap();
    let id = shop.ask("r-1", "FT1", 25_000).await.unwrap().refund;
    shop.until(id, &[State::Review]).await;
    shop.cloud().bank().refund_elsewhere(super::shop::ACCOUNT, "FT1", 25_000).unwrap();
    let refund = shop.until_(id, |refund| refund.seen.is_some_and(|seen| seen.figures.refund_count == 1)).await;
    assert_eq!((refund.state, refund.code.as_deref()), (State::Review, Some("in_progress")), "{refund:?}");
    assert_eq!(shop.moved("FT1"), 1);
}

#[tokio::test]
async fn a_clear_refusal_and_a_payment_that_is_not_there_fail() {
    let shop = Shop::open().await;
    shop.pay_elsewhere("FT1", 25_000);
    let id = shop.ask("r-1", "FT1", 25_000).await.unwrap().refund;
    assert_eq!(shop.until(id, &END).await.state, State::Succeeded, "the ledger does not know it, VietQR does");
    let id = shop.ask("r-2", "FT2", 25_000).await.unwrap().refund;
    let refund = shop.until(id, &END).await;
    assert_eq!((refund.state, refund.code.as_deref(), refund.attempt_count), (State::Failed, Some("not_found"), 0));
    shop.cloud().set(|settings| settings.accounts[0].1 = vietqr_edge_sandbox::vietqr::http::Standing::NoPermission);
    shop.pay("FT3", 25_000).await;
    let id = shop.ask("r-3", "FT3", 25_000).await.unwrap().refund;
    let refund = shop.until(id, &END).await;
    assert_eq!((refund.state, refund.code.as_deref()), (State::Failed, Some("E42")), "{refund:?}");
}

#[tokio::test]
async fn figures_that_are_not_told_leave_it_unsent_and_for_people() {
    let shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    shop.cloud().fault(Call::CheckOrder, Fault::NoFigures).unwrap();
    let id = shop.ask("r-1", "FT1", 25_000).await.unwrap().refund;
    let refund = shop.until(id, &END).await;
    assert_eq!((refund.state, refund.code.as_deref()), (State::Review, Some("no_figures")));
    assert_eq!((shop.refund_calls(), refund.attempt_count), (0, 0));
}

#[tokio::test]
async fn a_look_up_that_fails_is_tried_again_and_nothing_is_sent_before() {
    let shop = Shop::open().await;
    for (n, (call, fault)) in [
        (Call::Token, Fault::Refuse),
        (Call::Token, Fault::Error500Before),
        (Call::CheckOrder, Fault::ReadAndClose),
        (Call::CheckOrder, Fault::GarbageBefore),
        (Call::CheckOrder, Fault::E74),
        (Call::CheckOrder, Fault::Redirect),
    ]
    .into_iter()
    .enumerate()
    {
        shop.cloud().forget_tokens();
        let reference = format!("FT{n}");
        shop.pay(&reference, 25_000).await;
        shop.cloud().fault(call, fault).unwrap();
        let id = shop.ask(&format!("r-{n}"), &reference, 25_000).await.unwrap().refund;
        let refund = shop.until(id, &END).await;
        assert_eq!((refund.state, refund.attempt_count), (State::Succeeded, 1), "{call} {fault}: {refund:?}");
    }
}
