//! What actors ask of the ledger, and what it answers.

use vietqr_edge_core::{
    event::{Event, Kind, Note, Reason, SkipReason},
    payment::{PaymentId, Source},
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
    /// A fact that needs no decision: `device.*`, `link.*`, `clock.corrected`, `journal.damaged`.
    Record(Event),
    /// Evidence that needs no decision.
    Note(Note),
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
    /// Written; the number of the last event, or of the last one before where none was written.
    Recorded(u64),
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
    /// The ledger has ended. The process is about to end too.
    #[error("the ledger has stopped")]
    Stopped,
}
