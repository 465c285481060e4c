//! After a look-up for the outcome: what it proves, and what it does not.

use super::{Change, Review, failed, succeeded, time, watched_review};
use crate::{
    event::{Event, Note},
    provider::{Figures, LookUp, Own, Told},
    refund::{Evidence, EvidenceKind, Facts, Of, Refund, RefundContradicted, Refusal, ReviewCode, State, Verdict},
};

/// What a look-up says about our attempt.
enum Proof {
    Succeeded(Evidence),
    Failed(Told),
    /// The provider has it and has not finished.
    Pending,
    /// The figures moved, and not by exactly ours.
    Conflict,
    /// Nothing.
    None(Option<String>),
}

pub(super) fn looked_up(refund: &Refund, look_up: LookUp, facts: &Facts) -> Result<Change, Refusal> {
    if refund.next.is_none() || matches!(refund.state, State::Queued | State::AwaitingApproval) {
        return Err(Refusal::state("one whose outcome is looked up", refund.state));
    }
    let figures = match &look_up {
        LookUp::Found { figures, .. } => *figures,
        _ => None,
    };
    let by_name = matches!(look_up, LookUp::Own(_));
    let proof = proof(refund, look_up, facts);
    Ok(match refund.state {
        State::Unknown | State::Pending => open(refund, proof, figures, facts),
        State::Review => in_review(refund, proof, figures, facts),
        _ => after_verdict(refund, proof, by_name, figures, facts),
    })
}

fn open(refund: &Refund, proof: Proof, figures: Option<Figures>, facts: &Facts) -> Change {
    match proof {
        Proof::Succeeded(evidence) => succeeded(refund, evidence),
        Proof::Failed(told) => failed(refund, told, true),
        Proof::Pending if refund.state == State::Unknown => Change::event(time::found_pending(refund, facts)),
        Proof::Conflict => conflict(refund, figures, facts),
        Proof::Pending => go_on(refund, figures, None, facts),
        Proof::None(code) => go_on(refund, figures, code, facts),
    }
}

/// Unchanged figures, or no answer, prove nothing. When the schedule was walked through, people decide.
fn go_on(refund: &Refund, figures: Option<Figures>, code: Option<String>, facts: &Facts) -> Change {
    let made = refund.look_ups.saturating_add(1);
    if made >= facts.schedule() {
        let review = Review { settles: true, ..Review::of(refund, ReviewCode::Unresolved) };
        let review = Review { after: figures.or(review.after), ..review };
        return watched_review(review, facts.pause_ms(u32::MAX), facts);
    }
    note(refund, figures, code, facts.pause_ms(made))
}

fn in_review(refund: &Refund, proof: Proof, figures: Option<Figures>, facts: &Facts) -> Change {
    let pause_ms = facts.pause_ms(u32::MAX);
    match proof {
        Proof::Succeeded(evidence) if refund.settles => succeeded(refund, evidence),
        Proof::Failed(told) if refund.settles => failed(refund, told, true),
        Proof::Conflict if refund.settles => conflict(refund, figures, facts),
        Proof::None(code) => note(refund, figures, code, pause_ms),
        // It settles nothing, and is shown.
        Proof::Succeeded(_) => note(refund, figures, Some("succeeded".to_owned()), pause_ms),
        Proof::Failed(told) => note(refund, figures, Some(told.code), pause_ms),
        Proof::Pending => note(refund, figures, Some("pending".to_owned()), pause_ms),
        Proof::Conflict => note(refund, figures, None, pause_ms),
    }
}

fn after_verdict(refund: &Refund, proof: Proof, by_name: bool, figures: Option<Figures>, facts: &Facts) -> Change {
    if !by_name && facts.sums.last_sent.is_some_and(|last| last != refund.id) {
        // A later refund of ours moves the figures too.
        return Change::note(Note::RefundWatchEnded { refund: refund.id });
    }
    let against = match (refund.verdict, proof) {
        (Some(Verdict::Failed), Proof::Succeeded(evidence)) => evidence,
        (Some(Verdict::Succeeded), Proof::Failed(told)) => {
            Evidence { reason: told.message.or(Some(told.code)), ..Evidence::of(EvidenceKind::LookUp) }
        }
        // Confirmed.
        (Some(Verdict::Succeeded), Proof::Succeeded(_)) | (Some(Verdict::Failed), Proof::Failed(_)) | (None, _) => {
            return Change::note(Note::RefundWatchEnded { refund: refund.id });
        }
        (_, Proof::None(code)) => return note(refund, figures, code, facts.pause_ms(u32::MAX)),
        _ => return note(refund, figures, None, facts.pause_ms(u32::MAX)),
    };
    let verdict = refund.verdict.unwrap_or(Verdict::Failed);
    Change::event(Event::RefundContradicted(RefundContradicted { of: Of::new(refund), verdict, evidence: against }))
}

/// Once the figures told another story, they can not tell ours any more.
fn conflict(refund: &Refund, figures: Option<Figures>, facts: &Facts) -> Change {
    let review = Review { after: figures, ..Review::of(refund, ReviewCode::FiguresConflict) };
    watched_review(review, facts.pause_ms(u32::MAX), facts)
}

fn note(refund: &Refund, figures: Option<Figures>, code: Option<String>, pause_ms: u64) -> Change {
    let look_ups = refund.look_ups.saturating_add(1);
    Change::note(Note::RefundLookedUp { refund: refund.id, figures, code, look_ups, pause_ms })
}

fn proof(refund: &Refund, look_up: LookUp, facts: &Facts) -> Proof {
    match look_up {
        LookUp::Alike(_) if others(refund, facts) => Proof::None(Some("another_refund".to_owned())),
        LookUp::Own(Own::Succeeded { reference }) | LookUp::Alike(Own::Succeeded { reference }) => {
            Proof::Succeeded(Evidence { reference, ..Evidence::of(EvidenceKind::LookUp) })
        }
        LookUp::Own(Own::Pending) | LookUp::Alike(Own::Pending) => Proof::Pending,
        LookUp::Own(Own::Rejected(told)) | LookUp::Alike(Own::Rejected(told)) => Proof::Failed(told),
        LookUp::Found { figures: Some(after), .. } => by_figures(refund, after),
        LookUp::Found { figures: None, .. } => Proof::None(Some("payment_only".to_owned())),
        LookUp::NotFound => Proof::None(Some("not_found".to_owned())),
        LookUp::NoFigures => Proof::None(Some("no_figures".to_owned())),
        LookUp::TokenRefused => Proof::None(Some("token_refused".to_owned())),
        LookUp::Refused(told) | LookUp::Unavailable(told) => Proof::None(Some(told.code)),
    }
}

/// There may be another refund of this payment that is as large as this one: an ended one of ours, one that a person wrote off, or one
/// that was there before.
fn others(refund: &Refund, facts: &Facts) -> bool {
    let itself = u64::from(refund.state == State::Succeeded);
    let written_off = u64::from(refund.verdict == Some(Verdict::Failed));
    let before = refund.baseline.is_some_and(|baseline| baseline.figures.refund_count > 0);
    facts.sums.count > itself || facts.sums.written_off > written_off || before
}

/// Exactly one more refund, of exactly our amount, is ours: an equal refund by another device in the same minutes can not be told
/// apart.
fn by_figures(refund: &Refund, after: Figures) -> Proof {
    let Some(baseline) = refund.baseline else { return Proof::None(None) };
    let before = baseline.figures;
    if after == before {
        return Proof::None(None);
    }
    let one_more = before.refund_count.checked_add(1) == Some(after.refund_count);
    let ours = before.amount_refunded.checked_add(refund.request.amount) == Some(after.amount_refunded);
    if one_more && ours && !baseline.unsettled {
        let evidence = Evidence::of(EvidenceKind::Figures);
        return Proof::Succeeded(Evidence { before: Some(before), after: Some(after), ..evidence });
    }
    Proof::Conflict
}
