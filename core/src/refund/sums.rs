//! What all refunds of one original payment come to, kept under its identity.

use super::{Evidence, Original, Refund, RefundId, State, Verdict};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The refunds of one original payment. Kept as long as its refunds can be asked for again: after the journal dropped them too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sums {
    /// The payment as its first refund named it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub original: Option<Original>,
    /// The one in flight.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub open: Option<RefundId>,
    /// The one that an attempt was made for last: from then on the figures do not speak of an earlier one alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_sent: Option<RefundId>,
    /// When that attempt was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_sent_at: Option<Timestamp>,
    /// What went back, as far as this ledger knows; at most `u64::MAX`.
    #[serde(default)]
    pub refunded: u64,
    /// In how many refunds.
    #[serde(default)]
    pub count: u64,
    /// Refunds that were sent and that a person called failed: the provider may still execute one.
    #[serde(default)]
    pub written_off: u64,
}

impl Sums {
    /// Takes in a change of one refund of this payment; `before` is `None` for a new one.
    pub fn change(&mut self, before: Option<&Refund>, after: &Refund) {
        if self.original.is_none() {
            self.original = Some(after.request.original.clone());
        }
        if after.state.in_flight() {
            self.open = Some(after.id);
        } else if self.open == Some(after.id) {
            self.open = None;
        }
        if after.state == State::Sending {
            self.last_sent = Some(after.id);
            self.last_sent_at = after.attempt().map(|attempt| attempt.sent_at);
        }
        let (had, has) = (before.is_some_and(went_back), went_back(after));
        if has && !had {
            // Beyond the range nothing more is refunded: what is left is nothing.
            self.refunded = self.refunded.saturating_add(after.request.amount);
            self.count = self.count.saturating_add(1);
        } else if had && !has {
            self.refunded = self.refunded.saturating_sub(after.request.amount);
            self.count = self.count.saturating_sub(1);
        }
        match (before.is_some_and(is_written_off), is_written_off(after)) {
            (false, true) => self.written_off = self.written_off.saturating_add(1),
            (true, false) => self.written_off = self.written_off.saturating_sub(1),
            _ => {}
        }
        // A wrong date or amount that was never sent anywhere must not stand against the right one.
        let nothing = self.open.is_none() && self.last_sent.is_none() && self.count == 0;
        if nothing && matches!(after.state, State::Failed | State::Refused) {
            self.original = None;
        }
    }
}

/// Money went back: by its state, or by evidence against a person's verdict.
fn went_back(refund: &Refund) -> bool {
    refund.state == State::Succeeded || refund.state == State::Failed && refund.contradicted
}

fn is_written_off(refund: &Refund) -> bool {
    refund.verdict == Some(Verdict::Failed) && refund.attempt_count > 0 && !refund.contradicted
}

impl Evidence {
    pub(super) fn of(kind: super::EvidenceKind) -> Evidence {
        Evidence { kind, reference: None, before: None, after: None, by: None, reason: None }
    }
}
