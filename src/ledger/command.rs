//! What actors ask of the ledger, and what it answers.

use vietqr_edge_core::{
    event::{Event, Kind, Note, Reason, SkipReason},
    lockout::Who,
    payment::{PaymentId, Source},
    refund::{Ask, Door, Input, RefundId, Refusal, State},
    time::Timestamp,
};

/// A request to the ledger. It is answered when what it changed is durable.
#[derive(Clone, Debug)]
pub enum Command {
    /// A notice about money.
    Receive(Incoming),
    /// A message that is not to be booked; keep it in the ring and count it.
    Quarantine(Stray),
    /// Begin an announcement: refused unless every payment is still due. [`Answer::Recorded`] has its number.
    AnnounceStart {
        /// The payments it names.
        payments: Vec<PaymentId>,
        /// What it is; only a replay may name payments that are not due.
        kind: Kind,
        /// What is said.
        sentence: String,
    },
    /// It was said to the end. May ride with the next group, 5 s at most; nobody waits for it.
    AnnounceFinish {
        /// Number of its `announcement.started`.
        started: u64,
        /// How long it took, in milliseconds.
        took_ms: u64,
    },
    /// The speaker failed.
    AnnounceFail {
        /// Number of its `announcement.started`.
        started: u64,
        /// Why, in a sentence for people.
        reason: String,
    },
    /// It is not said, and will not be.
    AnnounceSkip {
        /// The payments it names; those no longer due are left out.
        payments: Vec<PaymentId>,
        /// Why.
        reason: SkipReason,
    },
    /// Begin to say what became of a refund: refused unless that still waits to be said. [`Answer::Recorded`] has its number.
    AnnounceRefund {
        /// Which.
        refund: RefundId,
        /// What is said.
        sentence: String,
    },
    /// What became of these refunds is not said, and will not be; those that do not wait are left out.
    AnnounceSkipRefunds {
        /// Which.
        refunds: Vec<RefundId>,
        /// Why.
        reason: SkipReason,
    },
    /// Somebody asks for a refund. Answered with [`Answer::Refund`] or [`Refused::Refund`]; where the same signed message made its
    /// refund before, with [`Answer::Quarantined`], or with [`Answer::Recorded`] without `replay`.
    RefundRequest {
        /// What for.
        ask: Box<Ask>,
        /// Through which door.
        door: Door,
        /// What is kept and counted if the message is a replay; `None` where a repeat of it would be nobody's fault.
        replay: Option<Box<Stray>>,
    },
    /// Something happened to a refund. Answered with [`Answer::Refund`] or [`Refused::Refund`].
    Refund {
        /// To which.
        refund: RefundId,
        /// What.
        input: Box<Input>,
    },
    /// A PIN was wrong.
    PinWrong {
        /// Who it counts against.
        who: Who,
        /// The operator, where there is one of this name.
        operator: Option<String>,
        /// Through which caller.
        caller: String,
    },
    /// A PIN was right: ends the row of wrong ones, if there is one.
    PinRight {
        /// Whose.
        who: Who,
    },
    /// Wrong PINs seem to come from the future: the clock was set back.
    PinsSetBack,
    /// The people of the configuration are these now: name, and whether a manager. Nothing of it is stored, so they are taken also
    /// where this is answered with [`Refused::DiskFull`].
    Operators(Vec<(String, bool)>),
    /// The time has come for a refund: see [`vietqr_edge_core::refund::deadline`].
    Tick,
    /// A fact that needs no decision: `device.*`, `link.*`, `clock.corrected`, `journal.damaged`.
    Record(Event),
    /// Evidence that needs no decision.
    Note(Note),
    /// Changes nothing: answered in its turn, it shows that the ledger goes on.
    Beat,
}

/// A notice as it came.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Topic or path, for the raw folder.
    pub topic: String,
    /// Code of the terminal it is for.
    pub terminal: String,
    /// Through which door.
    pub source: Source,
    /// The body.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
    /// MQTT DUP.
    pub redelivered: bool,
    /// MQTT RETAIN.
    pub retained: bool,
}

/// A message that is not to be booked.
#[derive(Clone, Debug)]
pub struct Stray {
    /// Topic or path.
    pub topic: String,
    /// Why.
    pub reason: Reason,
    /// What was expected, for people.
    pub detail: String,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whole length of the body in bytes.
    pub size: u64,
    /// When it came.
    pub received_at: Timestamp,
}

/// What became of a command. All of it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A new payment.
    Booked(PaymentId),
    /// A payment that was already booked.
    Repeat(PaymentId),
    /// Kept in the ring and counted.
    Quarantined(Reason),
    /// What became of a command about a refund.
    Refund(RefundAnswer),
    /// Written; the number of the last event, or of the last one before where none was written.
    Recorded(u64),
}

/// What became of a command about a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAnswer {
    /// Which.
    pub refund: RefundId,
    /// It was made by this command, and not by an equal one before.
    pub new: bool,
    /// Where it stands now.
    pub state: State,
    /// The attempt is durable, and its bytes may be sent, once. They may not where this is false.
    pub sends: bool,
}

/// Why a command changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No room to keep it. What asked must not be acknowledged; try again later.
    #[error("the disk is full: nothing can be stored, so nothing is acknowledged")]
    DiskFull,
    /// Announced already, or not a payment.
    #[error("{0} is not waiting to be announced")]
    NotDue(PaymentId),
    /// What became of it was said already, or there is nothing to say.
    #[error("of {0} nothing is waiting to be said")]
    RefundNotDue(RefundId),
    /// A rule of refunds is against it.
    #[error(transparent)]
    Refund(Refusal),
    /// There is no such refund.
    #[error("there is no refund {0}")]
    NoSuchRefund(RefundId),
    /// `[refund]` is not configured, or its provider is not.
    #[error("refunds are not set up: expected [refund] in the configuration")]
    NoRefunds,
    /// The ledger has ended. The process is about to end too.
    #[error("the ledger has stopped")]
    Stopped,
}
