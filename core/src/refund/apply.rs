//! The state from the events: the only way a refund changes.

use super::{
    ATTEMPTS_KEPT, Attempt, AttemptEnd, AttemptTold, Evidence, EvidenceKind, LOOKED_UP_KEPT, LookedUp, NextLookUp,
    Refund, RefundId, RefundOpenEnded, RefundQueued, RefundReview, Request, Seen, State, Verdict,
};
use crate::{
    event::{Event, Note},
    provider::Figures,
    time::Timestamp,
};

/// The refund after an event of number `seq` at `at`. `refund` is the one that [`Event::refund`] names, if it is known; events of
/// other types, and of refunds that are not known, change nothing.
pub fn apply(refund: Option<Refund>, seq: u64, at: Timestamp, event: &Event) -> Option<Refund> {
    if let Event::RefundRequested(request) = event {
        return Some(new(RefundId(seq), at, request));
    }
    let mut refund = refund?;
    refund.updated_at = at;
    match event {
        Event::RefundAwaitingApproval(_) => {
            refund.state = State::AwaitingApproval;
            refund.since = at;
        }
        Event::RefundApproved(approved) => refund.approved_by = Some(approved.by.clone()),
        Event::RefundQueued(queued) => requeue(&mut refund, at, queued),
        Event::RefundSending(sending) => {
            refund.state = State::Sending;
            refund.next = None;
            refund.baseline = sending.baseline;
            refund.attempt_count = refund.attempt_count.saturating_add(1);
            let attempt = Attempt::new(sending.attempt.clone(), at);
            refund.attempts.push(attempt);
            let kept = refund.attempts.len().saturating_sub(ATTEMPTS_KEPT);
            refund.attempts.drain(..kept);
        }
        Event::RefundPending(open) => open_ended(&mut refund, State::Pending, at, open),
        Event::RefundUnknown(open) => open_ended(&mut refund, State::Unknown, at, open),
        Event::RefundReview(review) => to_review(&mut refund, at, review),
        Event::RefundSucceeded(succeeded) => {
            if refund.state == State::Sending {
                let reference = succeeded.evidence.reference.clone();
                told_end(&mut refund, &AttemptTold { reference, ..AttemptTold::of(AttemptEnd::Succeeded) });
            }
            close(&mut refund, State::Succeeded, None);
            refund.evidence = Some(succeeded.evidence.clone());
        }
        Event::RefundFailed(failed) => {
            if refund.state == State::Sending {
                let (code, message) = (Some(failed.code.clone()), failed.message.clone());
                told_end(&mut refund, &AttemptTold { code, message, ..AttemptTold::of(AttemptEnd::Refused) });
            }
            close(&mut refund, State::Failed, Some(failed.code.clone()));
        }
        Event::RefundRefused(refused) => close(&mut refund, State::Refused, Some(refused.code.clone())),
        Event::RefundResolved(resolved) => {
            refund.state = match resolved.verdict {
                Verdict::Succeeded => State::Succeeded,
                Verdict::Failed => State::Failed,
            };
            refund.verdict = Some(resolved.verdict);
            // Why it was in review is in its history.
            refund.code = (resolved.verdict == Verdict::Failed).then(|| "resolved".to_owned());
            refund.evidence = Some(Evidence {
                by: Some(resolved.by.clone()),
                reason: Some(resolved.reason.clone()),
                before: refund.baseline.map(|baseline| baseline.figures),
                after: refund.seen.map(|seen| seen.figures),
                ..Evidence::of(EvidenceKind::Person)
            });
            // What can settle nothing is not watched either.
            if !refund.settles {
                refund.next = None;
            }
        }
        Event::RefundContradicted(contradicted) => {
            refund.contradicted = true;
            refund.next = None;
            refund.evidence = Some(contradicted.evidence.clone());
        }
        _ => {}
    }
    if let Some(figures) = figures_in(event) {
        refund.seen = Some(Seen { figures, at });
    }
    Some(refund)
}

/// The refund after a note at `at`, as [`apply`] for events.
pub fn apply_note(refund: &mut Refund, at: Timestamp, note: &Note) {
    match note {
        Note::RefundLookedUp { figures, code, pause_ms, look_ups, .. } if refund.next.is_some() => {
            told_again(refund, at, *figures, code.as_deref());
            if let Some(figures) = figures {
                refund.seen = Some(Seen { figures: *figures, at });
            }
            refund.look_ups = *look_ups;
            refund.next = Some(NextLookUp { from: at, pause_ms: *pause_ms });
        }
        Note::RefundWatchEnded { .. } => refund.next = None,
        _ => {}
    }
}

/// Keeps what a look-up told: one line for all that told the same.
fn told_again(refund: &mut Refund, at: Timestamp, figures: Option<Figures>, code: Option<&str>) {
    match refund.looked_up.last_mut() {
        Some(last) if last.figures == figures && last.code.as_deref() == code => {
            last.to = at;
            last.count = last.count.saturating_add(1);
        }
        _ => {
            let code = code.map(str::to_owned);
            refund.looked_up.push(LookedUp { from: at, to: at, count: 1, figures, code });
            let kept = refund.looked_up.len().saturating_sub(LOOKED_UP_KEPT);
            refund.looked_up.drain(..kept);
        }
    }
}

fn new(id: RefundId, at: Timestamp, request: &Request) -> Refund {
    Refund {
        id,
        request: request.clone(),
        state: State::Queued,
        code: None,
        approved_by: None,
        attempts: Vec::new(),
        attempt_count: 0,
        tries_in_a_row: 0,
        baseline: None,
        seen: None,
        evidence: None,
        settles: false,
        verdict: None,
        contradicted: false,
        token_refused: false,
        reached: false,
        looked_up: Vec::new(),
        look_ups: 0,
        next: None,
        since: at,
        until: None,
        created_at: at,
        updated_at: at,
    }
}

fn requeue(refund: &mut Refund, at: Timestamp, queued: &RefundQueued) {
    if let Some(told) = &queued.attempt {
        refund.token_refused |= told.outcome == AttemptEnd::TokenRefused;
        refund.reached |= told.outcome != AttemptEnd::NotSent;
        refund.tries_in_a_row = refund.tries_in_a_row.saturating_add(1);
        told_end(refund, told);
    } else {
        // From approval on, or from the request, never from a later try.
        refund.since = at;
    }
    refund.state = State::Queued;
    refund.next = (queued.pause_ms > 0).then_some(NextLookUp { from: at, pause_ms: queued.pause_ms });
}

fn open_ended(refund: &mut Refund, state: State, at: Timestamp, open: &RefundOpenEnded) {
    if let Some(told) = &open.attempt {
        told_end(refund, told);
    }
    // A refund that turns out to be pending goes on in the schedule that it is in.
    if !matches!(refund.state, State::Unknown | State::Pending) {
        refund.look_ups = 0;
        refund.since = at;
    }
    refund.state = state;
    refund.code.clone_from(&open.code);
    refund.settles = true;
    refund.next = Some(NextLookUp { from: at, pause_ms: open.pause_ms });
    refund.until = Some(open.review_at);
}

fn to_review(refund: &mut Refund, at: Timestamp, review: &RefundReview) {
    if let Some(told) = &review.attempt {
        told_end(refund, told);
    }
    refund.state = State::Review;
    refund.code = serde_json::to_value(review.code).ok().and_then(|code| code.as_str().map(str::to_owned));
    refund.settles = review.settles;
    refund.next = review.pause_ms.map(|pause_ms| NextLookUp { from: at, pause_ms });
    refund.until = review.until;
    refund.since = at;
}

fn close(refund: &mut Refund, state: State, code: Option<String>) {
    refund.state = state;
    refund.code = code;
    refund.next = None;
    refund.until = None;
}

fn told_end(refund: &mut Refund, told: &AttemptTold) {
    if let Some(attempt) = refund.attempts.last_mut() {
        attempt.outcome = Some(told.outcome);
        attempt.code.clone_from(&told.code);
        attempt.message.clone_from(&told.message);
        attempt.reference.clone_from(&told.reference);
    }
}

impl Attempt {
    fn new(id: String, sent_at: Timestamp) -> Attempt {
        Attempt { id, sent_at, outcome: None, code: None, message: None, reference: None }
    }
}

impl AttemptTold {
    pub(super) fn of(outcome: AttemptEnd) -> AttemptTold {
        AttemptTold { outcome, code: None, message: None, reference: None }
    }
}

fn figures_in(event: &Event) -> Option<Figures> {
    match event {
        Event::RefundReview(review) => review.after,
        Event::RefundSucceeded(succeeded) => succeeded.evidence.after,
        Event::RefundContradicted(contradicted) => contradicted.evidence.after,
        Event::RefundSending(sending) => sending.baseline.map(|baseline| baseline.figures),
        _ => None,
    }
}
