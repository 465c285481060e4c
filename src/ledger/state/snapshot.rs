//! What is open when a segment begins, so that any older segment may be dropped, and so that a gap before it costs nothing more.

use super::{
    apply::{AGES, State},
    entry::{self, DueEntry, Meta, Oldest},
    open_refunds, pins, speech,
};
use crate::ledger::{
    index::{Index, IndexError, keys},
    journal::{LINE_MAX, Open},
    view::Counters,
};
use vietqr_edge_core::{event::Reason, payment::PaymentId, time::Timestamp};

/// Entries are read in pages, so that many open payments do not fill the memory.
const PAGE: usize = 512;
/// Room for a line's own members.
const PART_BYTES: usize = LINE_MAX - 1024;

/// All that is open, in parts that fit a line each.
///
/// # Errors
/// [`IndexError`].
pub fn take(index: &dyn Index, counters: &Counters, oldest: Option<Oldest>) -> Result<Vec<Vec<Open>>, IndexError> {
    let mut parts = Parts::default();
    parts.push(Open::Counters { counters: Box::new(counters.clone()) });
    if let Some(Oldest { seq, at }) = oldest {
        parts.push(Open::Dropped { oldest: seq, at });
    }
    for age in AGES {
        each(index, keys::due_from(age), &keys::due_to(age), |key, value| {
            let Some(payment) = key.get(2..10).and_then(|id| id.try_into().ok()) else { return Ok(()) };
            let DueEntry { amount, paid_at, received_at } = DueEntry::from_bytes(value)?;
            let payment = PaymentId(u64::from_be_bytes(payment));
            parts.push(Open::Due { payment, age, amount, paid_at, received_at });
            Ok(())
        })?;
    }
    let (from, to) = keys::all(b's');
    each(index, from, &to, |key, value| {
        if let Some(started) = keys::number(key) {
            parts.push(Open::Unfinished { started, payments: entry::ids_from_bytes(value) });
        }
        Ok(())
    })?;
    let (from, to) = keys::all(b'q');
    each(index, from, &to, |key, value| {
        if let Some((reason, ring)) = told(key, value) {
            parts.push(Open::Quarantined { reason, ring });
        }
        Ok(())
    })?;
    open_refunds::take(index, |item| parts.push(item))?;
    pins::take(index, |item| parts.push(item))?;
    Ok(parts.done())
}

/// The entry of a reason: up to which number in the ring it was told.
pub fn told(key: &[u8], value: &[u8]) -> Option<(Reason, u64)> {
    let reason = serde_json::from_value(String::from_utf8_lossy(key.get(1..)?).into()).ok()?;
    Some((reason, u64::from_be_bytes(value.try_into().ok()?)))
}

/// Puts back what was open, instead of what the state holds of it: the lines before could not be read, or are not there.
///
/// # Errors
/// [`IndexError`].
pub fn restore(state: &mut State<'_>, open: &[Open]) -> Result<(), IndexError> {
    for item in open {
        match item {
            Open::Counters { counters } => state.counters = (**counters).clone(),
            Open::Due { payment, age, amount, paid_at, received_at } => {
                let due = DueEntry { amount: *amount, paid_at: *paid_at, received_at: *received_at };
                state.wait(*payment, *age, due);
                // It was in doubt before, and is no longer.
                speech::clear(&mut state.overlay, *payment)?;
            }
            Open::Unfinished { started, payments } => state.unfinished(*started, payments),
            Open::Quarantined { reason, ring } => {
                state.overlay.put(keys::quarantined(*reason), ring.to_be_bytes().to_vec());
            }
            Open::Dropped { oldest, at } => state.dropped(Oldest { seq: *oldest, at: *at }),
            Open::PinTries { .. } | Open::PinHour { .. } => pins::restore(&mut state.overlay, item),
            Open::Refund { .. }
            | Open::Sums { .. }
            | Open::RequestId { .. }
            | Open::RefundDay { .. }
            | Open::RefundToSay { .. } => open_refunds::restore(state, item),
        }
    }
    Ok(())
}

/// After lines that could not be read: what waited may have been said in them, so it is not said again.
///
/// # Errors
/// [`IndexError`].
pub fn forget_due(state: &mut State<'_>, at: Timestamp) -> Result<u64, IndexError> {
    let mut forgotten = 0;
    for age in AGES {
        let mut from = keys::due_from(age);
        loop {
            let page = state.overlay.range(&from, &keys::due_to(age), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            from.clone_from(last);
            from.push(0);
            for (key, _) in page {
                let Some(id) = key.get(2..10).and_then(|id| id.try_into().ok()) else { continue };
                state.skip(PaymentId(u64::from_be_bytes(id)), at)?;
                forgotten += 1;
            }
        }
    }
    open_refunds::forget_to_say(state)?;
    Ok(forgotten)
}

/// Which segment the state ends in, for the reader.
pub fn meta(index: &dyn Index) -> Result<Option<Meta>, IndexError> {
    index.get(keys::META)?.map(|bytes| entry::from_json(&bytes)).transpose()
}

pub(super) fn each(
    index: &dyn Index,
    mut from: Vec<u8>,
    to: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), IndexError>,
) -> Result<(), IndexError> {
    loop {
        let page = index.range(&from, to, PAGE)?;
        for (key, value) in &page {
            visit(key, value)?;
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => {
                from.clone_from(key);
                from.push(0);
            }
            _ => return Ok(()),
        }
    }
}

#[derive(Default)]
struct Parts {
    full: Vec<Vec<Open>>,
    part: Vec<Open>,
    bytes: usize,
}

impl Parts {
    fn push(&mut self, item: Open) {
        let bytes = entry::to_json(&item).len() + 1;
        if self.bytes + bytes > PART_BYTES {
            self.full.push(std::mem::take(&mut self.part));
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.part.push(item);
    }

    fn done(mut self) -> Vec<Vec<Open>> {
        if !self.part.is_empty() {
            self.full.push(self.part);
        }
        self.full
    }
}
