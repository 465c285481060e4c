//! What a lane needs of a provider.

use super::{Call, LookUp, Outcome, Told, Wire};
use crate::{refund::Refund, time::Timestamp};

/// A provider as a lane drives it: it builds calls and reads what came of them, and does no I/O. One look-up at a time.
pub trait Provider: Send + Sync {
    /// Its name in requests and in the configuration.
    fn name(&self) -> &'static str;

    /// Its requests bear the time: they wait while the system clock is known to be behind.
    fn dated(&self) -> bool {
        false
    }

    /// Between refunds of one payment, in milliseconds.
    fn spacing_ms(&self) -> u64 {
        0
    }

    /// The id of the next attempt, 1-32 of `A-Za-z0-9`.
    fn attempt_id(&self, _refund: &Refund, at: &Moment) -> String {
        format!("{:032x}", at.random)
    }

    /// Begins to look up the payment of `refund`, or what became of it. A look-up that was not finished is forgotten.
    fn look_up(&mut self, refund: &Refund, purpose: Purpose, at: &Moment) -> Step;

    /// Goes on with what came of the look-up's last call.
    fn looked(&mut self, wire: &Wire, at: &Moment) -> Step;

    /// The call that refunds; `look_up` is the one made before it. `None` where it can not be built: look up again.
    fn refund(&mut self, refund: &Refund, look_up: &LookUp, attempt: &str, at: &Moment) -> Option<Call>;

    /// What became of the last [`Provider::refund`].
    fn read_refund(&mut self, wire: &Wire, at: &Moment) -> Outcome;

    /// Something that people should hear of the last answer, once.
    fn remark(&mut self) -> Option<String> {
        None
    }
}

/// When something is done, and a random number for it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The system clock.
    pub now: Timestamp,
    /// The monotonic clock, in milliseconds.
    pub monotonic_ms: u64,
    /// Drawn anew for each moment.
    pub random: u128,
}

/// Why a look-up is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The refund is to be sent.
    Sending,
    /// It was sent.
    Outcome,
}

/// What a look-up needs next.
#[derive(Debug)]
pub enum Step {
    /// This call; then [`Provider::looked`].
    Call(Call),
    /// Nothing: it is finished.
    Done(Looked),
}

/// How a look-up ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// With something told, or with an answer that tells nothing.
    Told(LookUp),
    /// The provider was not reached, or lets nobody in: every refund waits.
    NotReached(Told),
    /// This payment was asked about too often.
    TooOften {
        /// What the provider said.
        told: Told,
        /// Not again before this pause, in milliseconds.
        pause_ms: u64,
    },
}
