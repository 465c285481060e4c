//! What a lane has to do for a refund, and when the ledger must look at it again.

use super::{LAPSE_MS, Refund, State};
use crate::time::Timestamp;

/// What is due for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Look the payment up, then [`super::Input::Begin`] and send.
    LookUpFirst,
    /// Look the payment up for the outcome: [`super::Input::LookedUp`].
    LookUp,
    /// Nothing before this time.
    Wait(Timestamp),
    /// Nothing, until an event changes it.
    Nothing,
}

/// What is due at `now`.
///
/// A look-up before sending that could not be made leaves no trace here: the lane waits by a back-off of its own, at most
/// [`super::RETRY_MAX_MS`].
pub fn due(refund: &Refund, now: Timestamp) -> Work {
    let work = match refund.state {
        State::Queued => Work::LookUpFirst,
        State::Pending | State::Unknown => Work::LookUp,
        State::Review | State::Succeeded | State::Failed if refund.next.is_some() => {
            if refund.until.is_some_and(|until| now >= until) {
                return Work::Nothing;
            }
            Work::LookUp
        }
        _ => return Work::Nothing,
    };
    match refund.next {
        // A clock that was set back must not become a long sleep: from the future it is due now.
        Some(next) if now >= next.from && now < next.from.plus_millis(next.pause_ms) => {
            Work::Wait(next.from.plus_millis(next.pause_ms))
        }
        _ => work,
    }
}

/// When [`super::Input::Tick`] has to be decided for it; `None` where no time changes it.
pub fn deadline(refund: &Refund) -> Option<Timestamp> {
    match refund.state {
        State::AwaitingApproval | State::Queued => Some(refund.since.plus_millis(LAPSE_MS)),
        State::Pending | State::Unknown => refund.until,
        // Look-ups end.
        State::Review | State::Succeeded | State::Failed => refund.next.and(refund.until),
        State::Sending | State::Refused => None,
    }
}
