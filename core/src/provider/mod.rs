//! Providers: requests built and signed, answers classified. Pure; one file a provider.
//!
//! What a provider's answer means is decided here, what follows from it in [`crate::refund`].

pub mod vietqr;

use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened on the wire in one HTTP call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// No byte of the request was written: the name, the connection or the TLS handshake failed.
    NotSent {
        /// Why, for people.
        reason: String,
    },
    /// A whole answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// Anything else: bytes may have been written, and no whole answer came.
    Broken {
        /// Why, for people.
        reason: String,
    },
}

/// What became of one attempt to refund. A code speaks of the attempt, not of the refund (vnpay-qfpay.md 1.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// No byte was written.
    NotSent(Told),
    /// Not executed: the token is not valid (any more).
    TokenRefused(Told),
    /// Not executed; the provider asks to send the same again later.
    RetryableSameId(Told),
    /// The money went back.
    Succeeded {
        /// The provider's reference for it.
        reference: Option<String>,
    },
    /// Accepted, not finished.
    Pending {
        /// The provider's reference for it.
        reference: Option<String>,
    },
    /// Refused; it will not be executed.
    FailedFinal(Told),
    /// Some request for this payment is under way, ours or another's (E158).
    InProgress(Told),
    /// It may or may not have been executed.
    Unknown(Told),
}

/// A code, and the words that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// The provider's code, or ours for what happened on the wire (`not_sent`, `no_answer`, `http_503`, `unreadable`).
    pub code: String,
    /// The provider's words, at most [`MESSAGE_MAX`] characters, none of them a control character.
    pub message: Option<String>,
}

/// The most characters that are kept of a provider's words.
pub const MESSAGE_MAX: usize = 80;

impl Told {
    /// A code without words.
    pub fn code(code: impl Into<String>) -> Told {
        Told { code: code.into(), message: None }
    }

    /// A code with words, cut to what is kept.
    pub fn with(code: impl Into<String>, message: &str) -> Told {
        let message: String = message.chars().filter(|c| !c.is_control()).take(MESSAGE_MAX).collect();
        Told { code: code.into(), message: (!message.is_empty()).then_some(message) }
    }
}

/// What was refunded of a payment, as its provider tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Figures {
    /// How many refunds.
    pub refund_count: u64,
    /// Their sum, in đồng or minor units.
    pub amount_refunded: u64,
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
        /// What was refunded of it so far; `None` only from a provider that never tells it.
        figures: Option<Figures>,
        /// It is a payment that was paid.
        refundable: bool,
    },
    /// The payment, without the figures that this provider has, or with some that contradict themselves.
    NoFigures,
    /// The provider tells the state of our own refund.
    Own(Own),
    /// The provider refuses to answer, and will go on to: the setup is wrong.
    Refused(Told),
    /// The token was not taken; ask again with a new one.
    TokenRefused,
    /// It could not be made, or its answer can not be read; try later.
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

/// An HTTP request, POST, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// To be put after the base URL; begins with a slash.
    pub path: &'static str,
    /// The value of `Authorization`: secret.
    pub authorization: String,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The exact body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Call {
    /// Without the authorization; the body holds no secret but a checksum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("path", &self.path).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
