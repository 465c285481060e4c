//! What readers get: everything at or below the committed number, nothing above it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vietqr_edge_core::{
    event::{Event, Reason},
    money::Dong,
    payment::{Payment, PaymentId},
    refund::State as RefundState,
    time::Timestamp,
};

/// An event with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub event: Event,
}

/// Whose journal it is; with a number it makes an event's id: `{device}-{journal}-{seq}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `[device] id`.
    pub device: String,
    /// 8 hex digits, drawn when the journal was created.
    pub journal: String,
}

/// A payment with what happened to it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentView {
    /// Its name.
    pub id: PaymentId,
    /// As booked; a reference that came later is filled in.
    pub payment: Payment,
    /// When it was durable.
    pub stored_at: Timestamp,
    /// Notices that came again for it.
    pub repeats: u64,
    /// What was given back of it, in đồng, as far as this ledger knows.
    pub refunded: u64,
    /// What the speaker made of it.
    pub speech: Speech,
}

/// What the speaker made of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// Money out: never said.
    Never,
    /// Not yet.
    Due,
    /// Begun at this time; whether it was said to the end is not known.
    Started(Timestamp),
    /// Said between these times.
    Finished(Timestamp, Timestamp),
    /// The speaker failed after it began.
    Failed(Timestamp, Timestamp),
    /// Left out at this time (quiet hours, voice off).
    Skipped(Timestamp),
}

/// Totals since the journal began (or since it was first rebuilt without its oldest part).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Payments in.
    pub credits: u64,
    /// Their sum.
    pub credited: Dong,
    /// Payments out.
    pub debits: u64,
    /// Notices that came again.
    pub repeats: u64,
    /// Messages not booked, by reason.
    pub quarantined: BTreeMap<Reason, u64>,
    /// Announcements begun.
    pub announced: u64,
    /// Announcements the speaker failed at.
    pub announce_failed: u64,
    /// Payments left out by quiet hours or mode.
    pub skipped: u64,
    /// Refunds by their present state, ended ones included.
    #[serde(default)]
    pub refunds: BTreeMap<RefundState, u64>,
    /// Wrong PINs.
    #[serde(default)]
    pub wrong_pins: u64,
    /// How often they locked an operator, or the device.
    #[serde(default)]
    pub locks: u64,
    /// Unreadable places found in the journal.
    pub damaged: u64,
    /// When the last credit was received.
    pub last_credit: Option<Timestamp>,
    /// The last credit.
    pub last_payment: Option<PaymentId>,
    /// Confirmed time below which certificates are never checked.
    pub clock_floor: Option<Timestamp>,
    /// The last run ended in order.
    pub stopped: bool,
    /// The last link event was `link.up`.
    pub link_up: bool,
    /// The link was up at least once.
    pub linked: bool,
}

/// How full the state folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Bytes in the journal.
    pub journal_bytes: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Free bytes on its file system.
    pub free_bytes: u64,
    /// Files that can still be made on it; `u64::MAX` where it does not count them.
    pub free_files: u64,
    /// It is nearly full.
    pub low: bool,
    /// Nothing can be stored now.
    pub full: bool,
}

/// A read that could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// These events were dropped by retention.
    #[error("events up to {} were dropped; the oldest is {oldest}", oldest - 1)]
    Dropped {
        /// The oldest event held.
        oldest: u64,
    },
    /// The journal could not be read.
    #[error("the journal can not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The store failed.
    #[error("the store failed: {0}")]
    Store(String),
}
