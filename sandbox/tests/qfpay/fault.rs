//! Every fault, as a client sees it, and what it does to the money.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::merchant::{Merchant, is_signed, refund_of};
use crate::wire::{Seen, until};
use clap::ValueEnum;
use serde_json::{Value, json};
use vietqr_edge_sandbox::qfpay::{Call, Fault};

fn code(seen: &Seen, code: &str) -> bool {
    is_signed(seen) && seen.json_or_null()["respcd"] == code
}

fn accepted(seen: &Seen) -> bool {
    code(seen, "0000")
}

/// What is seen of a refund of 1,000 minor units with this fault, and how often money has moved in the end.
fn expected(fault: Fault) -> (fn(&Seen) -> bool, usize) {
    match fault {
        Fault::Refuse => (|seen| *seen == Seen::NoConnection, 0),
        Fault::CloseBeforeReading | Fault::ReadAndClose => (|seen| *seen == Seen::Cut(String::new()), 0),
        Fault::ProcessAndClose | Fault::ExecuteLate => (|seen| *seen == Seen::Cut(String::new()), 1),
        Fault::Error500Before => (|seen| seen.status() == Some(500), 0),
        Fault::Error500After => (|seen| seen.status() == Some(500), 1),
        Fault::GarbageBefore => (|seen| seen.status() == Some(200) && seen.json_or_null().is_null(), 0),
        Fault::GarbageAfter => (|seen| seen.status() == Some(200) && seen.json_or_null().is_null(), 1),
        Fault::Redirect => (|seen| seen.header("Location") == Some("/trade/v1/refund"), 0),
        Fault::HalfHeader => (|seen| matches!(seen, Seen::Cut(half) if half.starts_with("HTTP/1.1 200 OK\r\n")), 1),
        Fault::HalfBody => (|seen| matches!(seen, Seen::Cut(half) if half.contains("\r\n\r\n{")), 1),
        Fault::AnswerLate | Fault::SlowBody => (accepted, 1),
        Fault::TooMany => (|seen| seen.status() == Some(429), 0),
        Fault::WrongSignature => {
            (|seen| !is_signed(seen) && seen.header("X-QF-SIGN").is_some() && seen.json()["respcd"] == "0000", 1)
        }
        Fault::NoSignature => (|seen| seen.header("X-QF-SIGN").is_none() && seen.json()["respcd"] == "0000", 1),
        Fault::TypeFlips => (|seen| accepted(seen) && seen.json()["txamt"] == json!(1_000), 1),
        Fault::WrongAmount => (|seen| accepted(seen) && seen.json()["txamt"] == "1001", 1),
        Fault::Slow1298Before => (|seen| code(seen, "1298"), 0),
        Fault::Slow1298After => (|seen| code(seen, "1298"), 1),
        Fault::Store1251 => (|seen| code(seen, "1251") && !seen.json()["resperr"].to_string().contains("trade"), 0),
        Fault::EmptyData
        | Fault::MixedRows
        | Fault::TwoRows
        | Fault::NoOrigssn
        | Fault::NullOrigssn
        | Fault::EmptySyssn => unreachable!("not of a refund"),
    }
}

#[tokio::test]
async fn each_fault_of_a_refund_is_seen_once_and_moves_what_it_says() {
    let merchant = Merchant::start().await;
    for fault in Fault::value_variants().iter().filter(|fault| fault.suits(Call::Refund)) {
        let payment = merchant.paid(&format!("HD {fault}"));
        // A client looks the payment up first; that is how the next connection is known to bring a refund.
        assert_eq!(merchant.query(&[("syssn", &payment.syssn)]).await.json()["data"][0]["respcd"], "0000");
        merchant.qfpay.fault(Call::Refund, *fault).unwrap();
        let (seems, moved) = expected(*fault);
        let number = fault.to_string().replace('-', "_");
        let refund = refund_of(&payment.syssn, &number, 1_000);
        let seen = merchant.refund(&refund).await;
        assert!(seems(&seen), "{fault}: {seen:?}");
        until(&format!("{fault}: {moved}"), async || merchant.qfpay.moved(&payment.syssn) == moved).await;
        assert_eq!(merchant.qfpay.faults().armed(), 0, "{fault}");
        assert_eq!(merchant.qfpay.handled().last().unwrap().fault, Some(*fault));
        // The same bytes again: they move the money, or find that it has moved.
        let again = merchant.refund(&refund).await.json();
        assert_eq!(again["respcd"], if moved == 0 { "0000" } else { "1251" }, "{fault}");
        assert_eq!(merchant.qfpay.moved(&payment.syssn), 1, "{fault}");
    }
}

/// The rows of an enquiry for a refund, where it meets a fault.
async fn rows_with(merchant: &Merchant, fault: Fault) -> Vec<Value> {
    merchant.qfpay.fault(Call::Query, fault).unwrap();
    merchant.rows("R1").await
}

#[tokio::test]
async fn rows_can_be_less_or_more_or_other_than_they_ought_to() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let right = merchant.refunded(&payment.syssn, "R1", 300).await;
    let row = merchant.rows("R1").await.remove(0);
    assert_eq!(rows_with(&merchant, Fault::EmptyData).await, [json!(null); 0]);

    let mixed = rows_with(&merchant, Fault::MixedRows).await;
    assert_eq!(mixed.iter().map(|row| &row["order_type"]).collect::<Vec<_>>(), ["payment", "refund"]);
    assert_eq!((&mixed[0]["syssn"], &mixed[1]), (&json!(payment.syssn), &row));

    let two = rows_with(&merchant, Fault::TwoRows).await;
    assert_eq!(two.iter().map(|row| &row["respcd"]).collect::<Vec<_>>(), ["1205", "0000"]);
    assert!(two.iter().all(|row| row["out_trade_no"] == "R1" && row["origssn"] == payment.syssn[..]), "{two:?}");
    assert_ne!(two[0]["syssn"], two[1]["syssn"]);

    assert_eq!(rows_with(&merchant, Fault::NoOrigssn).await[0].get("origssn"), None);
    assert_eq!(rows_with(&merchant, Fault::NullOrigssn).await[0].get("origssn"), Some(&Value::Null));
    assert_eq!(rows_with(&merchant, Fault::EmptySyssn).await[0]["syssn"], "");
    assert_eq!(rows_with(&merchant, Fault::WrongAmount).await[0]["txamt"], "301");

    merchant.qfpay.fault(Call::Query, Fault::TypeFlips).unwrap();
    let flipped = merchant.query(&[("out_trade_no", "R1")]).await;
    assert!(is_signed(&flipped), "{flipped:?}");
    assert_eq!((&flipped.json()["page"], &flipped.json()["data"][0]["txamt"]), (&json!("1"), &json!(300)));
    assert_eq!(flipped.json()["respcd"], "0000", "a number has no leading zeros");
    // Too long for a number here.
    assert_eq!(flipped.json()["data"][0]["syssn"], right["syssn"]);
    assert_eq!(merchant.rows("R1").await, [row]);
}

#[tokio::test]
async fn each_fault_of_an_enquiry_leaves_the_next_one_alone() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refunded(&payment.syssn, "R1", 300).await;
    let right = merchant.rows("R1").await;
    for fault in Fault::value_variants().iter().filter(|fault| fault.suits(Call::Query)) {
        merchant.qfpay.fault(Call::Any, *fault).unwrap();
        merchant.query(&[("out_trade_no", "R1")]).await;
        assert_eq!(merchant.qfpay.handled().last().unwrap().fault, Some(*fault));
        assert_eq!(merchant.rows("R1").await, right, "{fault}");
    }
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 1);
}

#[tokio::test]
async fn with_a_mix_one_number_moves_money_at_most_once() {
    let merchant = Merchant::start().await;
    let payments = (0..60).map(|n| merchant.paid(&format!("HD{n}"))).collect::<Vec<_>>();
    merchant.qfpay.faults().mix(3, 700);
    for (n, payment) in payments.iter().chain(&payments).enumerate() {
        merchant.refund(&refund_of(&payment.syssn, &format!("R{}", n % payments.len()), 300)).await;
    }
    merchant.qfpay.faults().clear();
    let struck = merchant.qfpay.handled().iter().filter(|handled| handled.fault.is_some()).count();
    assert!(struck > 40, "{struck}");
    let last = merchant.paid("last");
    merchant.qfpay.fault(Call::Refund, Fault::ExecuteLate).unwrap();
    merchant.refund(&refund_of(&last.syssn, "Rlast", 300)).await;
    until("the last late one", async || merchant.qfpay.moved(&last.syssn) == 1).await;
    assert!(payments.iter().all(|payment| merchant.qfpay.moved(&payment.syssn) <= 1));
}
