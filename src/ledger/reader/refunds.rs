//! Refunds, read: one with its history, lists, and what is due.

use super::{Reader, Recorded};
use crate::ledger::{
    index::keys,
    journal::Group,
    state::{entry, refund},
    view::ReadError,
};
use std::ops::ControlFlow;
use vietqr_edge_core::{
    event::Note,
    payment::{Payment, TransType},
    provider::FORMS,
    refund::{Identity, Original, Refund, RefundId, Speech, State, Sums, Work, due},
    time::Timestamp,
};

/// Changes of one refund that are read; further ones are left out.
const HISTORY_MAX: usize = 200;
/// Records read at once.
const PAGE: usize = 100;

/// A refund with every change of its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundView {
    /// As it stands.
    pub refund: Refund,
    /// Its events, oldest first, as far as they are held.
    pub history: Vec<Recorded>,
    /// What was sent and what was answered, oldest first, as far as it is held.
    pub calls: Vec<(Timestamp, Note)>,
}

/// What a provider's refunds want now.
#[derive(Clone, Debug, Default)]
pub struct RefundDue {
    /// The first thing to do: what is sent, or was, before what waits for people; then the oldest.
    pub first: Option<(Refund, Work)>,
    /// Otherwise, when something will be due.
    pub next: Option<Timestamp>,
}

/// Something to be said of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSpeak {
    /// Which.
    pub refund: RefundId,
    /// What.
    pub speech: Speech,
    /// How much was refunded, in đồng.
    pub amount: u64,
}

impl Reader {
    /// One refund.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refund(&self, id: RefundId) -> Result<Option<Refund>, ReadError> {
        Ok(refund::get(&*self.shared.index, id)?)
    }

    /// One refund with its history.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refund_view(&self, id: RefundId) -> Result<Option<RefundView>, ReadError> {
        let Some(refund) = self.refund(id)? else { return Ok(None) };
        let (from, to) = (keys::history(id, 0), keys::history(RefundId(id.0.saturating_add(1)), 0));
        let (mut history, mut calls) = (Vec::new(), Vec::new());
        let last = self.shared.last();
        for (key, _) in self.shared.index.range(&from, &to, HISTORY_MAX)? {
            let Some(seq) = key.get(9..17).and_then(|seq| seq.try_into().ok()).map(u64::from_be_bytes) else {
                continue;
            };
            if history.last().is_some_and(|known: &Recorded| known.seq >= seq) {
                continue;
            }
            self.each_group(seq, last, |group| {
                let Group { seq: first, at, events, notes } = group;
                let ours = (first..).zip(events).filter(|(seq, event)| event.refund(*seq) == Some(id));
                history.extend(ours.map(|(seq, event)| Recorded { seq, at, event }));
                // A call and its answer are in the lines of the events that they made.
                let call = |note: &Note| matches!(note, Note::RefundAttempt { .. } | Note::RefundAnswered { .. });
                calls.extend(
                    notes.into_iter().filter(|note| call(note) && note.refund() == Some(id)).map(|note| (at, note)),
                );
                ControlFlow::Break(())
            })?;
        }
        history.retain(|known| known.seq <= last);
        Ok(Some(RefundView { refund, history, calls }))
    }

    /// Up to `limit` refunds after `after`, oldest first, and whether there are more; only those in `state` where it is given.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refunds(
        &self,
        after: Option<RefundId>,
        limit: usize,
        state: Option<State>,
    ) -> Result<(Vec<Refund>, bool), ReadError> {
        let mut found = Vec::new();
        for kind in [b'r', b'e'] {
            let mut from = match after {
                Some(RefundId(after)) => [&[kind], after.saturating_add(1).to_be_bytes().as_slice()].concat(),
                None => vec![kind],
            };
            let (_, to) = keys::all(kind);
            let mut here = 0;
            loop {
                let page = self.shared.index.range(&from, &to, PAGE)?;
                for (_, value) in &page {
                    let refund: Refund = entry::from_json(value)?;
                    if state.is_none_or(|state| state == refund.state) {
                        found.push(refund);
                        here += 1;
                    }
                }
                match page.last() {
                    Some((key, _)) if page.len() == PAGE && here <= limit => {
                        from.clone_from(key);
                        from.push(0);
                    }
                    _ => break,
                }
            }
        }
        found.sort_by_key(|refund| refund.id);
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// What this provider's refunds want now. `passed_over` are left out: the lane waits for them.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refund_due(
        &self,
        provider: &str,
        now: Timestamp,
        passed_over: impl Fn(RefundId) -> bool,
    ) -> Result<RefundDue, ReadError> {
        let (from, to) = keys::all(b'r');
        let (mut all, mut best) = (RefundDue::default(), None);
        for (_, value) in self.shared.index.range(&from, &to, usize::MAX)? {
            let refund: Refund = entry::from_json(&value)?;
            if refund.request.original.provider() != provider {
                continue;
            }
            let rank = match refund.state {
                State::Pending | State::Unknown => 0,
                State::Queued => 1,
                _ => 2,
            };
            match due(&refund, now) {
                Work::Nothing => {}
                Work::Wait(until) => all.next = Some(all.next.map_or(until, |next| next.min(until))),
                _ if passed_over(refund.id) => {}
                work => {
                    let place = (rank, refund.id);
                    if best.is_none_or(|best| place < best) {
                        best = Some(place);
                        all.first = Some((refund, work));
                    }
                }
            }
        }
        Ok(all)
    }

    /// What the refunds of one original payment come to.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refund_sums(&self, identity: Identity) -> Result<Sums, ReadError> {
        Ok(refund::sums(&*self.shared.index, identity)?)
    }

    /// Up to `limit` things that wait to be said of refunds.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn refunds_to_say(&self, limit: usize) -> Result<Vec<ToSpeak>, ReadError> {
        let (from, to) = keys::all(b'w');
        let mut found = Vec::new();
        for (key, value) in self.shared.index.range(&from, &to, limit)? {
            let refund::ToSay { speech, amount, .. } = entry::from_json(&value)?;
            found.extend(keys::number(&key).map(|id| ToSpeak { refund: RefundId(id), speech, amount }));
        }
        Ok(found)
    }

    /// What was given back of a payment, in đồng.
    pub(super) fn refunded(&self, payment: &Payment) -> Result<u64, ReadError> {
        let Some(reference) = payment.reference_number.as_ref().filter(|_| payment.trans_type == TransType::Credit)
        else {
            return Ok(0);
        };
        let mut refunded = 0_u64;
        for form in FORMS.into_iter().filter(|form| form.ledger) {
            let members = [
                ("bank_account", payment.bank_account.as_str().into()),
                ("reference_number", reference.as_str().into()),
            ];
            let sums = self.refund_sums(Original::new(form, "", members).identity())?;
            refunded = refunded.saturating_add(sums.refunded);
        }
        Ok(refunded)
    }
}
