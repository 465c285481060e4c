//! What the journal keeps without a number: evidence and counts.

use crate::{
    lockout::Who,
    money::Dong,
    payment::{PaymentId, TransType},
    provider::Figures,
    refund::RefundId,
    time::Timestamp,
};

crate::tagged! {
    /// Evidence and counts: in the journal, not in the feed, without a number.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Note = "Note", tag = "note" {
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
        /// What was answered to an attempt.
        RefundAnswered {
            /// Which.
            refund: RefundId,
            /// The attempt's id.
            attempt: String,
            /// The HTTP status and the body, without card data, cut to what is kept.
            answer: String,
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
}

impl Note {
    /// The refund it is about, if it is about one.
    pub fn refund(&self) -> Option<RefundId> {
        match self {
            Note::RefundAttempt { refund, .. }
            | Note::RefundAnswered { refund, .. }
            | Note::RefundLookedUp { refund, .. }
            | Note::RefundWatchEnded { refund } => Some(*refund),
            _ => None,
        }
    }
}
