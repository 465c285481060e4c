//! Refunds: a state machine that moves money at most once for each request (DESIGN 4).
//!
//! [`request`] and [`decide`] are pure: facts in, events and notes out. [`apply`] makes the [`Refund`] from them, and is the only way
//! that a refund changes, live and after a restart. [`due`] says what a lane has to do next; [`deadline`] when the ledger must decide
//! [`Input::Tick`]. What a provider's answer means is decided in [`crate::provider`]; nothing here knows a provider's protocol.
//!
//! The rule that everything else serves: a refund is sent again only where it is proved that the attempt before was not executed.

mod apply;
mod ask;
mod decide;
mod due;
mod events;
mod facts;
mod members;
mod original;
mod policy;
mod record;
mod request;
mod resource;
mod speech;
mod sums;
#[cfg(test)]
mod tests;

pub use apply::{apply, apply_note};
pub use ask::{Ask, AskError, FieldError, Pin, Target};
pub use decide::{Change, Input, Person, decide};
pub use due::{Work, deadline, due};
pub use events::*;
pub use facts::{Facts, Limits, Refusal, RefusalKind};
pub use original::{Identity, Member, Original};
pub use record::{
    Attempt, AttemptEnd, Baseline, Door, Evidence, EvidenceKind, Fingerprint, LookedUp, NextLookUp, NotARefundId,
    Refund, RefundId, Request, ReviewCode, Seen, State, Verdict,
};
pub use request::{AskFacts, Identified, KnownPayment, Requested, identify, request};
pub(crate) use resource::mask_original;
pub use speech::Speech;
pub use sums::Sums;

/// Unsent for so long, a refund fails; unapproved for so long, it is refused. Milliseconds (DESIGN 4).
pub const LAPSE_MS: u64 = 24 * 3_600_000;

/// Look-ups go on for so long in `review`, in milliseconds (DESIGN 4).
pub const WATCH_MS: u64 = 7 * 24 * 3_600_000;

/// The longest pause before a queued refund is tried again, in milliseconds (DESIGN 4).
pub const RETRY_MAX_MS: u64 = 30_000;

/// Attempts kept in the record, the newest; all of them are in the journal.
pub const ATTEMPTS_KEPT: usize = 3;

/// Changes in what look-ups told that are kept in the record, the newest; all of them are in the journal.
pub const LOOKED_UP_KEPT: usize = 4;
