//! Before an attempt: what the look-up told, and the policy again, in the commit that writes `sending`.

use super::{Change, failed, refused, succeeded, time, unsent_review};
use crate::{
    event::{Event, Note},
    provider::{Figures, LookUp, Own, Told},
    refund::{
        Baseline, Evidence, EvidenceKind, Facts, LAPSE_MS, Of, Refund, RefundAwaitingApproval, RefundSending, Refusal,
        ReviewCode, State, policy,
    },
};

pub(super) fn begin(
    refund: &Refund,
    attempt: String,
    body: String,
    look_up: LookUp,
    facts: &Facts,
) -> Result<Change, Refusal> {
    if refund.state != State::Queued {
        return Err(Refusal::state("queued", refund.state));
    }
    if let Some(other) = facts.sums.open.filter(|open| *open != refund.id) {
        return Err(Refusal::conflict("in_flight", format!("{other} of the same payment is in flight")).about(other));
    }
    let lapsed = time::tick(refund, facts);
    if lapsed != Change::default() {
        return Ok(lapsed);
    }
    let (amount, figures) = match look_up {
        LookUp::Found { refundable: false, .. } => return Ok(failed(refund, Told::code("not_refundable"), false)),
        LookUp::Found { amount, figures, refundable: true } => (amount, figures),
        LookUp::NotFound => return Ok(failed(refund, Told::code("not_found"), false)),
        LookUp::Refused(told) => return Ok(failed(refund, told, false)),
        LookUp::NoFigures => return Ok(unsent_review(refund, ReviewCode::NoFigures, None, None)),
        LookUp::TokenRefused | LookUp::Unavailable(_) => return Ok(Change::default()),
        // It stands there although this device had word that no attempt was executed.
        LookUp::Own(Own::Succeeded { reference }) => {
            return Ok(succeeded(refund, Evidence { reference, ..Evidence::of(EvidenceKind::LookUp) }));
        }
        LookUp::Own(Own::Pending) => return Ok(Change::event(time::pending(refund, None, facts))),
        LookUp::Own(Own::Rejected(told)) => return Ok(failed(refund, told, true)),
    };
    if let Some(review) = figures.and_then(|figures| doubtful(refund, figures, facts)) {
        return Ok(review);
    }
    // Where the provider tells no figures, what is left there is what this ledger knows.
    let there = amount.saturating_sub(figures.map_or(facts.sums.refunded, |figures| figures.amount_refunded));
    let allowed = policy::knows(facts).and_then(|()| policy::allows(refund.request.amount, Some(there), facts));
    if let Err(rule) = allowed {
        return Ok(refused(refund, rule.code, None, Some(rule.detail)));
    }
    if refund.approved_by.is_none() {
        match policy::needs_approval(refund.request.amount, facts) {
            Ok(false) => {}
            Ok(true) => {
                let expires_at = facts.now.plus_millis(LAPSE_MS);
                let waiting = RefundAwaitingApproval { of: Of::new(refund), expires_at };
                return Ok(Change::event(Event::RefundAwaitingApproval(waiting)));
            }
            Err(rule) => return Ok(refused(refund, rule.code, None, Some(rule.detail))),
        }
    }
    let baseline = figures.map(|figures| Baseline { figures, unsettled: unsettled(figures, facts) });
    let note = Note::RefundAttempt { refund: refund.id, attempt: attempt.clone(), body };
    let sending = RefundSending { of: Of::new(refund), attempt, baseline };
    Ok(Change { events: vec![Event::RefundSending(sending)], notes: vec![note] })
}

/// Figures that may hide an attempt of this very refund.
fn doubtful(refund: &Refund, figures: Figures, facts: &Facts) -> Option<Change> {
    let before = refund.baseline.map(|baseline| baseline.figures);
    if refund.reached && before.is_some_and(|before| before != figures) {
        return Some(unsent_review(refund, ReviewCode::FiguresChanged, before, Some(figures)));
    }
    let known = Figures { refund_count: facts.sums.count, amount_refunded: facts.sums.refunded };
    let more = figures.amount_refunded > known.amount_refunded || figures.refund_count > known.refund_count;
    if more && refund.id.0 < facts.started_seq {
        return Some(unsent_review(refund, ReviewCode::RefundedElsewhere, Some(known), Some(figures)));
    }
    None
}

/// A refund of the past may still show up in the figures, and would then look like ours.
fn unsettled(figures: Figures, facts: &Facts) -> bool {
    let behind = figures.amount_refunded < facts.sums.refunded || figures.refund_count < facts.sums.count;
    behind || facts.sums.written_off > 0
}
