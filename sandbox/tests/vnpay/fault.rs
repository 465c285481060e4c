//! Every fault, as a client sees it, and what it does to the money.

use crate::merchant::{Merchant, is_signed, query_of, refund_of};
use crate::wire::{Seen, until};
use clap::ValueEnum;
use serde_json::{Value, json};
use vietqr_edge_sandbox::vnpay::{Call, Fault};

fn code(seen: &Seen, code: &str, signed: bool) -> bool {
    let json = seen.json_or_null();
    json["vnp_ResponseCode"] == code && is_signed(&json) == signed
}

fn accepted(seen: &Seen) -> bool {
    code(seen, "00", true)
}

fn echo(seen: &Seen, key: &str) -> Value {
    seen.json_or_null()[format!("vnp_{key}")].clone()
}

/// What is seen of a refund of 100,000 đồng with this fault, and how often money has moved in the end.
fn expected(fault: Fault) -> (fn(&Seen) -> bool, usize) {
    match fault {
        Fault::Refuse => (|seen| *seen == Seen::NoConnection, 0),
        Fault::CloseBeforeReading | Fault::ReadAndClose => (|seen| *seen == Seen::Cut(String::new()), 0),
        Fault::ProcessAndClose | Fault::ExecuteLate => (|seen| *seen == Seen::Cut(String::new()), 1),
        Fault::Error500Before => (|seen| seen.status() == Some(500), 0),
        Fault::Error500After => (|seen| seen.status() == Some(500), 1),
        Fault::GarbageBefore => (|seen| seen.status() == Some(200) && seen.json_or_null().is_null(), 0),
        Fault::GarbageAfter => (|seen| seen.status() == Some(200) && seen.json_or_null().is_null(), 1),
        Fault::Redirect => (|seen| seen.header("Location") == Some("/merchant_webapi/api/transaction"), 0),
        Fault::HalfHeader => (|seen| matches!(seen, Seen::Cut(half) if half.starts_with("HTTP/1.1 200 OK\r\n")), 1),
        Fault::HalfBody => (|seen| matches!(seen, Seen::Cut(half) if half.contains("\r\n\r\n{\"vnp_")), 1),
        Fault::AnswerLate | Fault::SlowBody => (accepted, 1),
        Fault::CorruptHash => (|seen| code(seen, "00", false) && echo(seen, "SecureHash") != Value::Null, 1),
        Fault::NoHash => (|seen| code(seen, "00", false) && echo(seen, "SecureHash") == Value::Null, 1),
        Fault::UpperCaseHash => {
            (|seen| accepted(seen) && !echo(seen, "SecureHash").to_string().contains(char::is_lowercase), 1)
        }
        Fault::NumberFields => (|seen| accepted(seen) && echo(seen, "Amount") == json!(10_000_000), 1),
        Fault::ExtraFields => (|seen| accepted(seen) && echo(seen, "Trace") != Value::Null, 1),
        Fault::WrongAmount => (|seen| accepted(seen) && echo(seen, "Amount") == "10000100", 1),
        Fault::WrongReference => (|seen| accepted(seen) && echo(seen, "TxnRef") == "wrong-referenceX", 1),
        Fault::Error99Before => (|seen| code(seen, "99", true), 0),
        Fault::Error99After => (|seen| code(seen, "99", true), 1),
        Fault::Error98Before => (|seen| code(seen, "98", true), 0),
        Fault::Error98After => (|seen| code(seen, "98", true), 1),
        Fault::DuplicateBefore => (|seen| code(seen, "94", false), 0),
        Fault::DuplicateAfter => (|seen| code(seen, "94", false), 1),
        Fault::Processing => (|seen| code(seen, "94", true), 1),
        Fault::PaymentRecord => unreachable!("not of a refund"),
    }
}

#[tokio::test]
async fn each_fault_of_a_refund_is_seen_once_and_moves_what_it_says() {
    let merchant = Merchant::start().await;
    for fault in Fault::value_variants().iter().filter(|fault| fault.suits(Call::Refund)) {
        let payment = merchant.paid(&fault.to_string());
        // A client looks the payment up first; that is how the next connection is known to bring a refund.
        assert_eq!(merchant.query(&payment, "").await["vnp_TransactionType"], "01");
        merchant.vnpay.fault(Call::Refund, *fault).unwrap();
        let (seems, moved) = expected(*fault);
        let seen = merchant.send(&refund_of(&payment, 100_000)).await;
        assert!(seems(&seen), "{fault}: {seen:?}");
        until(&format!("{fault}: {moved}"), async || merchant.vnpay.moved(&payment.txn_ref) == moved).await;
        assert_eq!(merchant.vnpay.faults().armed(), 0, "{fault}");
        assert_eq!(merchant.vnpay.handled().last().unwrap().fault, Some(*fault));
        // The next one meets nothing: it moves the money, or finds that it has moved.
        let again = merchant.refund(&payment, 100_000).await;
        assert_eq!(again["vnp_ResponseCode"], if moved == 0 { "00" } else { "94" }, "{fault}");
        assert_eq!(merchant.vnpay.moved(&payment.txn_ref), 1, "{fault}");
    }
}

#[tokio::test]
async fn each_fault_of_a_look_up_leaves_the_next_one_alone() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    for fault in Fault::value_variants().iter().filter(|fault| fault.suits(Call::QueryDr)) {
        merchant.vnpay.fault(Call::Any, *fault).unwrap();
        merchant.send(&query_of(&payment, "")).await;
        assert_eq!(merchant.vnpay.handled().last().unwrap().fault, Some(*fault));
        let answer = merchant.query(&payment, "").await;
        assert!(is_signed(&answer) && answer["vnp_TransactionStatus"] == "00", "{fault}: {answer}");
    }
    assert_eq!(merchant.vnpay.moved("HD0001"), 0);
}

#[tokio::test]
async fn a_look_up_can_tell_of_the_payment_although_there_is_a_refund() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refund(&payment, 100_000).await;
    merchant.vnpay.faults().always(Call::QueryDr, Fault::PaymentRecord).unwrap();
    for _ in 0..2 {
        let answer = merchant.query(&payment, "").await;
        assert!(is_signed(&answer) && answer["vnp_TransactionType"] == "01", "{answer}");
    }
    merchant.vnpay.faults().clear();
    // Nothing went on behind it.
    assert_eq!(merchant.query(&payment, "").await["vnp_TransactionStatus"], "06");
}

#[tokio::test]
async fn with_a_mix_money_moves_at_most_once_for_each_payment() {
    let merchant = Merchant::start().await;
    let payments = (0..60).map(|n| merchant.paid(&format!("HD{n}"))).collect::<Vec<_>>();
    merchant.vnpay.faults().mix(3, 700);
    for payment in payments.iter().chain(&payments) {
        merchant.send(&refund_of(payment, 100_000)).await;
    }
    merchant.vnpay.faults().clear();
    let struck = merchant.vnpay.handled().iter().filter(|handled| handled.fault.is_some()).count();
    assert!(struck > 40, "{struck}");
    let last = merchant.paid("last");
    merchant.vnpay.fault(Call::Refund, Fault::ExecuteLate).unwrap();
    merchant.send(&refund_of(&last, 1_000)).await;
    until("the last late one", async || merchant.vnpay.moved("last") == 1).await;
    assert!(payments.iter().all(|payment| merchant.vnpay.moved(&payment.txn_ref) <= 1));
}
