//! What is said next (voice.md): fresh before late, a summary for what is old, nothing twice, nothing dropped.

use crate::{event::Kind, money::Dong, payment::PaymentId, time::Timestamp, voice::Dialect};

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

/// What waits, oldest first in each list. Lists may be cut: `fresh` after 1 or more, `late` after 6 or more, `old` at [`SUMMARY_MAX`].
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
        /// The payments it names.
        payments: Vec<PaymentId>,
        /// What it is.
        kind: Kind,
        /// The sentence.
        sentence: String,
    },
    /// Ask again after this many milliseconds, or when something new waits.
    Wait(u64),
    /// Nothing waits.
    Nothing,
}

/// Decides what is said next at `now_ms` of the same monotonic clock as [`Due::noticed_ms`].
pub fn next(_waiting: &Waiting, _now_ms: u64, _manner: &Manner) -> Next {
    todo!("announcement policy")
}
