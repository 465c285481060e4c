//! What a provider's answers come to.

use super::{Figures, Told};

/// What became of one attempt to refund. A code speaks of the attempt, not of the refund (vnpay-qfpay.md 1.2): a refusal ends the
/// refund only where no earlier attempt can have been executed, which [`crate::refund::decide`] sees to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// No byte was written.
    NotSent(Told),
    /// Not executed: the token is not valid (any more).
    TokenRefused(Told),
    /// Not executed; the provider asks to send the same again later.
    RetryableSameId {
        /// What it said.
        told: Told,
        /// Not before this pause, in milliseconds.
        pause_ms: u64,
    },
    /// The money went back.
    Succeeded {
        /// The provider's reference for it.
        reference: Option<String>,
    },
    /// Accepted, not finished.
    Pending {
        /// The provider's reference for it.
        reference: Option<String>,
        /// What it said, where that is not plain acceptance.
        told: Option<Told>,
    },
    /// Refused; it will not be executed.
    FailedFinal(Told),
    /// Refused, because the payment was refunded before: by another refund that this ledger knows, or by this one.
    AlreadyRefunded(Told),
    /// Some request for this payment is under way, ours or another's (E158).
    InProgress(Told),
    /// It may or may not have been executed.
    Unknown(Told),
}

/// What a look-up of a payment told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LookUp {
    /// The provider does not know the payment. Absence proves nothing about a refund that was sent.
    NotFound,
    /// The payment, with figures.
    Found {
        /// What was paid.
        amount: u64,
        /// What was refunded of it so far, as far as it is told; `None` from a provider that tells nothing of it.
        figures: Option<Figures>,
        /// It is a payment that was paid.
        refundable: bool,
    },
    /// The payment, without the figures that this provider has, or with some that contradict themselves.
    NoFigures,
    /// The provider tells the state of our own refund.
    Own(Own),
    /// The provider tells the state of a refund of this payment and of our amount, and not whose it is. It is ours where this ledger
    /// knows of no other that it could be.
    Alike(Own),
    /// The provider refuses to answer, and will go on to: the setup is wrong.
    Refused(Told),
    /// The token was not taken; ask again with a new one.
    TokenRefused,
    /// It could not be made, its answer can not be read, or it tells nothing of our refund; try later.
    Unavailable(Told),
}

/// The state of our own refund, from providers that have a look-up for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Own {
    /// The money went back.
    Succeeded {
        /// The provider's reference for it.
        reference: Option<String>,
    },
    /// Accepted, not finished.
    Pending,
    /// The provider rejected it.
    Rejected(Told),
}
