//! The vocabulary of the journal: numbered [`Event`]s (the public feed) and unnumbered [`Note`]s (evidence and counts).
//!
//! Names and fields are a contract (DESIGN 3.5): a type or field once released is never renamed. On disk accounts are whole;
//! [`Event::public`] is what leaves the device.

mod data;
mod note;

use crate::{
    mask,
    payment::{Age, Payment, PaymentId},
    refund::{self, RefundId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use data::*;
pub use note::Note;

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
