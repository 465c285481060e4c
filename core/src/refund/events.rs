//! The data of `refund.*` events. `refund.requested` is [`super::Request`] itself.

use super::{Baseline, Evidence, Refund, RefundId, ReviewCode, Verdict};
use crate::{provider::Figures, time::Timestamp};
use serde::{Deserialize, Serialize};

/// Which refund an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// Its name.
    pub refund: RefundId,
    /// The caller's id.
    pub request_id: String,
    /// How much, in đồng or minor units.
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Who asked.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub operator: String,
    /// Who approved it, once somebody has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_by: Option<String>,
}

impl Of {
    pub(super) fn new(refund: &Refund) -> Of {
        Of {
            refund: refund.id,
            request_id: refund.request.request_id.clone(),
            amount: refund.request.amount,
            currency: refund.request.currency.clone(),
            operator: refund.request.operator.clone(),
            approved_by: refund.approved_by.clone(),
        }
    }
}

/// `refund.awaiting_approval`: a manager has to approve it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundAwaitingApproval {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// It is refused unless approved by then.
    pub expires_at: Timestamp,
}

/// `refund.approved`: by a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundApproved {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// The manager.
    pub by: String,
}

/// `refund.refused`: by a rule or a person, unsent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRefused {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// `cancelled`, `approval_expired`, or the rule.
    pub code: String,
    /// Who cancelled it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// Their reason, or what the rule expected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// `refund.queued`: to be sent; again, where an attempt was certainly not executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundQueued {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// It fails unless sent by then.
    pub expires_at: Timestamp,
    /// The attempt that was not executed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempt: Option<AttemptTold>,
    /// The pause before the next try, in milliseconds.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub pause_ms: u64,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTold {
    /// In a word.
    pub outcome: super::AttemptEnd,
    /// The provider's code, or ours for what happened on the wire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// The provider's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

/// `refund.sending`: durable before the first byte leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSending {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// The attempt's id.
    pub attempt: String,
    /// What was refunded before; absent where the provider tells no figures.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Baseline>,
}

/// `refund.pending` and `refund.unknown`: the outcome is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOpenEnded {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// What happened: the provider's code, `restart`, or ours for what happened on the wire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// How the attempt ended; absent where a restart or a look-up brought it here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempt: Option<AttemptTold>,
    /// The pause before the first look-up, in milliseconds.
    pub pause_ms: u64,
    /// Without evidence by then, people decide.
    pub review_at: Timestamp,
}

/// `refund.review`: people decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundReview {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// Why.
    pub code: ReviewCode,
    /// The provider's code or words, where they are why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attempt: Option<AttemptTold>,
    /// The figures before the attempt, or that this ledger expected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Figures>,
    /// The figures that were seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Figures>,
    /// An attempt was made that may have been executed.
    pub sent: bool,
    /// Look-ups may settle it.
    pub settles: bool,
    /// The pause before the next look-up, in milliseconds; absent where none is made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pause_ms: Option<u64>,
    /// Look-ups end then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

/// `refund.succeeded`: the money went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSucceeded {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// What shows it.
    pub evidence: Evidence,
}

/// `refund.failed`: no money went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// `expired_unsent`, `not_found`, `not_refundable`, or the provider's code.
    pub code: String,
    /// The provider's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// An attempt reached the provider and was refused.
    pub sent: bool,
}

/// `refund.resolved`: a person's verdict on a refund in review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundResolved {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// What they decided.
    pub verdict: Verdict,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// `refund.contradicted`: evidence against a person's verdict. Nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundContradicted {
    /// Which.
    #[serde(flatten)]
    pub of: Of,
    /// What the person had decided.
    pub verdict: Verdict,
    /// What speaks against it.
    pub evidence: Evidence,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}
