//! What time, a restart and a damaged journal do to a refund.

use super::{Change, Review, failed, refused, unsent_review, watched_review};
use crate::{
    event::{Event, Note},
    provider::Told,
    refund::{AttemptTold, Facts, Of, Refund, RefundOpenEnded, ReviewCode, State, deadline},
};

/// Longer than the schedule takes with look-ups that each take their time, in milliseconds.
const SCHEDULE_GRACE_MS: u64 = 600_000;

pub(super) fn tick(refund: &Refund, facts: &Facts) -> Change {
    if deadline(refund).is_none_or(|deadline| facts.now < deadline) {
        return Change::default();
    }
    match refund.state {
        State::AwaitingApproval => refused(refund, "approval_expired", None, None),
        State::Queued => failed(refund, Told::code("expired_unsent"), false),
        State::Unknown | State::Pending => {
            let review = Review { settles: true, ..Review::of(refund, ReviewCode::Unresolved) };
            watched_review(review, facts.pause_ms(u32::MAX), facts)
        }
        _ => Change::note(Note::RefundWatchEnded { refund: refund.id }),
    }
}

pub(super) fn restart(refund: &Refund, facts: &Facts) -> Change {
    match refund.state {
        State::Sending => Change::event(unknown(refund, Some("restart".to_owned()), None, facts)),
        _ => Change::default(),
    }
}

/// What the missing lines said of it is not known: a verdict, another attempt. So what look-ups tell is shown and settles nothing.
pub(super) fn journal_damaged(refund: &Refund, facts: &Facts) -> Change {
    if !refund.state.in_flight() || refund.code.as_deref() == Some("journal_damaged") {
        return Change::default();
    }
    let review = Review { sent: refund.attempt_count > 0, ..Review::of(refund, ReviewCode::JournalDamaged) };
    match refund.attempt_count {
        0 => super::review(refund, review, None),
        _ => watched_review(review, facts.pause_ms(0), facts),
    }
}

/// The other copy may send it too.
pub(super) fn foreign_journal(refund: &Refund) -> Change {
    match refund.state {
        State::AwaitingApproval | State::Queued => unsent_review(refund, ReviewCode::ForeignJournal, None, None),
        _ => Change::default(),
    }
}

pub(super) fn unknown(refund: &Refund, code: Option<String>, attempt: Option<AttemptTold>, facts: &Facts) -> Event {
    Event::RefundUnknown(open_ended(refund, code, attempt, facts))
}

pub(super) fn pending(refund: &Refund, attempt: Option<AttemptTold>, facts: &Facts) -> Event {
    Event::RefundPending(open_ended(refund, None, attempt, facts))
}

/// A look-up found it under way: it goes on in the schedule that it is in.
pub(super) fn found_pending(refund: &Refund, facts: &Facts) -> Event {
    let pause_ms = facts.pause_ms(refund.look_ups.saturating_add(1));
    let review_at = refund.until.unwrap_or(facts.now);
    Event::RefundPending(RefundOpenEnded { of: Of::new(refund), code: None, attempt: None, pause_ms, review_at })
}

fn open_ended(refund: &Refund, code: Option<String>, attempt: Option<AttemptTold>, facts: &Facts) -> RefundOpenEnded {
    let schedule = (0..facts.schedule()).fold(SCHEDULE_GRACE_MS, |sum, n| sum.saturating_add(facts.pause_ms(n)));
    let review_at = facts.now.plus_millis(schedule);
    RefundOpenEnded { of: Of::new(refund), code, attempt, pause_ms: facts.pause_ms(0), review_at }
}
