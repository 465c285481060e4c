//! What a start does to refunds: an attempt that was under way may have been executed, what lost lines said of a refund is not known,
//! and a copied journal's other copy may send what is queued.

use super::{
    index::{Index, IndexError, Overlay},
    refunds::{RefundRules, gather},
    replay::ReplayError,
    state::State,
    view::Counters,
};
use std::collections::BTreeSet;
use vietqr_edge_core::{
    event::Event,
    refund::{Input, RefundId, decide},
    time::Timestamp,
};

/// What is not known of the past.
pub(super) struct Doubts<'a> {
    /// Refunds that were in flight where lines are lost.
    pub(super) lost: &'a BTreeSet<RefundId>,
    /// The journal was written by another device or machine.
    pub(super) stranger: bool,
}

/// The events that the start writes before anything else. `next` is the number of the first of them.
pub(super) fn settle(
    index: &dyn Index,
    rules: &RefundRules,
    doubts: &Doubts<'_>,
    now: Timestamp,
    next: u64,
) -> Result<Vec<Event>, ReplayError> {
    let state = State { overlay: Overlay::new(index), counters: Counters::default(), oldest: None };
    let open = state.refunds_in_flight()?;
    let mut events = Vec::new();
    for refund in &open {
        let request = &refund.request;
        let facts = gather(&state, rules, &request.original, &request.operator, Some(refund), &open, now, next, next)?;
        let inputs = [
            (doubts.lost.contains(&refund.id), Input::JournalDamaged),
            (doubts.stranger, Input::ForeignJournal),
            (true, Input::Restart),
        ];
        // One of them is enough: each leaves nothing for the next to do.
        for (_, input) in inputs.into_iter().filter(|(applies, _)| *applies) {
            let change = decide(refund, input, &facts).unwrap_or_default();
            if !change.events.is_empty() {
                tracing::info!(refund = %refund.id, state = refund.state.as_str(), "a refund that was open is looked at anew");
                events.extend(change.events);
                break;
            }
        }
    }
    Ok(events)
}

impl From<IndexError> for super::OpenError {
    fn from(error: IndexError) -> Self {
        ReplayError::from(error).into()
    }
}
