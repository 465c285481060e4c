//! What waits to be said, read anew each time.
//!
//! A payment's age is the one taken at receipt, with one exception. What was still unsaid when the daemon started waited while the
//! device was off, which is an outage too: where its receipt lies more than `fresh_s` before that start, its age is the one it had
//! at that start.

use super::source::Source;
use crate::ledger::ReadError;
use std::collections::{BTreeMap, BTreeSet};
use vietqr_edge_core::{
    announcement::{Due, LATE_MAX, SUMMARY_MAX, Waiting},
    payment::{Age, PaymentId},
    time::Timestamp,
};

/// Fresh ones read at a time: the policy needs one.
const FRESH_READ: usize = 8;

/// When this run began, and the limits of the ages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The last number committed then: a payment up to it was there before.
    pub(super) seq: u64,
    /// The time then.
    pub(super) at: Timestamp,
    /// Up to this age a payment is fresh, in seconds.
    pub(super) fresh_s: u64,
    /// Up to this age it is told with its time, in seconds.
    pub(super) late_s: u64,
}

impl Start {
    /// How a payment that waits is to be said, where `taken` is its age at receipt.
    fn age(&self, due: &Due, taken: Age) -> Age {
        let (fresh_ms, late_ms) = (self.fresh_s.saturating_mul(1000), self.late_s.saturating_mul(1000));
        if due.payment.0 > self.seq || self.at.millis_since(due.received_at) <= fresh_ms {
            return taken;
        }
        let then = if self.at.millis_since(due.paid_at) <= late_ms { Age::Late } else { Age::Old };
        then.max(taken)
    }
}

/// When each late or old payment was first seen here; nothing but what still waits.
#[derive(Debug, Default)]
pub(super) struct Noticed(BTreeMap<PaymentId, u64>);

impl Noticed {
    /// Fills in when each was noticed. `waiting` holds all late and old ones, as far as they were read.
    pub(super) fn fill(&mut self, waiting: &mut Waiting, now_ms: u64) {
        let mut still = BTreeSet::new();
        for due in waiting.late.iter_mut().chain(&mut waiting.old) {
            due.noticed_ms = *self.0.entry(due.payment).or_insert(now_ms);
            still.insert(due.payment);
        }
        // While something fresh waits the others are not read, but wait none the less.
        if waiting.fresh.is_empty() {
            self.0.retain(|payment, _| still.contains(payment));
        }
    }
}

/// Reads what the policy needs to decide: late ones only where nothing fresh waits, old ones only where no late one is said alone.
/// May touch the disk.
///
/// # Errors
/// [`ReadError`].
pub(super) fn read(source: &dyn Source, start: &Start) -> Result<Waiting, ReadError> {
    let mut waiting = Waiting::default();
    for (age, few) in [(Age::Fresh, FRESH_READ), (Age::Late, LATE_MAX + 1)] {
        let mut found = source.due(age, few)?;
        // The few are enough where the policy will take one of them. Where they join a summary all of them are needed.
        let joining = age == Age::Late && found.len() > LATE_MAX;
        if joining || found.iter().any(|due| start.age(due, age) != age) {
            found = source.due(age, SUMMARY_MAX)?;
        }
        for due in found {
            match start.age(&due, age) {
                Age::Fresh => waiting.fresh.push(due),
                Age::Late => waiting.late.push(due),
                Age::Old => waiting.old.push(due),
            }
        }
        if !waiting.fresh.is_empty() {
            return Ok(waiting);
        }
    }
    let alone = (1..=LATE_MAX).contains(&waiting.late.len());
    if !alone {
        waiting.old.extend(source.due(Age::Old, SUMMARY_MAX)?);
    }
    for list in [&mut waiting.late, &mut waiting.old] {
        list.sort_by_key(|due| due.payment);
        list.truncate(SUMMARY_MAX);
    }
    Ok(waiting)
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
