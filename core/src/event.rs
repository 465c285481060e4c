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
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeStruct};
use serde_json::{Value, json, value::RawValue};

pub use data::*;
pub use note::Note;

/// The types, each with its name on disk and in the feed. Written out by a macro and not derived: what serde derives for so many
/// types is 130 KB of program, which is more than all of them need.
macro_rules! events {
    ($($variant:ident($data:ty) = $name:literal,)*) => {
        /// A numbered fact. Numbers have no gaps. As JSON: `{"type": ..., "data": ...}`.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)] // each variant documents its struct
        pub enum Event {
            $($variant($data),)*
        }

        impl Event {
            /// The type's name, as in the feed.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Event::$variant(_) => $name,)*
                }
            }
        }

        impl Serialize for Event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut members = serializer.serialize_struct("Event", 2)?;
                members.serialize_field("type", self.name())?;
                match self {
                    $(Event::$variant(data) => members.serialize_field("data", data)?,)*
                }
                members.end()
            }
        }

        impl<'de> Deserialize<'de> for Event {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Event, D::Error> {
                let Named { name, data } = Named::deserialize(deserializer)?;
                let read = match name.as_str() {
                    $($name => serde_json::from_str(data.get()).map(Event::$variant),)*
                    other => return Err(D::Error::custom(format_args!("the event type '{other}' is not known"))),
                };
                read.map_err(|error| D::Error::custom(format_args!("{name}: {error}")))
            }
        }
    };
}

events! {
    DeviceStarted(DeviceStarted) = "device.started",
    DeviceStopped(DeviceStopped) = "device.stopped",
    LinkUp(LinkUp) = "link.up",
    LinkDown(LinkDown) = "link.down",
    LinkSessionLost(LinkSessionLost) = "link.session_lost",
    MessageQuarantined(MessageQuarantined) = "message.quarantined",
    PaymentReceived(Payment) = "payment.received",
    PaymentDebited(Payment) = "payment.debited",
    AnnouncementStarted(AnnouncementStarted) = "announcement.started",
    AnnouncementFinished(AnnouncementFinished) = "announcement.finished",
    AnnouncementFailed(AnnouncementFailed) = "announcement.failed",
    AnnouncementSkipped(AnnouncementSkipped) = "announcement.skipped",
    RefundRequested(Box<refund::Request>) = "refund.requested",
    RefundAwaitingApproval(refund::RefundAwaitingApproval) = "refund.awaiting_approval",
    RefundApproved(refund::RefundApproved) = "refund.approved",
    RefundRefused(refund::RefundRefused) = "refund.refused",
    RefundQueued(refund::RefundQueued) = "refund.queued",
    RefundSending(refund::RefundSending) = "refund.sending",
    RefundPending(refund::RefundOpenEnded) = "refund.pending",
    RefundUnknown(refund::RefundOpenEnded) = "refund.unknown",
    RefundReview(refund::RefundReview) = "refund.review",
    RefundSucceeded(refund::RefundSucceeded) = "refund.succeeded",
    RefundFailed(refund::RefundFailed) = "refund.failed",
    RefundResolved(refund::RefundResolved) = "refund.resolved",
    RefundContradicted(refund::RefundContradicted) = "refund.contradicted",
    OperatorLocked(OperatorLocked) = "operator.locked",
    ClockCorrected(ClockCorrected) = "clock.corrected",
    StoreRebuilt(StoreRebuilt) = "store.rebuilt",
    JournalDamaged(JournalDamaged) = "journal.damaged",
    JournalDropped(JournalDropped) = "journal.dropped",
}

/// An event whose data is not yet read.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "type")]
    name: String,
    data: Box<RawValue>,
}

impl Event {
    /// The `data` that leaves the device: accounts masked, a payment with its id (`seq` is this event's number).
    pub fn public(&self, seq: u64) -> Value {
        // By way of its text, so that there is one way to write an event.
        let text = serde_json::to_string(self).unwrap_or_default();
        let mut data = match serde_json::from_str(&text) {
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
