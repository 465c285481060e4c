//! What is said of a refund (voice.md): once for each thing there is to say.

use super::{Refund, State};
use crate::{money::Dong, voice::Sentence};
use serde::{Deserialize, Serialize};

/// What there is to say of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// It is done.
    Done,
    /// It is accepted, not finished.
    Pending,
    /// Its outcome is not known, or people must decide.
    Unknown,
    /// It is refused, by the provider or by a rule.
    Failed,
}

impl Speech {
    /// What its present state has to be said about it. Nothing of what a person did on purpose, nor of a sum that is not in đồng.
    pub fn of(refund: &Refund) -> Option<Speech> {
        match refund.state {
            State::Succeeded if refund.request.currency == "VND" => Some(Speech::Done),
            State::Pending => Some(Speech::Pending),
            State::Unknown | State::Review => Some(Speech::Unknown),
            State::Failed => Some(Speech::Failed),
            State::Refused if refund.code.as_deref() != Some("cancelled") => Some(Speech::Failed),
            State::Succeeded | State::Refused | State::AwaitingApproval | State::Queued | State::Sending => None,
        }
    }

    /// The sentence; `amount` is in đồng.
    pub fn sentence(self, amount: u64) -> Sentence {
        match self {
            Speech::Done => Sentence::Refunded(Dong(amount)),
            Speech::Pending => Sentence::RefundPending,
            Speech::Unknown => Sentence::RefundUnknown,
            Speech::Failed => Sentence::RefundRefused,
        }
    }
}
