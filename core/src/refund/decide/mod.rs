//! What becomes of a refund: one function for everything that can happen to it.

mod begin;
mod looked_up;
mod people;
mod sent;
mod time;

use super::{
    AttemptTold, Evidence, Facts, Of, Refund, RefundFailed, RefundRefused, RefundReview, RefundSucceeded, Refusal,
    ReviewCode, Verdict, WATCH_MS,
};
use crate::{
    event::{Event, Note},
    provider::{Figures, LookUp, Outcome, Told},
};

/// Something that happened to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A second person approves it.
    Approve {
        /// Who.
        by: Person,
    },
    /// It is not wanted any more.
    Cancel {
        /// Who says so.
        by: Person,
        /// Why.
        reason: String,
    },
    /// A person's verdict on a refund in review.
    Resolve {
        /// What they decided.
        verdict: Verdict,
        /// Who.
        by: Person,
        /// Why.
        reason: String,
    },
    /// The payment was looked up before sending. The attempt may be sent if, and only if, [`Change::sends`].
    Begin {
        /// The attempt's id, 1-32 of `A-Za-z0-9`, drawn anew for each attempt.
        attempt: String,
        /// The exact bytes that would be sent.
        body: String,
        /// What the look-up told.
        look_up: LookUp,
    },
    /// The attempt has ended.
    Sent {
        /// Its id.
        attempt: String,
        /// How.
        outcome: Outcome,
        /// What the provider answered, without card data, to be shown to people.
        answer: Option<String>,
    },
    /// The payment was looked up for the outcome.
    LookedUp(LookUp),
    /// Time has passed: to be decided at [`super::deadline`].
    Tick,
    /// The daemon starts: what was `sending` may have been sent.
    Restart,
    /// A part of the journal can not be read.
    JournalDamaged,
    /// The journal is another device's, or a copy of this one's.
    ForeignJournal,
}

/// A person, after their PIN was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// They may decide about the refunds of others: a manager, or whoever may open the socket.
    pub manager: bool,
}

/// What is to be written, in this order and in one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Events.
    pub events: Vec<Event>,
    /// Notes.
    pub notes: Vec<Note>,
}

impl Change {
    /// The attempt is allowed: once this is durable, and not before, its bytes may be sent, once.
    pub fn sends(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::RefundSending(_)))
    }

    pub(super) fn events(events: Vec<Event>) -> Change {
        Change { events, notes: Vec::new() }
    }

    fn event(event: Event) -> Change {
        Change::events(vec![event])
    }

    fn note(note: Note) -> Change {
        Change { events: Vec::new(), notes: vec![note] }
    }
}

/// Decides what becomes of `refund`. An empty change means: nothing is to be written.
///
/// # Errors
/// A [`Refusal`]: the refund is not in a state for it, this person may not, or a rule is against it. Nothing is to be written.
pub fn decide(refund: &Refund, input: Input, facts: &Facts) -> Result<Change, Refusal> {
    match input {
        Input::Approve { by } => people::approve(refund, &by, facts),
        Input::Cancel { by, reason } => people::cancel(refund, &by, reason),
        Input::Resolve { verdict, by, reason } => people::resolve(refund, verdict, by, reason),
        Input::Begin { attempt, body, look_up } => begin::begin(refund, attempt, body, look_up, facts),
        Input::Sent { attempt, outcome, answer } => sent::sent(refund, attempt, outcome, answer, facts),
        Input::LookedUp(look_up) => looked_up::looked_up(refund, look_up, facts),
        Input::Tick => Ok(time::tick(refund, facts)),
        Input::Restart => Ok(time::restart(refund, facts)),
        Input::JournalDamaged => Ok(time::journal_damaged(refund, facts)),
        Input::ForeignJournal => Ok(time::foreign_journal(refund)),
    }
}

fn succeeded(refund: &Refund, evidence: Evidence) -> Change {
    Change::event(Event::RefundSucceeded(RefundSucceeded { of: Of::new(refund), evidence }))
}

fn failed(refund: &Refund, told: Told, sent: bool) -> Change {
    let Told { code, message } = told;
    Change::event(Event::RefundFailed(RefundFailed { of: Of::new(refund), code, message, sent }))
}

fn refused(refund: &Refund, code: &str, by: Option<String>, reason: Option<String>) -> Change {
    Change::event(Event::RefundRefused(RefundRefused { of: Of::new(refund), code: code.to_owned(), by, reason }))
}

/// For people, without an attempt that may have been executed: no look-up could settle it.
fn unsent_review(refund: &Refund, code: ReviewCode, before: Option<Figures>, after: Option<Figures>) -> Change {
    review(refund, Review { code, before, after, sent: false, ..Review::of(refund, code) }, None)
}

/// For people, with look-ups from `pause_ms` on, for seven days.
fn watched_review(review_of: Review<'_>, pause_ms: u64, facts: &Facts) -> Change {
    let refund = review_of.refund;
    review(refund, review_of, Some((pause_ms, facts)))
}

struct Review<'a> {
    refund: &'a Refund,
    code: ReviewCode,
    attempt: Option<AttemptTold>,
    before: Option<Figures>,
    after: Option<Figures>,
    sent: bool,
    settles: bool,
}

impl Review<'_> {
    fn of(refund: &Refund, code: ReviewCode) -> Review<'_> {
        Review {
            refund,
            code,
            attempt: None,
            before: refund.baseline.map(|baseline| baseline.figures),
            after: refund.seen.map(|seen| seen.figures),
            sent: true,
            settles: false,
        }
    }
}

fn review(refund: &Refund, told: Review<'_>, look_ups: Option<(u64, &Facts)>) -> Change {
    let Review { code, attempt, before, after, sent, settles, .. } = told;
    Change::event(Event::RefundReview(RefundReview {
        of: Of::new(refund),
        code,
        attempt,
        before,
        after,
        sent,
        settles,
        pause_ms: look_ups.map(|(pause_ms, _)| pause_ms),
        until: look_ups.map(|(_, facts)| facts.now.plus_millis(WATCH_MS)),
    }))
}

fn told(outcome: super::AttemptEnd, told: Told) -> AttemptTold {
    AttemptTold { outcome, code: Some(told.code), message: told.message, reference: None }
}
