//! The files of the journal: `00000001.jsonl` and on. Each begins with a header and a snapshot of what is open, so that any older
//! one may be dropped.

use crate::ledger::{
    state::refund::{Bound, SumsEntry, ToSay},
    view::Counters,
};
use serde::{Deserialize, Serialize};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};
use vietqr_edge_core::{
    event::Reason,
    lockout::{Hour, Tries, Who},
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

vietqr_edge_core::tagged! {
    /// One thing that was open when a segment was begun.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Open = "Open", tag = "open" {
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
        /// Wrong PINs of an operator at a caller.
        PinTries {
            /// Whose.
            who: Who,
            /// What they did.
            #[serde(flatten)]
            tries: Tries,
        },
        /// Wrong PINs of the last hour.
        PinHour {
            /// By which caller, when.
            #[serde(flatten)]
            hour: Hour,
        },
        /// The journal was dropped up to here, on purpose.
        Dropped {
            /// The oldest number held.
            oldest: u64,
            /// Time of the oldest line held.
            at: Timestamp,
        },
    }
}

/// The number of a segment, and its file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName(pub u32);

impl SegmentName {
    /// From a file name; `None` for other files.
    pub fn parse(name: &str) -> Option<SegmentName> {
        let digits = name.strip_suffix(".jsonl")?;
        let found = digits.parse().ok().filter(|number| (1..u32::MAX).contains(number)).map(SegmentName)?;
        (found.to_string() == name).then_some(found)
    }

    /// The one after it.
    ///
    /// # Errors
    /// Where there is no such number.
    pub fn next(self) -> io::Result<SegmentName> {
        let next = self.0.checked_add(1).ok_or_else(|| io::Error::other("no number is left for another segment"))?;
        Ok(SegmentName(next))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_a_segment_may_have_is_read_back_from_its_name() {
        for number in [1, 99_999_999, 100_000_000, u32::MAX - 1] {
            assert_eq!(SegmentName::parse(&SegmentName(number).to_string()), Some(SegmentName(number)));
        }
        for name in
            ["00000000.jsonl", "1.jsonl", "000000001.jsonl", "+0000001.jsonl", "4294967295.jsonl", "00000001.jsonl.new"]
        {
            assert_eq!(SegmentName::parse(name), None, "{name}");
        }
    }
}
