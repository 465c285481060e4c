//! What people decide.

use super::{Change, Person, refused};
use crate::{
    event::Event,
    refund::{
        Facts, LAPSE_MS, Of, Refund, RefundApproved, RefundQueued, RefundResolved, Refusal, State, Verdict, policy,
    },
};

pub(super) fn approve(refund: &Refund, by: &Person, facts: &Facts) -> Result<Change, Refusal> {
    if refund.state != State::AwaitingApproval {
        return Err(Refusal::state("awaiting_approval", refund.state));
    }
    if !by.manager {
        return Err(Refusal::forbidden("not_a_manager", "expected a manager"));
    }
    if by.name == refund.request.operator {
        return Err(Refusal::forbidden("same_person", "who asked can not approve; expected another manager"));
    }
    let lapses_at = refund.since.plus_millis(LAPSE_MS);
    if facts.now >= lapses_at {
        return Err(Refusal::conflict("approval_expired", format!("it could be approved until {lapses_at}")));
    }
    policy::knows(facts)?;
    policy::allows(refund.request.amount, None, facts)?;
    let expires_at = facts.now.plus_millis(LAPSE_MS);
    let of = Of { approved_by: Some(by.name.clone()), ..Of::new(refund) };
    Ok(Change::events(vec![
        Event::RefundApproved(RefundApproved { of: of.clone(), by: by.name.clone() }),
        Event::RefundQueued(RefundQueued { of, expires_at, attempt: None, pause_ms: 0 }),
    ]))
}

pub(super) fn cancel(refund: &Refund, by: &Person, reason: String) -> Result<Change, Refusal> {
    if !matches!(refund.state, State::AwaitingApproval | State::Queued) {
        return Err(Refusal::state("awaiting_approval or queued", refund.state));
    }
    if !by.manager && by.name != refund.request.operator {
        return Err(Refusal::forbidden("not_the_requester", "expected the one who asked, or a manager"));
    }
    Ok(refused(refund, "cancelled", Some(by.name.clone()), Some(reason)))
}

pub(super) fn resolve(refund: &Refund, verdict: Verdict, by: Person, reason: String) -> Result<Change, Refusal> {
    if refund.state != State::Review {
        return Err(Refusal::state("review", refund.state));
    }
    // Who asked could otherwise call it failed and ask again.
    if !by.manager {
        return Err(Refusal::forbidden("not_a_manager", "expected a manager"));
    }
    let resolved = RefundResolved { of: Of::new(refund), verdict, by: by.name, reason };
    Ok(Change::event(Event::RefundResolved(resolved)))
}
