//! What others may know of the link.

use serde::Serialize;
use vietqr_edge_core::time::Timestamp;

/// The link as it is now; changes wake whoever watches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LinkState {
    /// Up, down, or not known yet.
    pub phase: Phase,
    /// Host and port.
    pub broker: String,
    /// When the last message came, since the start.
    pub last_message: Option<Timestamp>,
    /// Messages received since the start.
    pub received: u64,
    /// Messages acknowledged since the start: each was durable before.
    pub acked: u64,
    /// Link events that could not be written, because the disk was full or the ledger too slow.
    pub unrecorded: u64,
}

/// Up, down, or not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Phase {
    /// The first try, the one with a renewed login, or the one more for a message above the packet limit.
    Connecting,
    /// Connected, and every subscription granted.
    Up {
        /// Since when.
        since: Timestamp,
        /// The same on the monotonic clock, in milliseconds: for waits.
        since_ms: u64,
        /// The broker still had our session.
        session_present: bool,
    },
    /// No connection. It is tried again; that alone does not change the state.
    Down {
        /// Since when there is none (not: since the last try).
        since: Timestamp,
        /// The same on the monotonic clock, in milliseconds: for waits.
        since_ms: u64,
        /// Why, in a sentence for people: the last failure's.
        reason: String,
        /// Tries that failed since.
        tries: u32,
    },
    /// Asked to stop, and stopped.
    Stopped,
}

impl Phase {
    /// Up.
    pub fn is_up(&self) -> bool {
        matches!(self, Phase::Up { .. })
    }
}
