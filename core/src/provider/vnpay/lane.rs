//! VNPAY as a lane drives it: one call a look-up, a fresh id for each call.

use super::{
    Terminal, query, refund,
    request::{self, Kind},
};
use crate::{
    provider::{Call, LookUp, Looked, Moment, Outcome, Provider, Purpose, Step, Told, Wire},
    refund::{Original, Refund},
};

/// Two refunds of one payment are no closer (vnpay-qfpay.md 2.11), in milliseconds.
const SPACING_MS: u64 = 300_000;

/// VNPAY with its terminal.
#[derive(Debug)]
pub struct Vnpay {
    terminal: Terminal,
    looking: Option<query::Asked>,
    sent: Option<refund::Asked>,
    remark: Option<String>,
}

impl Vnpay {
    /// VNPAY as this terminal.
    pub fn new(terminal: Terminal) -> Vnpay {
        Vnpay { terminal, looking: None, sent: None, remark: None }
    }
}

impl Provider for Vnpay {
    fn name(&self) -> &'static str {
        super::FORM.name
    }

    fn dated(&self) -> bool {
        true
    }

    fn spacing_ms(&self) -> u64 {
        SPACING_MS
    }

    fn look_up(&mut self, of: &Refund, purpose: Purpose, at: &Moment) -> Step {
        let Some(payment) = Payment::of(&of.request.original) else { return nothing_asked() };
        let refund_no = of.attempt().and_then(|attempt| attempt.reference.clone());
        let asked = query::Asked {
            purpose,
            txn_ref: payment.txn_ref.to_owned(),
            amount: of.request.amount,
            original_amount: payment.original_amount,
            refund_no: refund_no.filter(|_| purpose == Purpose::Outcome),
            sent_at: of.attempt().map(|attempt| attempt.sent_at),
        };
        let transaction_no = match purpose {
            Purpose::Sending => payment.transaction_no,
            // Without a number VNPAY may tell the refund; with the payment's it tells the payment.
            Purpose::Outcome => asked.refund_no.as_deref(),
        };
        let call = request::query(
            &self.terminal,
            &request::Query {
                request_id: &format!("{:032x}", at.random),
                txn_ref: payment.txn_ref,
                transaction_no,
                transaction_date: payment.transaction_date,
                info: &format!("Truy van {}", payment.txn_ref),
                now: at.now,
            },
        );
        let Some(call) = call else { return nothing_asked() };
        self.looking = Some(asked);
        Step::Call(call)
    }

    fn looked(&mut self, wire: &Wire, _at: &Moment) -> Step {
        let Some(asked) = self.looking.take() else { return nothing_asked() };
        let looked = query::read(wire, &self.terminal, &asked);
        self.remark = match &looked {
            Looked::Told(LookUp::Unavailable(told) | LookUp::Refused(told)) if is_setup(told) => Some(format!(
                "VNPAY refuses a look-up, {}: {}; tmn_code, hash_secret_file and ip of [vnpay] are to be checked",
                told.code,
                told.message.as_deref().unwrap_or("-")
            )),
            _ => None,
        };
        Step::Done(looked)
    }

    fn refund(&mut self, of: &Refund, look_up: &LookUp, attempt: &str, at: &Moment) -> Option<Call> {
        let payment = Payment::of(&of.request.original)?;
        let whole = match look_up {
            LookUp::Found { amount, .. } => *amount,
            _ => payment.original_amount,
        };
        let amount = of.request.amount;
        let kind = if amount == whole { Kind::Full } else { Kind::Partial };
        let call = request::refund(
            &self.terminal,
            &request::Refund {
                request_id: attempt,
                kind,
                txn_ref: payment.txn_ref,
                amount,
                transaction_no: payment.transaction_no,
                transaction_date: payment.transaction_date,
                operator: &of.request.operator,
                reason: &of.request.reason,
                now: at.now,
            },
        )?;
        self.sent = Some(refund::Asked { txn_ref: payment.txn_ref.to_owned(), amount, kind });
        Some(call)
    }

    fn read_refund(&mut self, wire: &Wire, _at: &Moment) -> Outcome {
        match self.sent.take() {
            Some(asked) => refund::read(wire, &self.terminal, &asked),
            None => Outcome::Unknown(Told::code("not_asked")),
        }
    }

    fn remark(&mut self) -> Option<String> {
        self.remark.take()
    }
}

/// The payment of a request (vnpay-qfpay.md 2.2).
struct Payment<'a> {
    txn_ref: &'a str,
    transaction_date: &'a str,
    transaction_no: Option<&'a str>,
    original_amount: u64,
}

impl<'a> Payment<'a> {
    /// `None` for another provider's.
    fn of(original: &'a Original) -> Option<Payment<'a>> {
        Some(Payment {
            txn_ref: original.optional("txn_ref")?,
            transaction_date: original.optional("transaction_date")?,
            transaction_no: original.optional("transaction_no"),
            original_amount: original.told_amount()?,
        })
    }
}

fn is_setup(told: &Told) -> bool {
    matches!(told.code.as_str(), "02" | "03" | "97")
}

fn nothing_asked() -> Step {
    Step::Done(Looked::Told(LookUp::Unavailable(Told::code("not_asked"))))
}
