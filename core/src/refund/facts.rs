//! What a decision needs to know, and why one is refused.

use super::{RefundId, State, Sums};
use crate::time::Timestamp;

/// The three limits of a provider's refunds, in đồng or minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most that one refund may be.
    pub max_amount: u64,
    /// The most that this device may refund in a day at +07:00.
    pub daily_total: u64,
    /// Above this a manager must approve.
    pub approval_above: u64,
}

/// What the ledger knows, as far as one refund needs it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The time that the events of this decision will bear.
    pub now: Timestamp,
    /// The number that its first event will have.
    pub next_seq: u64,
    /// The number of this start's first event: a request with a smaller one is older than this start.
    pub started_seq: u64,
    /// What the ledger booked for the original payment; `None` where it does not know it.
    pub credited: Option<u64>,
    /// The refunds of the same original payment ([`super::Original::identity`]), this one included.
    pub sums: Sums,
    /// What counts against the day, this refund aside: refunds in the same limits that were requested on its +07:00 day
    /// (today's for a new request) and [count](State::counts), and those in flight of any other day.
    pub day_total: u64,
    /// The limits that apply to it.
    pub limits: Limits,
    /// Who asked is an operator of the configuration, or it has none and any name will do.
    pub known_operator: bool,
    /// There is a manager other than who asked.
    pub approver: bool,
    /// Pauses between look-ups in seconds; the last one repeats. An empty list is read as one of 600.
    pub lookup_s: Vec<u64>,
}

impl Facts {
    /// The pause before look-up number `n` (from 0), in milliseconds.
    pub(super) fn pause_ms(&self, n: u32) -> u64 {
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        self.lookup_s.get(n).or(self.lookup_s.last()).copied().unwrap_or(600).saturating_mul(1000)
    }

    /// How many look-ups the schedule has.
    pub(super) fn schedule(&self) -> u32 {
        u32::try_from(self.lookup_s.len()).unwrap_or(u32::MAX).max(1)
    }
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// What the caller should make of it.
    pub kind: RefusalKind,
    /// A stable code for programs.
    pub code: &'static str,
    /// What was expected, for people.
    pub detail: String,
    /// The refund that stands in the way.
    pub other: Option<RefundId>,
}

/// What the caller should make of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request contradicts an earlier one, or the refund is not in a state for it: 409.
    Conflict,
    /// This person may not: 403.
    Forbidden,
    /// A rule is against it: 422.
    Rule,
}

impl Refusal {
    pub(super) fn rule(code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Rule, code, detail: detail.into(), other: None }
    }

    pub(super) fn conflict(code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Conflict, code, detail: detail.into(), other: None }
    }

    pub(super) fn forbidden(code: &'static str, detail: impl Into<String>) -> Refusal {
        Refusal { kind: RefusalKind::Forbidden, code, detail: detail.into(), other: None }
    }

    pub(super) fn state(expected: &str, state: State) -> Refusal {
        Refusal::conflict("wrong_state", format!("the refund is {}; expected {expected}", state.as_str()))
    }

    pub(super) fn about(mut self, other: RefundId) -> Refusal {
        self.other = Some(other);
        self
    }
}
