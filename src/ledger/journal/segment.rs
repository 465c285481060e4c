//! The files of the journal: `00000001.jsonl` and on. Each begins with a header and a snapshot of what is open, so that any older
//! one may be dropped.

use crate::ledger::{
    state::refund::{Bound, SumsEntry, ToSay},
    view::Counters,
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
};
use vietqr_edge_core::{
    event::Reason,
    money::Dong,
    payment::{Age, PaymentId},
    refund::{Refund, RefundId},
    time::Timestamp,
};

/// The version of the format. A reader refuses a newer one; an older one is migrated.
pub const FORMAT: u32 = 1;

/// The first line of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format, see [`FORMAT`].
    pub format: u32,
    /// Number of the segment, from 1.
    pub number: u32,
    /// 8 hex digits, drawn when the journal was created.
    pub journal: String,
    /// `[device] id` when the segment was begun.
    pub device: String,
    /// A digest of the machine's id: a copied card is noticed by it.
    pub machine: String,
    /// Number of the first event to come.
    pub first: u64,
    /// When it was begun.
    pub at: Timestamp,
    /// How many lines of snapshot follow.
    pub open_lines: u32,
}

/// One thing that was open when a segment was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "open", rename_all = "snake_case")]
pub enum Open {
    /// Totals.
    Counters {
        /// Their values.
        counters: Box<Counters>,
    },
    /// A payment that waits to be announced.
    Due {
        /// Which.
        payment: PaymentId,
        /// How old at receipt.
        age: Age,
        /// How much.
        amount: Dong,
        /// When it was paid.
        paid_at: Timestamp,
        /// When its notice came.
        received_at: Timestamp,
    },
    /// An announcement that has not ended.
    Unfinished {
        /// Number of its `announcement.started`.
        started: u64,
        /// A part of the payments it names.
        payments: Vec<PaymentId>,
    },
    /// The last `message.quarantined` of a reason.
    Quarantined {
        /// Which reason.
        reason: Reason,
        /// Number in the ring that it reached.
        ring: u64,
    },
    /// A refund in flight, or watched.
    Refund {
        /// As it stood.
        refund: Box<Refund>,
    },
    /// What the refunds of one payment come to.
    Sums {
        /// Of which payment, in hex.
        identity: String,
        /// The sums.
        entry: SumsEntry,
    },
    /// A `request_id` that was used.
    RequestId {
        /// Its digest, in hex.
        digest: String,
        /// What for.
        #[serde(flatten)]
        bound: Bound,
    },
    /// What went back on a day.
    RefundDay {
        /// The day, and the limits it counts against.
        day: String,
        /// How much.
        sum: u64,
    },
    /// What waits to be said of a refund.
    RefundToSay {
        /// Which.
        refund: RefundId,
        /// What.
        #[serde(flatten)]
        to_say: ToSay,
    },
    /// The journal was dropped up to here, on purpose.
    Dropped {
        /// The oldest number held.
        oldest: u64,
        /// Time of the oldest line held.
        at: Timestamp,
    },
}

/// The number of a segment, and its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName(pub u32);

impl SegmentName {
    /// From a file name; `None` for other files.
    pub fn parse(name: &str) -> Option<SegmentName> {
        let digits = name.strip_suffix(".jsonl")?;
        if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|number| *number > 0).map(SegmentName)
    }

    /// Its path in the journal's folder.
    pub fn path(self, dir: &Path) -> PathBuf {
        dir.join(self.to_string())
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}.jsonl", self.0)
    }
}
