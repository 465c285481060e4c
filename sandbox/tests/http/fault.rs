//! Every fault, as a client sees it, and what it does to the money.

use crate::client::{Partner, Seen, by_reference, refund_of, until};
use clap::ValueEnum;
use serde_json::json;
use std::time::Duration;
use vietqr_edge_sandbox::vietqr::http::{Call, Fault};

/// What is seen of a refund with this fault, and how often money has moved in the end.
fn expected(fault: Fault) -> (fn(&Seen) -> bool, usize) {
    match fault {
        Fault::Refuse => (|seen| *seen == Seen::NoConnection, 0),
        Fault::CloseBeforeReading | Fault::ReadAndClose => (|seen| *seen == Seen::Cut(String::new()), 0),
        Fault::ProcessAndClose | Fault::ExecuteLate => (|seen| *seen == Seen::Cut(String::new()), 1),
        Fault::Error500Before => (|seen| seen.status() == Some(500), 0),
        Fault::Error500After => (|seen| seen.status() == Some(500), 1),
        Fault::GarbageBefore => (is_page, 0),
        Fault::GarbageAfter => (is_page, 1),
        Fault::Redirect => (is_redirect_to_itself, 0),
        Fault::HalfBody => (|seen| matches!(seen, Seen::Cut(half) if half.contains("\r\n\r\n{")), 1),
        Fault::HalfHeader => (|seen| matches!(seen, Seen::Cut(half) if half.starts_with("HTTP/1.1 200 OK\r\n")), 1),
        Fault::AnswerLate | Fault::SlowBody => (is_success, 1),
        Fault::E74 => (|seen| code(seen, "E74"), 0),
        Fault::E05Before => (|seen| code(seen, "E05"), 0),
        Fault::E05After => (|seen| code(seen, "E05"), 1),
        Fault::E158 => (|seen| code(seen, "E158"), 0),
        Fault::E215Before => (|seen| code(seen, "E215"), 0),
        Fault::E215After | Fault::E215Late => (|seen| code(seen, "E215"), 1),
        Fault::NoFigures => unreachable!("not of a refund"),
    }
}

fn code(seen: &Seen, code: &str) -> bool {
    seen.status() == Some(400) && seen.json()["message"] == code
}

fn is_page(seen: &Seen) -> bool {
    matches!(seen, Seen::Answer { status: 200, body, .. } if body.starts_with("<html>"))
}

fn is_redirect_to_itself(seen: &Seen) -> bool {
    let location = "Location: /vqr/api/transaction/refund\r\n";
    matches!(seen, Seen::Answer { status: 307, head, .. } if head.contains(location))
}

fn is_success(seen: &Seen) -> bool {
    seen.status() == Some(200) && seen.json()["status"] == "SUCCESS"
}

#[tokio::test]
async fn each_fault_of_a_refund_is_seen_once_and_moves_what_it_says() {
    let partner = Partner::start().await;
    for fault in Fault::value_variants().iter().filter(|fault| fault.suits(Call::Refund)) {
        let reference = partner.paid(25_000);
        // A client looks the payment up first; that is how the next connection is known to bring a refund.
        assert_eq!(partner.figures(&reference).await, (json!(0), json!(0)), "{fault}");
        partner.http.fault(Call::Refund, *fault).unwrap();
        let (seems, moved) = expected(*fault);
        let seen = partner.refund(&refund_of(&reference, 25_000)).await;
        assert!(seems(&seen), "{fault}: {seen:?}");
        until(&format!("{fault}: {moved} movements"), async || partner.moved(&reference) == moved).await;
        assert_eq!(partner.http.faults().armed(), 0, "{fault}");
        assert_eq!(partner.http.handled().last().unwrap().fault, Some(*fault));
        // The next one meets nothing: it moves the money, or finds that it has moved.
        let again = partner.refund(&refund_of(&reference, 25_000)).await;
        assert!(if moved == 0 { is_success(&again) } else { again.code() == "E45" }, "{fault}: {again:?}");
        assert_eq!(partner.moved(&reference), 1, "{fault}");
    }
}

#[tokio::test]
async fn each_fault_of_a_token_and_of_a_look_up_leaves_the_next_one_alone() {
    let mut partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let right = partner.check_order(&by_reference(&reference)).await.json();
    for fault in Fault::value_variants() {
        if fault.suits(Call::CheckOrder) {
            // By now a look-up has found the payment: the next connection is taken for a refund, so any is armed.
            partner.http.fault(Call::Any, *fault).unwrap();
            let seen = partner.check_order(&by_reference(&reference)).await;
            let late = matches!(fault, Fault::AnswerLate | Fault::SlowBody);
            assert_eq!(seen.status() == Some(200) && seen.json_or_null() == right, late, "{fault}: {seen:?}");
            assert_eq!(partner.check_order(&by_reference(&reference)).await.json(), right, "{fault}");
        }
        if fault.suits(Call::Token) {
            partner.http.forget_tokens();
            assert_eq!(partner.check_order(&by_reference(&reference)).await.code(), "E74");
            partner.http.fault(Call::Token, *fault).unwrap();
            let before = partner.http.handled().len();
            let _ = partner.call(crate::client::TOKEN, "Basic eDp5", "{}").await;
            assert_eq!(partner.http.handled()[before].fault, Some(*fault));
            partner.log_in().await;
        }
    }
    assert!(partner.http.bank().movements().is_empty());
}

#[tokio::test]
async fn a_look_up_without_figures_is_the_same_otherwise() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    let mut right = partner.check_order(&by_reference(&reference)).await.json();
    partner.http.fault(Call::CheckOrder, Fault::NoFigures).unwrap();
    let seen = partner.check_order(&by_reference(&reference)).await.json();
    for key in ["refundCount", "amountRefunded"] {
        assert_eq!(right[0].as_object_mut().unwrap().remove(key), Some(json!(0)));
    }
    assert_eq!(seen, right);
}

#[tokio::test]
async fn an_answer_can_be_later_than_any_client_waits() {
    let partner = Partner::start().await;
    partner.http.set(|settings| {
        settings.answer_late = Duration::from_secs(3600);
        settings.drip = Duration::from_secs(3600);
    });
    for fault in [Fault::AnswerLate, Fault::SlowBody] {
        let reference = partner.paid(25_000);
        partner.http.fault(Call::Refund, fault).unwrap();
        let body = refund_of(&reference, 25_000);
        tokio::select! {
            seen = partner.refund(&body) => panic!("{fault}: {seen:?}"),
            () = until("the movement", async || partner.moved(&reference) == 1) => {}
        }
        assert_eq!(partner.figures(&reference).await, (json!(1), json!(25_000)), "{fault}");
    }
}

#[tokio::test]
async fn a_late_execution_comes_after_the_connection_was_closed_and_holds_the_payment_meanwhile() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    partner.http.set(|settings| {
        settings.execute_late = Duration::from_secs(1);
        settings.refund_window = Duration::from_secs(3600);
    });
    partner.http.fault(Call::Refund, Fault::ExecuteLate).unwrap();
    assert_eq!(partner.refund(&refund_of(&reference, 25_000)).await, Seen::Cut(String::new()));
    let closed = chrono::Utc::now();
    assert_eq!(partner.refund(&refund_of(&reference, 25_000)).await.code(), "E158");
    until("the movement", async || partner.moved(&reference) == 1).await;
    assert!(partner.http.bank().movements()[0].at > closed);
}

#[tokio::test]
async fn a_late_execution_moves_nothing_where_too_little_is_left_by_then() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    partner.http.set(|settings| settings.execute_late = Duration::from_secs(1));
    partner.http.fault(Call::Refund, Fault::E215Late).unwrap();
    assert_eq!(partner.refund(&refund_of(&reference, 25_000)).await.code(), "E215");
    partner.http.bank().refund_elsewhere("1234567890", &reference, 1_000).unwrap();
    let other = partner.paid(1);
    partner.http.fault(Call::Refund, Fault::E215Late).unwrap();
    assert_eq!(partner.refund(&refund_of(&other, 1)).await.code(), "E215");
    // Its turn comes after the first one's.
    until("the later one", async || partner.moved(&other) == 1).await;
    assert_eq!(partner.moved(&reference), 1);
    assert_eq!(partner.figures(&reference).await, (json!(1), json!(1_000)));
}

#[tokio::test]
async fn a_port_that_always_refuses_is_offline_until_it_is_cleared() {
    let partner = Partner::start().await;
    let reference = partner.paid(25_000);
    partner.http.faults().always(Call::Any, Fault::Refuse).unwrap();
    for _ in 0..3 {
        assert_eq!(partner.check_order(&by_reference(&reference)).await, Seen::NoConnection);
    }
    partner.http.faults().clear();
    assert_eq!(partner.check_order(&by_reference(&reference)).await.status(), Some(200));
}

#[tokio::test]
async fn whatever_a_mix_does_the_figures_are_the_movements() {
    let partner = Partner::start().await;
    let references = (0..60).map(|_| partner.paid(25_000)).collect::<Vec<_>>();
    partner.http.faults().mix(3, 700);
    for reference in &references {
        partner.refund(&refund_of(reference, 25_000)).await;
    }
    partner.http.faults().clear();
    let handled = partner.http.handled();
    let executed_late = |fault| matches!(fault, Some(Fault::ExecuteLate | Fault::E215Late));
    let late = handled.iter().filter(|handled| executed_late(handled.fault)).count();
    let struck = handled.iter().filter(|handled| handled.fault.is_some()).count();
    assert!(struck > 20 && late > 0, "{struck} faults, {late} of them late");
    let last = partner.paid(1);
    partner.http.fault(Call::Refund, Fault::ExecuteLate).unwrap();
    partner.refund(&refund_of(&last, 1)).await;
    until("the last late one", async || partner.moved(&last) == 1).await;
    for reference in &references {
        let moved = partner.moved(reference);
        assert!(moved <= 1);
        assert_eq!(partner.figures(reference).await, (json!(moved), json!(moved * 25_000)));
    }
}
