//! When a notice is a payment, a repeat of one, or nothing to be booked (DESIGN 3.3).
//!
//! 1. The account decides whose money it is: one that is not ours is never booked.
//! 2. A known reference is a repeat; with another amount it is a conflict, and the first one stands.
//! 3. Without a reference, a payment with an equal key of the other kinds is the same one, whatever door it came through. A
//!    reference that comes later is adopted by the payment that was booked without it.
//! 4. What is older than all the ledger holds may be a repeat of what was dropped: it is not booked.
//! 5. Anything else is a payment.

use super::{
    Age, Flag, Payment, PaymentId, Source,
    keys::{Keys, Marks},
};
use crate::{event::Reason, money::Dong, time::Timestamp, wire::BalanceChange};

/// A notice with what its envelope told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What it says.
    pub change: BalanceChange,
    /// Code of the terminal whose topic or callback brought it.
    pub terminal: String,
    /// Through which door.
    pub source: Source,
    /// By this device's clock.
    pub received_at: Timestamp,
    /// MQTT DUP.
    pub redelivered: bool,
    /// MQTT RETAIN.
    pub retained: bool,
    /// SHA-256 of the body, lower hex.
    pub raw_sha256: String,
}

/// A payment in the ledger that may be the one that a notice speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: PaymentId,
    /// How much it was booked with.
    pub amount: Dong,
}

/// What the ledger knows, as far as this notice needs it.
///
/// It is enough to keep the first payment under each key: one without a reference is only booked where no payment was under
/// any of its keys, so it is the first under all of them (the body's hash aside, which no notice with a reference has).
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The configured accounts.
    pub accounts: Vec<String>,
    /// The account of the terminal.
    pub terminal_account: Option<String>,
    /// The payment under [`Keys::reference`].
    pub by_reference: Option<Known>,
    /// The first payment under any of [`Keys::others`], whether or not it has a reference.
    pub by_other: Option<Known>,
    /// The first payment under any of [`Keys::others`] that has no reference yet.
    pub without_reference: Option<Known>,
    /// Time of the oldest line held; `None` while nothing was ever dropped.
    pub oldest_line: Option<Timestamp>,
    /// Up to this age a payment is fresh, in seconds.
    pub fresh_s: u64,
    /// Up to this age it is told with its time, in seconds.
    pub late_s: u64,
}

/// What becomes of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Booked: money in, or (transType D) money out. [`Payment::into_event`] is what the journal says.
    Booked(Payment),
    /// Already booked.
    Repeat {
        /// As this payment.
        of: PaymentId,
        /// It brings the reference that was missing.
        adopt: Option<String>,
    },
    /// Not booked.
    Quarantined {
        /// Why.
        reason: Reason,
        /// What was expected, for people; no value of the notice.
        detail: String,
    },
}

/// The keys of a notice. They need its account, so `None` where it names none of ours, or none and its terminal has none:
/// [`receive`] quarantines such a notice, whatever is booked.
pub fn keys(notice: &Notice, facts: &Facts) -> Option<Keys> {
    account(notice, facts).map(|account| marks(notice, account).keys())
}

/// Decides what becomes of a notice.
pub fn receive(notice: &Notice, facts: &Facts) -> Receipt {
    let Some(account) = account(notice, facts) else {
        return quarantined(Reason::ForeignAccount, "bankAccount: expected one of the configured accounts");
    };
    if let Some(known) = &facts.by_reference {
        return if known.amount == notice.change.amount {
            Receipt::Repeat { of: known.id, adopt: None }
        } else {
            quarantined(Reason::Conflict, "amount: expected the amount that this referenceNumber was booked with")
        };
    }
    if let Some(repeat) = repeat_by_other(notice, account, facts) {
        return repeat;
    }
    let too_old = facts.oldest_line.is_some_and(|oldest| notice.change.paid_at.is_some_and(|paid| paid < oldest));
    if too_old {
        return quarantined(Reason::TooOld, "timePaid: expected a time that the ledger still reaches back to");
    }
    Receipt::Booked(book(notice, account, facts))
}

/// The account it belongs to, if that is ours.
fn account<'a>(notice: &'a Notice, facts: &'a Facts) -> Option<&'a str> {
    let account = notice.change.bank_account.as_ref().or(facts.terminal_account.as_ref())?;
    facts.accounts.contains(account).then_some(account)
}

fn marks<'a>(notice: &'a Notice, bank_account: &'a str) -> Marks<'a> {
    let change = &notice.change;
    Marks {
        bank_account,
        amount: change.amount,
        trans_type: change.trans_type,
        reference_number: change.reference_number.as_deref(),
        order_id: change.order_id.as_deref(),
        named_time: change.paid_at,
        content: &change.content,
        raw_sha256: &notice.raw_sha256,
    }
}

fn repeat_by_other(notice: &Notice, account: &str, facts: &Facts) -> Option<Receipt> {
    let reference = &notice.change.reference_number;
    let known = match reference {
        Some(_) => facts.without_reference.as_ref(),
        // Equal bodies that tell nothing else are two purchases, unless the broker says that it repeats itself.
        None if marks(notice, account).only_the_body() && !again(notice) => None,
        None => facts.by_other.as_ref(),
    }?;
    Some(Receipt::Repeat { of: known.id, adopt: reference.clone() })
}

/// The broker may have handed it out before.
fn again(notice: &Notice) -> bool {
    notice.redelivered || notice.retained
}

fn book(notice: &Notice, account: &str, facts: &Facts) -> Payment {
    let change = &notice.change;
    // The bank's clock has whole seconds: within the same one nothing is in the future.
    let future_time = change.paid_at.filter(|paid| paid.secs() > notice.received_at.secs());
    let paid_at = change.paid_at.filter(|_| future_time.is_none());
    let flags = [
        (change.reference_number.is_none(), Flag::NoReference),
        (change.bank_account.is_none(), Flag::NoAccount),
        (change.paid_at.is_none(), Flag::NoTime),
        (future_time.is_some(), Flag::FutureTime),
        (notice.redelivered, Flag::Redelivered),
        (notice.retained, Flag::Retained),
    ];
    Payment {
        terminal: notice.terminal.clone(),
        bank_account: account.to_owned(),
        reference_number: change.reference_number.clone(),
        trans_type: change.trans_type,
        amount: change.amount,
        order_id: change.order_id.clone(),
        content: change.content.clone(),
        paid_at: paid_at.unwrap_or(notice.received_at),
        future_time,
        received_at: notice.received_at,
        source: notice.source,
        flags: flags.into_iter().filter_map(|(set, flag)| set.then_some(flag)).collect(),
        age: match paid_at {
            Some(paid_at) => age(notice.received_at.millis_since(paid_at), facts),
            None if again(notice) => Age::Old,
            None => Age::Fresh,
        },
        raw_sha256: notice.raw_sha256.clone(),
    }
}

fn age(ms: u64, facts: &Facts) -> Age {
    if ms <= facts.fresh_s.saturating_mul(1000) {
        Age::Fresh
    } else if ms <= facts.late_s.saturating_mul(1000) {
        Age::Late
    } else {
        Age::Old
    }
}

fn quarantined(reason: Reason, detail: &str) -> Receipt {
    Receipt::Quarantined { reason, detail: detail.to_owned() }
}
