//! What became of a refund call (vnpay-qfpay.md 1.3 and 2.11).

use super::{
    Terminal,
    answer::{Answer, Proof},
    fields,
    request::{Kind, hundredths},
};
use crate::provider::{Outcome, Told, Wire};

/// What the call asked for: its answer must say the same.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) txn_ref: String,
    /// In đồng.
    pub(super) amount: u64,
    pub(super) kind: Kind,
}

pub(super) fn read(wire: &Wire, terminal: &Terminal, asked: &Asked) -> Outcome {
    let (status, body) = match wire {
        Wire::NotSent { reason } => return Outcome::NotSent(Told::with("not_sent", reason)),
        Wire::Broken { reason } => return Outcome::Unknown(Told::with("no_answer", reason)),
        Wire::Answer { status, body, .. } => (*status, body),
    };
    // VNPAY tells its refusals with 200: any other status is a gateway's.
    if !matches!(status, 200..=299) {
        return Outcome::Unknown(Told::code(format!("http_{status}")));
    }
    let Some(answer) = Answer::read(body, terminal, fields::REFUND_ANSWER) else {
        return Outcome::Unknown(Told::code("unreadable"));
    };
    let told = answer.told();
    if answer.proof != Proof::Signed {
        return Outcome::Unknown(told);
    }
    let amount = answer.value("vnp_Amount");
    let other_amount = amount.is_some() && amount != hundredths(asked.amount).as_deref();
    if !answer.echoes(terminal, "refund", &asked.txn_ref) || other_amount {
        return Outcome::Unknown(Told::with(told.code, "the answer speaks of another refund"));
    }
    match answer.code() {
        "00" => accepted(&answer, asked, told),
        "94" if says(&answer, "too many refund count") => Outcome::FailedFinal(told),
        "94" if says(&answer, "duplicate") => Outcome::Unknown(told),
        "94" => Outcome::Pending { reference: None, told: Some(told) },
        "02" | "03" | "04" | "13" | "91" | "93" | "95" | "97" => Outcome::FailedFinal(told),
        _ => Outcome::Unknown(told),
    }
}

/// `00` says that the request was accepted; the status says what became of it.
fn accepted(answer: &Answer, asked: &Asked, told: Told) -> Outcome {
    let kind = answer.value("vnp_TransactionType");
    if answer.value("vnp_Amount").is_none() || kind != Some(asked.kind.code()) {
        return Outcome::Unknown(Told::with(told.code, "the answer speaks of another refund"));
    }
    let reference = answer.reference();
    let message = told.message.unwrap_or_default();
    let status = |status: &str| Told::with(format!("00/{status}"), &message);
    match answer.value("vnp_TransactionStatus") {
        Some("00") => Outcome::Succeeded { reference },
        None => Outcome::Pending { reference, told: Some(Told::with("00", &message)) },
        Some(code @ ("01" | "05" | "06")) => Outcome::Pending { reference, told: Some(status(code)) },
        Some("09") => Outcome::FailedFinal(status("09")),
        Some(code) => Outcome::Unknown(status(&code.chars().take(4).collect::<String>())),
    }
}

fn says(answer: &Answer, words: &str) -> bool {
    answer.value("vnp_Message").is_some_and(|message| message.to_lowercase().replace('_', " ").contains(words))
}
