//! A refund as the ledger keeps it: small (at most 4 KB as JSON), everything that the next decision needs, no raw answers.

use super::Original;
use crate::{payment::PaymentId, provider::Figures, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A refund's name here: the sequence number of its `refund.requested`, written `r123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundId(pub u64);

/// Text that is not `r` and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a refund's id is 'r' and a number, as r123")]
pub struct NotARefundId;

impl fmt::Display for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl FromStr for RefundId {
    type Err = NotARefundId;

    fn from_str(text: &str) -> Result<RefundId, NotARefundId> {
        let digits = text.strip_prefix('r').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or(NotARefundId)?;
        digits.parse().map(RefundId).map_err(|_| NotARefundId)
    }
}

impl Serialize for RefundId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RefundId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<RefundId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// SHA-256 of what a request asks for, PIN and operator aside, 32 lower hex digits of it: tells a repeat from a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(pub String);

/// Through which door a request came; answers go back through it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Door {
    /// `POST /v1/refunds`, on the socket or over TCP.
    Http,
    /// A signed message.
    Mqtt {
        /// Code of the terminal it was for.
        terminal: String,
        /// Name of the key that signed it; answers are signed with the same one.
        #[serde(default)]
        key: String,
        /// The message's `iat`, in seconds since 1970; 0 where a line of an older release does not say. Tells the message that made
        /// a refund from a later one with the same request id.
        #[serde(default)]
        issued_at: u64,
    },
}

/// What was asked for; the data of `refund.requested`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// The caller's id: 1-64 of `A-Za-z0-9._-`.
    pub request_id: String,
    /// The payment at its provider.
    pub original: Original,
    /// How much, in whole đồng or minor units of `currency`.
    pub amount: u64,
    /// ISO 4217, as `VND`.
    pub currency: String,
    /// Why, in the cashier's words: 1-200 characters.
    pub reason: String,
    /// Who asked: 1-64 characters.
    pub operator: String,
    /// Several refunds of this payment are allowed; goes on the wire with its first refund only (vietqr.md 3.5).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub multi_times: bool,
    /// The payment here, where this ledger knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payment: Option<PaymentId>,
    /// Where the request came from.
    pub door: Door,
    /// What a repeat is known by.
    pub fingerprint: Fingerprint,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A manager has to approve it.
    AwaitingApproval,
    /// To be sent; no attempt of it can have been executed.
    Queued,
    /// An attempt is durable; its bytes may be on the way.
    Sending,
    /// The provider accepted it and has not finished.
    Pending,
    /// It may or may not have been executed.
    Unknown,
    /// People decide.
    Review,
    /// The money went back.
    Succeeded,
    /// No money went back.
    Failed,
    /// A rule or a person refused it before it was sent.
    Refused,
}

impl State {
    /// As in JSON and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            State::AwaitingApproval => "awaiting_approval",
            State::Queued => "queued",
            State::Sending => "sending",
            State::Pending => "pending",
            State::Unknown => "unknown",
            State::Review => "review",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Refused => "refused",
        }
    }

    /// Every state but `succeeded`, `failed` and `refused`.
    pub fn in_flight(self) -> bool {
        !matches!(self, State::Succeeded | State::Failed | State::Refused)
    }

    /// It counts against what was credited and against the day: every state but `failed` and `refused`.
    pub fn counts(self) -> bool {
        !matches!(self, State::Failed | State::Refused)
    }
}

/// What was already refunded at the provider when an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Baseline {
    /// The provider's figures.
    pub figures: Figures,
    /// They may still change by a refund of the past: they were less than this ledger knows, or a refund of this payment was
    /// written off by a person. Growth is then no proof.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unsettled: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// No byte was written.
    NotSent,
    /// The provider did not take our token.
    TokenRefused,
    /// Not executed; the provider asks to try later.
    TryLater,
    /// Executed.
    Succeeded,
    /// Accepted, not finished.
    Pending,
    /// Refused.
    Refused,
    /// The provider says that some request for this payment is under way.
    InProgress,
    /// It can not be told.
    Unknown,
}

/// One try to send a refund.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id: 1-32 of `A-Za-z0-9`.
    pub id: String,
    /// When it became durable; its first byte left later.
    pub sent_at: Timestamp,
    /// How it ended; absent while it is under way, or if that is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<AttemptEnd>,
    /// The provider's code, or ours for what happened on the wire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// The provider's words, at most 80 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The provider's reference of the refund, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
}

/// What a refund's verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The provider's answer to the attempt.
    Answer,
    /// The provider's look-up told this refund's own state.
    LookUp,
    /// The provider's figures: exactly one more refund, of exactly this amount.
    Figures,
    /// A person's verdict.
    Person,
}

/// What a refund's verdict rests on, in short figures.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Evidence {
    /// Of which kind.
    pub kind: EvidenceKind,
    /// The provider's reference of the refund.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Figures before the attempt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Figures>,
    /// Figures after it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Figures>,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
    /// Their reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// Why a refund needs people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewCode {
    /// Unsent: the provider's look-up tells no figures, so that an outcome could not be told later.
    NoFigures,
    /// Unsent: more was refunded there than this ledger knows, for a request older than this start.
    RefundedElsewhere,
    /// Unsent this time: the figures changed since an earlier attempt that was said not to be executed.
    FiguresChanged,
    /// The provider says that some request for this payment is under way, ours or another's (E158).
    InProgress,
    /// The look-ups were walked through once without evidence.
    Unresolved,
    /// The figures fit no single story.
    FiguresConflict,
    /// A part of the journal can not be read.
    JournalDamaged,
    /// The journal is another device's, or a copy.
    ForeignJournal,
}

/// What a person decided about a refund in `review`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The money went back.
    Succeeded,
    /// It did not.
    Failed,
}

/// The figures last seen at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seen {
    /// What it told.
    pub figures: Figures,
    /// When.
    pub at: Timestamp,
}

/// Look-ups for the outcome in a row that told the same and settled nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LookedUp {
    /// The first of them.
    pub from: Timestamp,
    /// The last of them.
    pub to: Timestamp,
    /// How many.
    pub count: u32,
    /// The figures, where they told any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub figures: Option<Figures>,
    /// Why they told nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
}

/// When the next look-up, or the next try, is due. Kept as a start and a pause, so that a clock that was set back can be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NextLookUp {
    /// Since when it waits.
    pub from: Timestamp,
    /// How long, in milliseconds.
    pub pause_ms: u64,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Refund {
    /// Its name.
    pub id: RefundId,
    /// What was asked for.
    #[serde(flatten)]
    pub request: Request,
    /// Where it stands.
    pub state: State,
    /// Why, for `review`, `failed`, `refused` and `unknown`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
    /// The manager who approved it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_by: Option<String>,
    /// The newest attempts, oldest first, at most [`super::ATTEMPTS_KEPT`].
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attempts: Vec<Attempt>,
    /// How many attempts there were.
    #[serde(default)]
    pub attempt_count: u32,
    /// Attempts in a row that did not reach the provider, or were put off by it.
    #[serde(default)]
    pub tries_in_a_row: u32,
    /// Figures before the last attempt whose bytes may have been written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub baseline: Option<Baseline>,
    /// The figures last seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<Seen>,
    /// What its verdict rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<Evidence>,
    /// Look-ups may settle it; else they are only shown.
    #[serde(default)]
    pub settles: bool,
    /// A person's verdict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verdict: Option<Verdict>,
    /// Evidence came against the person's verdict.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub contradicted: bool,
    /// The E74 that one refund may have was had.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub token_refused: bool,
    /// An attempt's bytes may have reached the provider.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub reached: bool,
    /// What its look-ups told, oldest first, at most [`super::LOOKED_UP_KEPT`] different answers in a row.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub looked_up: Vec<LookedUp>,
    /// Look-ups made of the schedule.
    #[serde(default)]
    pub look_ups: u32,
    /// When the next look-up or try is due; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<NextLookUp>,
    /// Since when it may lapse, or its outcome is unknown.
    pub since: Timestamp,
    /// It lapses, or its look-ups end, at this time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Refund {
    /// The last attempt.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// It is to be kept at hand: in flight, or its look-ups go on after a person's verdict.
    pub fn is_open(&self) -> bool {
        self.state.in_flight() || self.next.is_some()
    }
}
