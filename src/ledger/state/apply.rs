//! One event or note, applied.

use super::{
    damage,
    entry::{self, DueEntry, Extra, Oldest},
    known::{self, By},
    places::Places,
    speech,
};
use crate::ledger::{
    index::{IndexError, Look, Overlay, keys},
    view::{Counters, Speech},
};
use vietqr_edge_core::{
    event::{AnnouncementStarted, Event, Kind, MessageQuarantined, Note},
    payment::{Age, Known, Payment, PaymentId, TransType, reference_key},
    time::Timestamp,
};

/// Payments of an announcement are kept in parts of this many: a value of the store is at most 4 KB.
pub const PART: usize = 500;

/// The ages, in the order of the store.
pub const AGES: [Age; 3] = [Age::Fresh, Age::Late, Age::Old];

/// The state while lines are applied to it: the changes, and the totals.
pub struct State<'a> {
    /// What changes in the store.
    pub overlay: Overlay<'a>,
    /// Totals, with the changes.
    pub counters: Counters,
    /// Where the held part of the journal begins, where something was dropped.
    pub oldest: Option<Oldest>,
}

impl State<'_> {
    /// Applies an event.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn event(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), IndexError> {
        match event {
            Event::PaymentReceived(payment) | Event::PaymentDebited(payment) => {
                let places = Places::look(&self.overlay, payment.keys())?;
                self.booked(PaymentId(seq), payment, places)
            }
            Event::AnnouncementStarted(started) => self.started(seq, at, started),
            Event::AnnouncementFinished(ended) => {
                self.ended(ended.started, |begun| Speech::Finished(begun, begun.plus_millis(ended.took_ms)))
            }
            Event::AnnouncementFailed(ended) => {
                add(&mut self.counters.announce_failed, 1);
                self.ended(ended.started, |begun| Speech::Failed(begun, at))
            }
            Event::AnnouncementSkipped(skipped) => {
                for payment in &skipped.payments {
                    self.skip(*payment, at)?;
                }
                for refund in &skipped.refunds {
                    self.refund_said(*refund);
                }
                Ok(())
            }
            Event::MessageQuarantined(quarantined) => {
                self.quarantined(quarantined);
                Ok(())
            }
            Event::DeviceStarted(_) => {
                self.counters.stopped = false;
                self.counters.link_up = false;
                Ok(())
            }
            Event::DeviceStopped(_) => {
                self.counters.stopped = true;
                Ok(())
            }
            Event::LinkUp(_) => {
                self.counters.link_up = true;
                self.counters.linked = true;
                Ok(())
            }
            Event::LinkDown(_) => {
                self.counters.link_up = false;
                Ok(())
            }
            Event::ClockCorrected(corrected) => {
                self.counters.clock_floor = Some(corrected.to);
                Ok(())
            }
            Event::JournalDamaged(damaged) => {
                add(&mut self.counters.damaged, 1);
                damage::record(&mut self.overlay, damaged)
            }
            Event::JournalDropped(dropped) => {
                self.dropped(Oldest { seq: dropped.last.saturating_add(1), at: dropped.held_since });
                Ok(())
            }
            Event::OperatorLocked(_) => {
                add(&mut self.counters.locks, 1);
                Ok(())
            }
            Event::LinkSessionLost(_) | Event::StoreRebuilt(_) => Ok(()),
            Event::RefundRequested(_)
            | Event::RefundAwaitingApproval(_)
            | Event::RefundApproved(_)
            | Event::RefundRefused(_)
            | Event::RefundQueued(_)
            | Event::RefundSending(_)
            | Event::RefundPending(_)
            | Event::RefundUnknown(_)
            | Event::RefundReview(_)
            | Event::RefundSucceeded(_)
            | Event::RefundFailed(_)
            | Event::RefundResolved(_)
            | Event::RefundContradicted(_) => self.refund_event(seq, at, event),
        }
    }

    /// Applies a note.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn note(&mut self, at: Timestamp, note: &Note) -> Result<(), IndexError> {
        match note {
            Note::PaymentRepeated { payment, count } => {
                add(&mut self.counters.repeats, *count);
                self.change_extra(*payment, |extra| add(&mut extra.repeats, *count))
            }
            Note::ReferenceAdopted { payment, bank_account, trans_type, amount, reference_number } => {
                let hash = reference_key(bank_account, reference_number, *trans_type);
                known::set(&mut self.overlay, By::Reference, &hash, Known { id: *payment, amount: *amount })?;
                self.change_extra(*payment, |extra| extra.reference_number = Some(reference_number.clone()))
            }
            Note::RefundAttempt { .. }
            | Note::RefundAnswered { .. }
            | Note::RefundLookedUp { .. }
            | Note::RefundWatchEnded { .. } => self.refund_note(at, note),
            Note::PinWrong { .. } | Note::PinRight { .. } | Note::PinsSetBack {} => self.pin_note(at, note),
            Note::ClockConfirmed { at: confirmed, .. } => {
                self.counters.clock_floor = Some(*confirmed);
                Ok(())
            }
        }
    }

    /// Puts a waiting payment in its place.
    pub fn wait(&mut self, payment: PaymentId, age: Age, due: DueEntry) {
        self.overlay.put(keys::due(age, payment), due.to_bytes());
    }

    /// Whether it waits to be announced.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn is_due(&self, payment: PaymentId) -> Result<bool, IndexError> {
        for age in AGES {
            if self.overlay.look(&keys::due(age, payment))?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A payment that waited will not be announced.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn skip(&mut self, payment: PaymentId, at: Timestamp) -> Result<(), IndexError> {
        add(&mut self.counters.skipped, 1);
        self.no_longer_due(payment)?;
        speech::set(&mut self.overlay, payment, Speech::Skipped(at))
    }

    /// An event that was found behind later ones. Whether its payment was announced is not known for sure, so it will not be.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn late_event(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), IndexError> {
        self.event(seq, at, event)?;
        let id = PaymentId(seq);
        match event {
            Event::PaymentReceived(_) if speech::get(&self.overlay, id)?.is_some() => self.no_longer_due(id)?,
            Event::PaymentReceived(_) => self.skip(id, at)?,
            _ => {}
        }
        Ok(())
    }

    /// The journal begins here now. What is dropped stays dropped.
    pub fn dropped(&mut self, oldest: Oldest) {
        if self.oldest.is_none_or(|known| known.seq <= oldest.seq) {
            self.oldest = Some(oldest);
        }
    }

    /// Applies a payment whose keys were looked up in this state.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn booked(&mut self, id: PaymentId, payment: &Payment, places: Places) -> Result<(), IndexError> {
        places.put(&mut self.overlay, Known { id, amount: payment.amount })?;
        if payment.trans_type == TransType::Debit {
            add(&mut self.counters.debits, 1);
            return Ok(());
        }
        let counters = &mut self.counters;
        add(&mut counters.credits, 1);
        // 2^64 đồng is a million times the money there is; a total is for people, not for decisions.
        counters.credited.0 = counters.credited.0.saturating_add(payment.amount.0);
        if counters.last_payment.is_none_or(|last| last <= id) {
            counters.last_credit = Some(payment.received_at);
            counters.last_payment = Some(id);
        }
        let due = DueEntry { amount: payment.amount, paid_at: payment.paid_at, received_at: payment.received_at };
        self.wait(id, payment.age, due);
        Ok(())
    }

    fn started(&mut self, seq: u64, at: Timestamp, started: &AnnouncementStarted) -> Result<(), IndexError> {
        if started.kind == Kind::Replay {
            return Ok(());
        }
        add(&mut self.counters.announced, 1);
        if let Some(refund) = started.refund {
            self.refund_said(refund);
        }
        for payment in &started.payments {
            self.no_longer_due(*payment)?;
            speech::set(&mut self.overlay, *payment, Speech::Started(at))?;
        }
        self.unfinished(seq, &started.payments);
        Ok(())
    }

    /// Keeps the payments of an announcement until it ends.
    pub fn unfinished(&mut self, started: u64, payments: &[PaymentId]) {
        for (part, ids) in payments.chunks(PART).enumerate() {
            let part = u16::try_from(part).unwrap_or(u16::MAX);
            self.overlay.put(keys::unfinished(started, part), entry::ids_to_bytes(ids));
        }
    }

    fn ended(&mut self, started: u64, how: impl Fn(Timestamp) -> Speech) -> Result<(), IndexError> {
        let parts = self.overlay.range(&keys::unfinished(started, 0), &keys::unfinished_to(started), usize::MAX)?;
        for (key, ids) in parts {
            for payment in entry::ids_from_bytes(&ids) {
                if let Some(Speech::Started(begun)) = speech::get(&self.overlay, payment)? {
                    speech::set(&mut self.overlay, payment, how(begun))?;
                }
            }
            self.overlay.remove(key);
        }
        Ok(())
    }

    fn no_longer_due(&mut self, payment: PaymentId) -> Result<(), IndexError> {
        for age in AGES {
            let key = keys::due(age, payment);
            // It waits under one age.
            if self.overlay.look(&key)?.is_some() {
                self.overlay.remove(key);
                break;
            }
        }
        Ok(())
    }

    fn quarantined(&mut self, quarantined: &MessageQuarantined) {
        add(self.counters.quarantined.entry(quarantined.reason).or_default(), quarantined.count);
        self.overlay.put(keys::quarantined(quarantined.reason), quarantined.ring.to_be_bytes().to_vec());
    }

    fn change_extra(&mut self, payment: PaymentId, change: impl FnOnce(&mut Extra)) -> Result<(), IndexError> {
        let key = keys::extra(payment);
        let mut extra = match self.overlay.look(&key)? {
            Some(bytes) => entry::from_json(&bytes)?,
            None => Extra::default(),
        };
        change(&mut extra);
        self.overlay.put(key, entry::to_json(&extra));
        Ok(())
    }
}

/// Totals are read from disk, where any number may stand: they stop at the end instead of ending the process.
pub(super) fn add(total: &mut u64, more: u64) {
    *total = total.saturating_add(more);
}
