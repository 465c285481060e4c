//! What is said next (voice.md): fresh before late, a summary for what is old, nothing twice, nothing dropped.
//!
//! [`next`] proposes, [`start`] disposes: the speaker asks `next` for the best announcement of what waits; the ledger commits it as
//! `announcement.started` only if `start` allows it, and only then a word is said. So a speaker that asks twice, or whose list is
//! out of date, can not say a payment twice.

use crate::{
    event::Kind,
    money::Dong,
    payment::PaymentId,
    time::Timestamp,
    voice::{Dialect, Sentence},
};
use std::collections::BTreeSet;

/// A payment that no announcement has named yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub payment: PaymentId,
    /// How much.
    pub amount: Dong,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// When its notice came.
    pub received_at: Timestamp,
    /// When the speaker first saw it, in milliseconds of a monotonic clock.
    pub noticed_ms: u64,
}

/// What waits, oldest first in each list; no payment is in it twice. Lists may be cut to their oldest entries: `fresh` after 1 or
/// more, `late` and `old` after [`SUMMARY_MAX`] or more. What was cut comes with a later call.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// To be said now.
    pub fresh: Vec<Due>,
    /// To be said with the time.
    pub late: Vec<Due>,
    /// For the summary.
    pub old: Vec<Due>,
}

/// The most payments one summary names, so that its event fits one journal line.
pub const SUMMARY_MAX: usize = 2000;

/// Up to so many late payments are said one by one; more of them join the summary (voice.md).
pub const LATE_MAX: usize = 5;

/// A summary is given when so long no other payment for it was noticed, in milliseconds (voice.md).
pub const SETTLE_MS: u64 = 3_000;

/// A summary waits no longer than this after the first payment for it was noticed, in milliseconds (voice.md).
pub const SUMMARY_WITHIN_MS: u64 = 15_000;

/// How things are said.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Words of the north or the south.
    pub dialect: Dialect,
    /// Under this amount, where no bill is open, the sentence warns.
    pub small_amount: Dong,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Say this.
    Say {
        /// The payments it names, at least one and at most [`SUMMARY_MAX`].
        payments: Vec<PaymentId>,
        /// What it is.
        kind: Kind,
        /// The sentence.
        sentence: String,
    },
    /// Ask again after this many milliseconds (1 to [`SETTLE_MS`]), or when something new waits.
    Wait(u64),
    /// Nothing waits.
    Nothing,
}

/// Decides what is said next at `now_ms` of the same monotonic clock as [`Due::noticed_ms`].
pub fn next(waiting: &Waiting, now_ms: u64, manner: &Manner) -> Next {
    if let Some(due) = waiting.fresh.first() {
        return one(due, Kind::Fresh, Sentence::unbilled(due.amount, manner.small_amount), manner);
    }
    let joined = waiting.late.len() > LATE_MAX;
    if let (false, Some(due)) = (joined, waiting.late.first()) {
        let inner = Sentence::unbilled(due.amount, manner.small_amount);
        return one(due, Kind::Late, Sentence::late(due.paid_at, inner), manner);
    }
    let late = if joined { waiting.late.as_slice() } else { &[] };
    let members: Vec<&Due> = waiting.old.iter().chain(late).collect();
    match settles_at(&members) {
        None => Next::Nothing,
        // A time of notice ahead of the clock must not become a long sleep.
        Some(at) if now_ms < at => Next::Wait((at - now_ms).min(SETTLE_MS)),
        Some(_) => summary(&members, manner),
    }
}

/// When the summary of `members` may be given; `None` without any.
fn settles_at(members: &[&Due]) -> Option<u64> {
    let noticed = members.iter().map(|due| due.noticed_ms);
    let (first, last) = (noticed.clone().min()?, noticed.max()?);
    Some(last.saturating_add(SETTLE_MS).min(first.saturating_add(SUMMARY_WITHIN_MS)))
}

fn one(due: &Due, kind: Kind, sentence: Sentence, manner: &Manner) -> Next {
    Next::Say { payments: vec![due.payment], kind, sentence: sentence.text(manner.dialect) }
}

/// Names as many as one summary may, from the first on; a sum beyond `u64` ends it earlier. The rest makes a summary of its own.
fn summary(members: &[&Due], manner: &Manner) -> Next {
    let (mut payments, mut total) = (Vec::new(), Dong::ZERO);
    for due in members.iter().take(SUMMARY_MAX) {
        let Ok(sum) = total.plus(due.amount) else { break };
        total = sum;
        payments.push(due.payment);
    }
    let sentence = Sentence::Summary { count: payments.len() as u64, total };
    Next::Say { payments, kind: Kind::Summary, sentence: sentence.text(manner.dialect) }
}

/// An announcement would name a payment that is not due: one that was named before, is no money in, or is not known. Nothing is
/// said; the caller asks [`next`] again with what waits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payment {0} is not due to be announced: it was announced before, or is no payment received")]
pub struct NotDue(pub PaymentId);

/// Whether an announcement of `payments` may start: the rule of promise I2, decided in the commit that writes `announcement.started`.
///
/// `is_due` must see all that is committed, and what the same group decided before. A replay, which a person asks for, does not
/// come here.
///
/// # Errors
/// [`NotDue`] for the first payment that is not due; one named twice is not due the second time.
pub fn start(payments: &[PaymentId], is_due: impl Fn(PaymentId) -> bool) -> Result<(), NotDue> {
    let mut named = BTreeSet::new();
    match payments.iter().find(|payment| !named.insert(**payment) || !is_due(**payment)) {
        Some(payment) => Err(NotDue(*payment)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
