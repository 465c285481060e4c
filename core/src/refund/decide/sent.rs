//! After an attempt: queued again only where it was certainly not executed.

use super::{Change, Review, failed, succeeded, time, told, watched_review};
use crate::{
    event::Event,
    provider::{Outcome, Told},
    refund::{
        AttemptEnd, AttemptTold, Evidence, EvidenceKind, Facts, LAPSE_MS, Of, RETRY_MAX_MS, Refund, RefundQueued,
        Refusal, ReviewCode, State,
    },
};

/// The first pause after an attempt that did not reach the provider, in milliseconds; it doubles.
const RETRY_FIRST_MS: u64 = 1_000;

pub(super) fn sent(refund: &Refund, attempt: &str, outcome: Outcome, facts: &Facts) -> Result<Change, Refusal> {
    if refund.state != State::Sending || refund.attempt().is_none_or(|last| last.id != attempt) {
        return Err(Refusal::state("sending, by this attempt", refund.state));
    }
    Ok(match outcome {
        Outcome::NotSent(why) => queued(refund, told(AttemptEnd::NotSent, why), retry_ms(refund)),
        Outcome::TokenRefused(why) if !refund.token_refused => queued(refund, told(AttemptEnd::TokenRefused, why), 0),
        // Every earlier attempt is known not to have been executed, so this answer speaks of the refund.
        Outcome::RetryableSameId(why) => queued(refund, told(AttemptEnd::TryLater, why), retry_ms(refund)),
        Outcome::TokenRefused(why) | Outcome::FailedFinal(why) => failed(refund, why, true),
        Outcome::Succeeded { reference } => {
            let before = refund.baseline.map(|baseline| baseline.figures);
            succeeded(refund, Evidence { reference, before, ..Evidence::of(EvidenceKind::Answer) })
        }
        Outcome::Pending { reference } => {
            let end = AttemptTold { outcome: AttemptEnd::Pending, code: None, message: reference };
            Change::event(time::pending(refund, Some(end), facts))
        }
        Outcome::InProgress(why) => {
            let review = Review {
                attempt: Some(told(AttemptEnd::InProgress, why)),
                after: None,
                ..Review::of(refund, ReviewCode::InProgress)
            };
            watched_review(review, facts.pause_ms(0), facts)
        }
        Outcome::Unknown(why) => Change::event(unknown(refund, why, facts)),
    })
}

fn unknown(refund: &Refund, why: Told, facts: &Facts) -> Event {
    let code = why.code.clone();
    time::unknown(refund, Some(code), Some(told(AttemptEnd::Unknown, why)), facts)
}

fn queued(refund: &Refund, attempt: AttemptTold, pause_ms: u64) -> Change {
    let expires_at = refund.since.plus_millis(LAPSE_MS);
    Change::event(Event::RefundQueued(RefundQueued {
        of: Of::new(refund),
        expires_at,
        attempt: Some(attempt),
        pause_ms,
    }))
}

fn retry_ms(refund: &Refund) -> u64 {
    (RETRY_FIRST_MS << refund.tries_in_a_row.min(10)).min(RETRY_MAX_MS)
}
