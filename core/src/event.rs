//! The vocabulary of the journal: numbered [`Event`]s (the public feed) and unnumbered [`Note`]s (evidence and counts).
//!
//! Names and fields are a contract (DESIGN 3.5): a type or field once released is never renamed. On disk accounts are whole;
//! [`Event::public`] is what leaves the device.

use crate::{
    lockout::Who,
    mask,
    money::Dong,
    payment::{Age, Payment, PaymentId, TransType},
    provider::Figures,
    refund::{self, RefundId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A numbered fact. Numbers have no gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[allow(missing_docs)] // each variant documents its struct
pub enum Event {
    #[serde(rename = "device.started")]
    DeviceStarted(DeviceStarted),
    #[serde(rename = "device.stopped")]
    DeviceStopped(DeviceStopped),
    #[serde(rename = "link.up")]
    LinkUp(LinkUp),
    #[serde(rename = "link.down")]
    LinkDown(LinkDown),
    #[serde(rename = "link.session_lost")]
    LinkSessionLost(LinkSessionLost),
    #[serde(rename = "message.quarantined")]
    MessageQuarantined(MessageQuarantined),
    #[serde(rename = "payment.received")]
    PaymentReceived(Payment),
    #[serde(rename = "payment.debited")]
    PaymentDebited(Payment),
    #[serde(rename = "announcement.started")]
    AnnouncementStarted(AnnouncementStarted),
    #[serde(rename = "announcement.finished")]
    AnnouncementFinished(AnnouncementFinished),
    #[serde(rename = "announcement.failed")]
    AnnouncementFailed(AnnouncementFailed),
    #[serde(rename = "announcement.skipped")]
    AnnouncementSkipped(AnnouncementSkipped),
    #[serde(rename = "refund.requested")]
    RefundRequested(Box<refund::Request>),
    #[serde(rename = "refund.awaiting_approval")]
    RefundAwaitingApproval(refund::RefundAwaitingApproval),
    #[serde(rename = "refund.approved")]
    RefundApproved(refund::RefundApproved),
    #[serde(rename = "refund.refused")]
    RefundRefused(refund::RefundRefused),
    #[serde(rename = "refund.queued")]
    RefundQueued(refund::RefundQueued),
    #[serde(rename = "refund.sending")]
    RefundSending(refund::RefundSending),
    #[serde(rename = "refund.pending")]
    RefundPending(refund::RefundOpenEnded),
    #[serde(rename = "refund.unknown")]
    RefundUnknown(refund::RefundOpenEnded),
    #[serde(rename = "refund.review")]
    RefundReview(refund::RefundReview),
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded(refund::RefundSucceeded),
    #[serde(rename = "refund.failed")]
    RefundFailed(refund::RefundFailed),
    #[serde(rename = "refund.resolved")]
    RefundResolved(refund::RefundResolved),
    #[serde(rename = "refund.contradicted")]
    RefundContradicted(refund::RefundContradicted),
    #[serde(rename = "operator.locked")]
    OperatorLocked(OperatorLocked),
    #[serde(rename = "clock.corrected")]
    ClockCorrected(ClockCorrected),
    #[serde(rename = "store.rebuilt")]
    StoreRebuilt(StoreRebuilt),
    #[serde(rename = "journal.damaged")]
    JournalDamaged(JournalDamaged),
    #[serde(rename = "journal.dropped")]
    JournalDropped(JournalDropped),
}

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

/// Evidence and counts: in the journal, not in the feed, without a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    /// A notice came again for a payment already booked.
    PaymentRepeated {
        /// Which.
        payment: PaymentId,
        /// How often, within this line.
        count: u64,
    },
    /// A payment that was booked without a reference has one now.
    ReferenceAdopted {
        /// Which.
        payment: PaymentId,
        /// The account of that payment, whole.
        bank_account: String,
        /// Money in or out.
        trans_type: TransType,
        /// The amount of that payment.
        amount: Dong,
        /// The bank's reference.
        reference_number: String,
    },
    /// The exact bytes of an attempt to refund, in the group of its `refund.sending`.
    RefundAttempt {
        /// Which.
        refund: RefundId,
        /// The attempt's id.
        attempt: String,
        /// The body as it is sent; its only secret is a checksum.
        body: String,
    },
    /// A look-up of a refund's outcome that settled nothing.
    RefundLookedUp {
        /// Which.
        refund: RefundId,
        /// The figures, where it told any.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        figures: Option<Figures>,
        /// Why it told nothing, otherwise.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        code: Option<String>,
        /// Look-ups so far.
        look_ups: u32,
        /// The pause before the next one, in milliseconds.
        pause_ms: u64,
    },
    /// The look-ups of a refund in review, or resolved by a person, have ended.
    RefundWatchEnded {
        /// Which.
        refund: RefundId,
    },
    /// A wrong PIN. Neither the PIN nor a name that is no operator's is kept.
    PinWrong {
        /// Who it counts against.
        who: Who,
        /// The operator, where there is one of this name.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        operator: Option<String>,
        /// Through which caller.
        caller: String,
    },
    /// A right PIN after wrong ones.
    PinRight {
        /// Whose row has ended.
        who: Who,
    },
    /// The clock was set back behind wrong PINs: what seems to come from the future counts as now.
    PinsSetBack {},
    /// The time was confirmed by a source that knows it; certificates are never checked at an earlier one.
    ClockConfirmed {
        /// The confirmed time.
        at: Timestamp,
        /// `ntp` or `tls`.
        by: String,
    },
}

impl Event {
    /// The type's name, as in the feed.
    pub fn name(&self) -> &'static str {
        match self {
            Event::DeviceStarted(_) => "device.started",
            Event::DeviceStopped(_) => "device.stopped",
            Event::LinkUp(_) => "link.up",
            Event::LinkDown(_) => "link.down",
            Event::LinkSessionLost(_) => "link.session_lost",
            Event::MessageQuarantined(_) => "message.quarantined",
            Event::PaymentReceived(_) => "payment.received",
            Event::PaymentDebited(_) => "payment.debited",
            Event::AnnouncementStarted(_) => "announcement.started",
            Event::AnnouncementFinished(_) => "announcement.finished",
            Event::AnnouncementFailed(_) => "announcement.failed",
            Event::AnnouncementSkipped(_) => "announcement.skipped",
            Event::RefundRequested(_) => "refund.requested",
            Event::RefundAwaitingApproval(_) => "refund.awaiting_approval",
            Event::RefundApproved(_) => "refund.approved",
            Event::RefundRefused(_) => "refund.refused",
            Event::RefundQueued(_) => "refund.queued",
            Event::RefundSending(_) => "refund.sending",
            Event::RefundPending(_) => "refund.pending",
            Event::RefundUnknown(_) => "refund.unknown",
            Event::RefundReview(_) => "refund.review",
            Event::RefundSucceeded(_) => "refund.succeeded",
            Event::RefundFailed(_) => "refund.failed",
            Event::RefundResolved(_) => "refund.resolved",
            Event::RefundContradicted(_) => "refund.contradicted",
            Event::OperatorLocked(_) => "operator.locked",
            Event::ClockCorrected(_) => "clock.corrected",
            Event::StoreRebuilt(_) => "store.rebuilt",
            Event::JournalDamaged(_) => "journal.damaged",
            Event::JournalDropped(_) => "journal.dropped",
        }
    }

    /// The `data` that leaves the device: accounts masked, a payment with its id (`seq` is this event's number).
    pub fn public(&self, seq: u64) -> Value {
        let mut data = match serde_json::to_value(self) {
            Ok(Value::Object(mut whole)) => whole.remove("data").unwrap_or_else(|| json!({})),
            _ => json!({}),
        };
        if let (Event::PaymentReceived(payment) | Event::PaymentDebited(payment), Value::Object(fields)) =
            (self, &mut data)
        {
            fields.insert("id".into(), json!(PaymentId(seq)));
            fields.insert("bank_account".into(), json!(mask::account(&payment.bank_account)));
        }
        if let (Event::RefundRequested(_), Value::Object(fields)) = (self, &mut data) {
            fields.insert("refund".into(), json!(RefundId(seq)));
            fields.remove("fingerprint");
            refund::mask_original(fields);
        }
        data
    }

    /// The refund it is about, if it is about one (`seq` is this event's number).
    pub fn refund(&self, seq: u64) -> Option<RefundId> {
        let of = match self {
            Event::RefundRequested(_) => return Some(RefundId(seq)),
            Event::RefundAwaitingApproval(e) => &e.of,
            Event::RefundApproved(e) => &e.of,
            Event::RefundRefused(e) => &e.of,
            Event::RefundQueued(e) => &e.of,
            Event::RefundSending(e) => &e.of,
            Event::RefundPending(e) | Event::RefundUnknown(e) => &e.of,
            Event::RefundReview(e) => &e.of,
            Event::RefundSucceeded(e) => &e.of,
            Event::RefundFailed(e) => &e.of,
            Event::RefundResolved(e) => &e.of,
            Event::RefundContradicted(e) => &e.of,
            _ => return None,
        };
        Some(of.refund)
    }

    /// The payment in it, if it is one that is due to be announced.
    pub fn credit(&self) -> Option<(&Payment, Age)> {
        match self {
            Event::PaymentReceived(payment) => Some((payment, payment.age)),
            _ => None,
        }
    }
}

impl Note {
    /// The refund it is about, if it is about one.
    pub fn refund(&self) -> Option<RefundId> {
        match self {
            Note::RefundAttempt { refund, .. }
            | Note::RefundLookedUp { refund, .. }
            | Note::RefundWatchEnded { refund } => Some(*refund),
            _ => None,
        }
    }
}
