//! After an attempt: queued again only where it was certainly not executed.

use super::{Change, Review, failed, succeeded, time, told, watched_review};
use crate::{
    event::{Event, Note},
    provider::{Outcome, Told},
    refund::{
        AttemptEnd, AttemptTold, Evidence, EvidenceKind, Facts, LAPSE_MS, Of, RETRY_MAX_MS, Refund, RefundQueued,
        Refusal, ReviewCode, State,
    },
};

/// The first pause after an attempt that did not reach the provider, in milliseconds; it doubles.
const RETRY_FIRST_MS: u64 = 1_000;

pub(super) fn sent(
    refund: &Refund,
    attempt: String,
    outcome: Outcome,
    answer: Option<String>,
    facts: &Facts,
) -> Result<Change, Refusal> {
    if refund.state != State::Sending || refund.attempt().is_none_or(|last| last.id != attempt) {
        return Err(Refusal::state("sending, by this attempt", refund.state));
    }
    let mut change = ended(refund, outcome, facts);
    change.notes.extend(answer.map(|answer| Note::RefundAnswered { refund: refund.id, attempt, answer }));
    Ok(change)
}

/// Whether a refusal of the last attempt speaks of the refund (vnpay-qfpay.md 1.2): no earlier attempt can have been executed, and
/// no refund of the same payment that a person wrote off can still be.
fn clean(refund: &Refund, facts: &Facts) -> bool {
    let earlier = refund.attempts.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let not_executed = [AttemptEnd::NotSent, AttemptEnd::TokenRefused, AttemptEnd::TryLater];
    earlier.iter().all(|attempt| attempt.outcome.is_some_and(|outcome| not_executed.contains(&outcome)))
        && facts.sums.written_off == 0
}

fn ended(refund: &Refund, outcome: Outcome, facts: &Facts) -> Change {
    let clean = clean(refund, facts);
    match outcome {
        Outcome::NotSent(why) => queued(refund, told(AttemptEnd::NotSent, why), retry_ms(refund)),
        Outcome::TokenRefused(why) if !refund.token_refused => queued(refund, told(AttemptEnd::TokenRefused, why), 0),
        Outcome::RetryableSameId { told: why, pause_ms } if clean => {
            queued(refund, told(AttemptEnd::TryLater, why), retry_ms(refund).max(pause_ms))
        }
        Outcome::TokenRefused(why) | Outcome::FailedFinal(why) if clean => failed(refund, why, true),
        // The one that this ledger knows explains it; nothing known might mean that it was this one.
        Outcome::AlreadyRefunded(why) if clean && facts.sums.count > 0 => failed(refund, why, true),
        Outcome::Succeeded { reference } => {
            let before = refund.baseline.map(|baseline| baseline.figures);
            succeeded(refund, Evidence { reference, before, ..Evidence::of(EvidenceKind::Answer) })
        }
        Outcome::Pending { reference, told: said } => {
            let end = match said {
                Some(said) => told(AttemptEnd::Pending, said),
                None => AttemptTold::of(AttemptEnd::Pending),
            };
            Change::event(time::pending(refund, Some(AttemptTold { reference, ..end }), facts))
        }
        Outcome::InProgress(why) => {
            let review = Review {
                attempt: Some(told(AttemptEnd::InProgress, why)),
                after: None,
                ..Review::of(refund, ReviewCode::InProgress)
            };
            watched_review(review, facts.pause_ms(0), facts)
        }
        Outcome::TokenRefused(why)
        | Outcome::RetryableSameId { told: why, .. }
        | Outcome::FailedFinal(why)
        | Outcome::AlreadyRefunded(why)
        | Outcome::Unknown(why) => Change::event(unknown(refund, why, facts)),
    }
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
