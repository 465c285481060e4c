//! What the interface asks of the other actors: how they are, and to say something.

use super::Expiry;
use crate::supervisor::expiry::days_left;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use vietqr_edge_core::{money::Dong, payment::PaymentId, time::Timestamp};

/// How the daemon's actors are.
pub trait Device: Send + Sync + 'static {
    /// `Ok` while the ledger answers and makes progress; else why not, in a sentence.
    ///
    /// # Errors
    /// The sentence.
    fn health(&self) -> Result<(), String>;

    /// How things stand now. Must not block.
    fn snapshot(&self) -> Snapshot;
}

/// How things stand.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When this run began.
    pub started_at: Timestamp,
    /// The broker.
    pub link: Link,
    /// The speaker.
    pub voice: Voice,
    /// The time below which certificates are never checked.
    pub clock_floor: Option<Timestamp>,
    /// The configured certificates.
    pub certificates: Vec<Certificate>,
}

/// The connection to the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Whether it is up.
    pub state: LinkState,
    /// Host and port.
    pub broker: String,
    /// Since when it is up, or since when it is not.
    pub since: Option<Timestamp>,
    /// Why it is not up, in a sentence for people.
    pub reason: Option<String>,
    /// Tries since it was last up.
    pub tries: u64,
    /// When the last message came.
    pub last_message: Option<Timestamp>,
}

/// Whether messages can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Connected, and every subscription granted.
    Up,
    /// A try is under way.
    Connecting,
    /// Waiting before the next try.
    Down,
}

/// The speaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// `full`, `chime` or `off`.
    pub mode: String,
    /// Something is being said.
    pub speaking: bool,
    /// Why the last sentence failed, if it did.
    pub last_error: Option<String>,
}

/// A configured certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The key of the configuration that names it, as `mqtt.client_cert_file`.
    pub key: String,
    /// When it expires.
    pub not_after: Timestamp,
}

impl Certificate {
    /// With what is left of it at `at`.
    pub fn expiry(self, at: Timestamp) -> Expiry {
        let Certificate { key, not_after } = self;
        Expiry { days_left: days_left(not_after, at), key, not_after }
    }
}

/// Says what people ask for. Both answer when it was said to the end.
pub trait Speak: Send + Sync + 'static {
    /// "Nhắc lại, …": this payment, or the last one.
    fn replay(&self, payment: Option<PaymentId>) -> BoxFuture<'_, Result<Spoken, SpeakError>>;

    /// The test sentence, which can not be taken for a payment.
    fn test(&self, amount: Dong) -> BoxFuture<'_, Result<Spoken, SpeakError>>;
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// The sentence.
    pub sentence: String,
    /// The payment it was about, for a replay.
    pub payment: Option<PaymentId>,
}

/// Why nothing was said, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpeakError {
    /// No payment has this id.
    #[error("there is no payment {0}")]
    NoSuchPayment(PaymentId),
    /// No payment was received yet.
    #[error("no payment was received yet: there is nothing to say again")]
    NothingYet,
    /// Money out is never said.
    #[error("{0} is money out, which is never said")]
    NotCredit(PaymentId),
    /// `[voice] mode` is `off`, or `chime`.
    #[error("the voice is off: set [voice] mode = \"full\" to hear sentences")]
    Off,
    /// Neither `command` nor `clips` is set.
    #[error("there is no speaker: set [voice] command or clips")]
    NoSpeaker,
    /// Inside `[voice] quiet`.
    #[error("these are quiet hours: nothing is said now ([voice] quiet)")]
    QuietHours,
    /// The speaker has enough to say already.
    #[error("the speaker is busy; try again in some seconds")]
    Busy,
    /// The speaker failed.
    #[error("the speaker failed: {0}")]
    Failed(String),
    /// It could not be recorded, so it was not said.
    #[error("nothing can be recorded now, so nothing is said: {0}")]
    NotDurable(String),
    /// The daemon is ending.
    #[error("the daemon is ending")]
    Stopping,
}
