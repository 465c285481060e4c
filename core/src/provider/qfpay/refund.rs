//! The refund call (vnpay-qfpay.md 3.5, 3.6, 3.11).

use super::{
    CallClass, Merchant, answer,
    answer::Trust,
    call_class,
    sign::{self, Params},
    time,
};
use crate::{
    provider::{Call, Outcome, REFERENCE_MAX, Told, Wire, name},
    time::Timestamp,
    wire::fields::Fields,
};

const WANTED: &[&str] =
    &["respcd", "resperr", "respmsg", "syssn", "orig_syssn", "origssn", "out_trade_no", "txamt", "txcurrcd"];

/// After `1265`, outside of the half hour that it is known for.
const NOT_NOW_MS: u64 = 3_600_000;
/// After the end of that half hour: clocks differ.
const OPENED_MS: u64 = 60_000;
/// After `1269`: the day's takings grow slowly.
const NO_BALANCE_MS: u64 = 1_800_000;
/// While another refund of the payment is under way.
const BUSY_MS: u64 = 60_000;

/// What is asked for: the answer must say the same.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) out_trade_no: String,
    /// Of the payment.
    pub(super) syssn: String,
    /// In minor units of `currency`.
    pub(super) amount: u64,
    pub(super) currency: String,
}

/// `since` is when the refund was asked for: the same for each of its attempts, so that all of them are the same bytes.
pub(super) fn call(merchant: &Merchant, asked: &Asked, since: Timestamp) -> Call {
    let params: Params = vec![
        ("out_trade_no", asked.out_trade_no.clone()),
        ("syssn", asked.syssn.clone()),
        ("txamt", asked.amount.to_string()),
        ("txdtm", time::text(since)),
    ];
    sign::call(merchant, "/trade/v1/refund", params)
}

/// What became of it, and what people should hear.
pub(super) fn read(merchant: &Merchant, wire: &Wire, asked: &Asked, now: Timestamp) -> (Outcome, Option<String>) {
    let (status, header, body) = match wire {
        Wire::NotSent { reason } => return (Outcome::NotSent(Told::with("not_sent", reason)), None),
        Wire::Broken { reason } => return (Outcome::Unknown(Told::with("no_answer", reason)), None),
        Wire::Answer { status, header, body } => (*status, header.as_deref(), body),
    };
    if status == 429 {
        // The gate before QFPay; the machine backs off.
        return (Outcome::RetryableSameId { told: Told::code("http_429"), pause_ms: 0 }, None);
    }
    if !matches!(status, 200..=299) {
        return (Outcome::Unknown(Told::code(format!("http_{status}"))), None);
    }
    let remark = match answer::trust(merchant, header, body) {
        Trust::Yes => None,
        Trust::Despite(remark) => Some(remark),
        Trust::No(told) => return (Outcome::Unknown(told), None),
    };
    let outcome = told(body, asked, now).unwrap_or_else(|| Outcome::Unknown(Told::code("unreadable")));
    (outcome, remark)
}

fn told(body: &[u8], asked: &Asked, now: Timestamp) -> Option<Outcome> {
    let fields = Fields::read(body, WANTED).ok()?;
    let code = answer::code(&fields)?;
    let words = |name| Some(answer::text(&fields, name)?.unwrap_or_default());
    let (error, message) = (words("resperr")?, words("respmsg")?);
    let text = [message.as_str(), error.as_str()].join(" ");
    let told = Told::with(&code, text.trim());
    let is_ours = ours(&fields, asked, code == "0000")?;
    if !is_ours {
        return Some(Outcome::Unknown(Told::with(code, "the answer speaks of another refund")));
    }
    let reference = answer::text(&fields, "syssn")?.map(|number| name(&number, REFERENCE_MAX));
    Some(match call_class(&code, &text, reference.is_some()) {
        CallClass::Succeeded => Outcome::Succeeded { reference },
        CallClass::Pending => Outcome::Pending { reference, told: Some(told) },
        CallClass::Refused => Outcome::FailedFinal(told),
        CallClass::AlreadyRefunded => Outcome::AlreadyRefunded(told),
        CallClass::NotNow => {
            let pause_ms = match time::until_open_ms(now) {
                0 => NOT_NOW_MS,
                pause_ms => pause_ms + OPENED_MS,
            };
            Outcome::RetryableSameId { told, pause_ms }
        }
        CallClass::NoBalance => Outcome::RetryableSameId { told, pause_ms: NO_BALANCE_MS },
        CallClass::Busy => Outcome::RetryableSameId { told, pause_ms: BUSY_MS },
        CallClass::Unknown => Outcome::Unknown(told),
    })
}

/// Whether the answer speaks of this refund; a success has to say so in full.
fn ours(fields: &Fields<'_>, asked: &Asked, in_full: bool) -> Option<bool> {
    let is = |name, expected: &str, needed: bool| {
        Some(match answer::text(fields, name)? {
            Some(told) => told == expected,
            None => !needed,
        })
    };
    let amount = answer::amount(fields)?;
    // A refusal may name the amount of the payment.
    let amount = if in_full { amount == Some(asked.amount) } else { true };
    Some(
        amount
            && is("out_trade_no", &asked.out_trade_no, in_full)?
            && is("orig_syssn", &asked.syssn, false)?
            && is("origssn", &asked.syssn, false)?
            && is("txcurrcd", &asked.currency, false)?,
    )
}
