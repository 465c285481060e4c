//! What people ask of the speaker, and what they are answered.

use super::{Options, Say, Status};
use crate::ledger::Refused;
use tokio::sync::{mpsc, oneshot, watch};
use vietqr_edge_core::{money::Dong, payment::PaymentId};

/// Requests that may wait.
const WAITING: usize = 4;

/// What a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To hear a payment again; without an id the last one.
    Replay(Option<PaymentId>),
    /// To hear the marked test sentence.
    Test(Dong),
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) wish: Wish,
    pub(super) answer: oneshot::Sender<Result<Said, RequestError>>,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Said {
    /// The payment, for a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentId>,
    /// The sentence.
    pub sentence: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Why a request was not said. The caller tells the person; nothing is said later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Others wait.
    #[error("{WAITING} requests wait for the speaker: try again in a few seconds")]
    Busy,
    /// `mode = "off"`, or no `[voice]` at all.
    #[error("the voice is off: set [voice] mode = \"full\"")]
    Off,
    /// `mode = "chime"`.
    #[error("only the chime sounds: set [voice] mode = \"full\"")]
    ChimeOnly,
    /// Neither `command` nor `clips` is set.
    #[error("there is no speaker: set [voice] command or clips")]
    NoSpeaker,
    /// Inside `[voice] quiet`.
    #[error("nothing is said in quiet hours: see [voice] quiet")]
    QuietHours,
    /// No such payment, or it is money out.
    #[error("{0} is not a payment that came in")]
    NotIncome(PaymentId),
    /// Nothing came in yet.
    #[error("no payment has come in yet")]
    NothingYet,
    /// The ledger could not keep it, so it was not said.
    #[error("it was not said, because the ledger could not keep that it was: {0}")]
    Refused(#[from] Refused),
    /// The ledger could not be read.
    #[error("the ledger could not be read: {0}")]
    Unreadable(String),
    /// The speaker failed. It may have been heard in part.
    #[error("the speaker failed: {0}")]
    Failed(String),
    /// The daemon stops.
    #[error("the speaker has stopped")]
    Stopped,
}

/// The speaker's handle, cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    renewals: mpsc::Sender<Renewal>,
    status: watch::Receiver<Status>,
}

/// How to speak from now on.
pub(super) struct Renewal {
    pub(super) options: Options,
    pub(super) speaker: Box<dyn Say>,
}

impl Handle {
    pub(super) fn new(status: watch::Receiver<Status>) -> (Handle, mpsc::Receiver<Request>, mpsc::Receiver<Renewal>) {
        let (requests, queue) = mpsc::channel(WAITING);
        let (renewals, renewed) = mpsc::channel(1);
        (Handle { requests, renewals, status }, queue, renewed)
    }

    /// Speaks in another way from the next sentence on. Ages of what waits stay as they were taken at receipt.
    ///
    /// # Errors
    /// [`RequestError::Busy`] where another change waits, [`RequestError::Stopped`].
    pub fn renew(&self, options: Options, speaker: Box<dyn Say>) -> Result<(), RequestError> {
        self.renewals.try_send(Renewal { options, speaker }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RequestError::Busy,
            mpsc::error::TrySendError::Closed(_) => RequestError::Stopped,
        })
    }

    /// Says a payment again (`Nhắc lại, …`), journaled; without an id the last one that came in. Answered when it was said.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn replay(&self, payment: Option<PaymentId>) -> Result<Said, RequestError> {
        self.ask(Wish::Replay(payment)).await
    }

    /// Says the marked test sentence (`Đây là giao dịch thử, …`), not journaled. Answered when it was said.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn test(&self, amount: Dong) -> Result<Said, RequestError> {
        self.ask(Wish::Test(amount)).await
    }

    /// What the speaker does now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    async fn ask(&self, wish: Wish) -> Result<Said, RequestError> {
        let (answer, said) = oneshot::channel();
        self.requests.try_send(Request { wish, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RequestError::Busy,
            mpsc::error::TrySendError::Closed(_) => RequestError::Stopped,
        })?;
        said.await.unwrap_or(Err(RequestError::Stopped))
    }
}
