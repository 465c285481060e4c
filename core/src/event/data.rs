//! What an event tells.

use crate::{payment::PaymentId, refund::RefundId, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The daemon began to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStarted {
    /// The daemon's version.
    pub version: String,
    /// The run before this one ended with `device.stopped`.
    pub clean: bool,
}

/// The daemon ended in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStopped {
    /// What asked for it, as `SIGTERM`.
    pub reason: String,
}

/// Connected, and every subscription granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkUp {
    /// Host and port.
    pub broker: String,
    /// The broker still had our session.
    pub session_present: bool,
}

/// The connection ended or could not be made. One event an outage, not one a try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkDown {
    /// Host and port.
    pub broker: String,
    /// Why, in a sentence for people.
    pub reason: String,
}

/// The broker had forgotten our session: messages published meanwhile may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkSessionLost {
    /// Host and port.
    pub broker: String,
}

/// Input that was not booked. The first of a reason is told at once, further ones at most once a minute with their count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageQuarantined {
    /// Why.
    pub reason: Reason,
    /// How many since the event before for this reason, this one included.
    pub count: u64,
    /// Number of the last of them in the strangers' ring.
    pub ring: u64,
    /// Topic or path of the last of them.
    pub topic: String,
    /// SHA-256 of its body, lower hex.
    pub sha256: String,
    /// Length of its body in bytes.
    pub size: u64,
    /// What was expected and what came, without any text from the message itself that could be personal.
    pub detail: String,
}

/// Why a message was not booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Not a JSON object of the expected shape.
    Unparsable,
    /// Larger than the packet limit.
    Oversized,
    /// An account that is not one of `[[account]]`.
    ForeignAccount,
    /// `status` other than 1, "1", "SUCCESS" or absent.
    BadStatus,
    /// `transType` other than C or D, or absent.
    BadTransType,
    /// Not a positive whole number of đồng in an observed form.
    BadAmount,
    /// The known key with another amount; the first one stands.
    Conflict,
    /// Older than the oldest line held: whether it is a repeat can not be known.
    TooOld,
    /// A topic we did not ask for.
    UnexpectedTopic,
    /// A refund request that proved no identity: unsigned, by another key, expired, for another terminal.
    UntrustedRequest,
}

impl Reason {
    /// As in JSON and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Unparsable => "unparsable",
            Reason::Oversized => "oversized",
            Reason::ForeignAccount => "foreign_account",
            Reason::BadStatus => "bad_status",
            Reason::BadTransType => "bad_trans_type",
            Reason::BadAmount => "bad_amount",
            Reason::Conflict => "conflict",
            Reason::TooOld => "too_old",
            Reason::UnexpectedTopic => "unexpected_topic",
            Reason::UntrustedRequest => "untrusted_request",
        }
    }
}

/// What an announcement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A payment just made.
    Fresh,
    /// One payment, told with the time it was made.
    Late,
    /// Several payments of an outage in one sentence.
    Summary,
    /// Said again because a person asked.
    Replay,
    /// What became of a refund.
    Refund,
}

/// Written before the first word is said: what it names is never said again by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementStarted {
    /// The payments it is about.
    pub payments: Vec<PaymentId>,
    /// The refund it is about, for [`Kind::Refund`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refund: Option<RefundId>,
    /// What it is.
    pub kind: Kind,
    /// What is said.
    pub sentence: String,
}

/// The speaker said it to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementFinished {
    /// Sequence of its `announcement.started`.
    pub started: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// The speaker failed; it may have been heard in part, so it is not said again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementFailed {
    /// Sequence of its `announcement.started`.
    pub started: u64,
    /// Why, in a sentence for people.
    pub reason: String,
}

/// Not said, and not to be said later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementSkipped {
    /// The payments it is about.
    pub payments: Vec<PaymentId>,
    /// The refunds it is about.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<RefundId>,
    /// Why.
    pub reason: SkipReason,
}

/// Why nothing was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Inside `[voice] quiet`.
    QuietHours,
    /// `mode = "off"`, or no `[voice]` at all.
    VoiceOff,
    /// `mode = "chime"`: only the chime sounds.
    ChimeOnly,
    /// Neither `command` nor `clips` is set.
    NoSpeaker,
}

/// Too many wrong PINs: none is checked for a while ([`crate::lockout`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorLocked {
    /// Whose PIN; absent for the device, and where there is no such operator: the name may be a PIN in the wrong field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub operator: Option<String>,
    /// Through which caller: the name of a token, or the user at the socket. Absent for the device.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub caller: Option<String>,
    /// How many wrong ones led to it: in a row, or for the device within the hour.
    pub wrong: u32,
    /// For so long, in milliseconds; for the device, at most so long.
    pub pause_ms: u64,
    /// Until then.
    pub until: Timestamp,
}

/// A confirmed time was earlier than the floor that certificates are checked at; the floor was lowered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockCorrected {
    /// The floor before.
    pub from: Timestamp,
    /// The confirmed time.
    pub to: Timestamp,
}

/// The state was built again from the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRebuilt {
    /// Why, in a sentence for people.
    pub reason: String,
    /// Where the old one lies, relative to the state folder; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_aside: Option<String>,
    /// Journal lines it was built from.
    pub lines: u64,
}

/// A part of the journal can not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalDamaged {
    /// File name within `journal/`.
    pub segment: String,
    /// Where the unreadable part begins in it, in bytes.
    pub offset: u64,
    /// First missing sequence number, if any is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_missing: Option<u64>,
    /// Last missing sequence number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_missing: Option<u64>,
    /// What is wrong with it.
    pub reason: String,
}

/// Old segments were removed to stay inside the configured bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalDropped {
    /// How many files.
    pub segments: u64,
    /// First sequence number removed.
    pub first: u64,
    /// Last sequence number removed.
    pub last: u64,
    /// Time of the oldest line still held.
    pub held_since: Timestamp,
    /// `ledger_days` or `max_disk_mb`.
    pub reason: String,
}
