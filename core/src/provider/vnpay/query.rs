//! What a querydr told, of the payment before a refund and of the refund after it (vnpay-qfpay.md 2.12).

use super::{
    Terminal,
    answer::{Answer, Proof},
    fields, time,
};
use crate::{
    provider::{Figures, LookUp, Looked, Own, Purpose, Told, Wire},
    time::Timestamp,
};

/// After a 94, in milliseconds: VNPAY's window is 5 minutes, and its clock is not ours.
const TOO_OFTEN_MS: u64 = 305_000;
/// How far VNPAY's clock and ours may be apart, in milliseconds.
const SKEW_MS: u64 = 600_000;

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) purpose: Purpose,
    pub(super) txn_ref: String,
    /// Of our refund, in đồng.
    pub(super) amount: u64,
    /// What the caller said was paid, in đồng.
    pub(super) original_amount: u64,
    /// VNPAY's number of our refund, where it told one.
    pub(super) refund_no: Option<String>,
    /// When our refund was sent.
    pub(super) sent_at: Option<Timestamp>,
}

pub(super) fn read(wire: &Wire, terminal: &Terminal, asked: &Asked) -> Looked {
    let (status, body) = match wire {
        Wire::NotSent { reason } => return Looked::NotReached(Told::with("not_sent", reason)),
        Wire::Broken { reason } => return nothing(Told::with("no_answer", reason)),
        Wire::Answer { status, body, .. } => (*status, body),
    };
    if !matches!(status, 200..=299) {
        return nothing(Told::code(format!("http_{status}")));
    }
    let Some(answer) = Answer::read(body, terminal, fields::ANSWER.len()) else {
        return nothing(Told::code("unreadable"));
    };
    let told = answer.told();
    if answer.code() == "94" {
        // Also unsigned: to wait decides nothing.
        return Looked::TooOften { told, pause_ms: TOO_OFTEN_MS };
    }
    if answer.proof != Proof::Signed {
        return nothing(told);
    }
    match answer.code() {
        "00" if !answer.echoes(terminal, "querydr", &asked.txn_ref) => {
            nothing(Told::with("00", "the answer speaks of another payment"))
        }
        "00" => Looked::Told(record(&answer, asked)),
        "91" => Looked::Told(LookUp::NotFound),
        "02" | "03" | "97" => Looked::Told(LookUp::Refused(told)),
        _ => nothing(told),
    }
}

fn record(answer: &Answer, asked: &Asked) -> LookUp {
    let status = answer.value("vnp_TransactionStatus").unwrap_or_default();
    let Some(amount) = answer.amount() else { return LookUp::Unavailable(Told::with("00", "without an amount")) };
    match (answer.value("vnp_TransactionType"), asked.purpose) {
        (Some("01"), _) => match status {
            "00" => LookUp::Found { amount, figures: None, refundable: true },
            "01" | "02" | "04" | "07" => LookUp::Found { amount, figures: None, refundable: false },
            other => LookUp::Unavailable(strange(other)),
        },
        (Some("02" | "03"), Purpose::Sending) => before(amount, status, asked),
        (Some("02" | "03"), Purpose::Outcome) => after(answer, amount, status, asked),
        (other, _) => LookUp::Unavailable(Told::with("00", &format!("record of type {}", other.unwrap_or("-")))),
    }
}

/// The record of a refund that was there before ours. What was paid is only what the caller says.
fn before(amount: u64, status: &str, asked: &Asked) -> LookUp {
    let figures = match status {
        // Rejected: nothing went back.
        "09" => None,
        _ => Some(Figures { refund_count: 1, amount_refunded: amount }),
    };
    LookUp::Found { amount: asked.original_amount, figures, refundable: true }
}

/// A record is ours by VNPAY's number of it; without one, by its amount and time.
fn after(answer: &Answer, amount: u64, status: &str, asked: &Asked) -> LookUp {
    let number = answer.reference();
    let recorded = answer.value("vnp_PayDate").and_then(time::read);
    let old = match (recorded, asked.sent_at) {
        (Some(recorded), Some(sent_at)) => recorded < sent_at.minus_millis(SKEW_MS),
        _ => false,
    };
    let other_number = asked.refund_no.is_some() && asked.refund_no != number;
    if amount != asked.amount || other_number || asked.refund_no.is_none() && old {
        return LookUp::Unavailable(Told::with("another_refund", &format!("a refund of {amount}, status {status}")));
    }
    let own = match status {
        "00" => Own::Succeeded { reference: number },
        "01" | "05" | "06" => Own::Pending,
        "09" => Own::Rejected(Told::with("00/09", answer.value("vnp_Message").unwrap_or_default())),
        other => return LookUp::Unavailable(strange(other)),
    };
    if asked.refund_no.is_some() { LookUp::Own(own) } else { LookUp::Alike(own) }
}

fn strange(status: &str) -> Told {
    Told::with(format!("00/{}", status.chars().take(4).collect::<String>()), "")
}

fn nothing(told: Told) -> Looked {
    Looked::Told(LookUp::Unavailable(told))
}
