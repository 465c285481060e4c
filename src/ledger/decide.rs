//! A command, decided: the facts are gathered from the state and the group's earlier changes, core decides, its events are applied.

use super::{
    command::{Answer, Command, Incoming, Refused, Stray},
    index::{IndexError, Look, keys},
    refunds::{Named, RefundRules},
    state::{
        State, damage, entry,
        known::{self, By},
    },
    writer::GROUP_BYTES,
};
use sha2::{Digest, Sha256};
use std::{cell::RefCell, collections::BTreeMap};
use vietqr_edge_core::{
    announcement,
    event::{
        AnnouncementFailed, AnnouncementFinished, AnnouncementSkipped, AnnouncementStarted, Event, Kind, Note, Reason,
    },
    payment::{Facts, Known, Notice, PaymentId, Receipt, keys as payment_keys, receive},
    time::Timestamp,
    wire::BalanceChange,
};

/// An announcement that names more payments than this gets a line for itself.
const NAMED: usize = 100;

/// What the configuration says about money.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `[[account]]` numbers.
    pub accounts: Vec<String>,
    /// `[[terminal]]`: code, and the number of its account.
    pub terminals: BTreeMap<String, String>,
    /// Up to this age a payment is fresh, in seconds.
    pub fresh_s: u64,
    /// Up to this age it is told with its time, in seconds.
    pub late_s: u64,
    /// What it says about refunds.
    pub refund: RefundRules,
}

/// A group while it is decided.
pub struct Draft<'a> {
    /// The state with the group's changes.
    pub state: State<'a>,
    /// Number of the group's first event.
    pub first: u64,
    /// Number of the first event of this start.
    pub started: u64,
    /// When it is written.
    pub at: Timestamp,
    /// Its events.
    pub events: Vec<Event>,
    /// Its notes.
    pub notes: Vec<Note>,
    /// About how long its line will be.
    pub bytes: usize,
}

/// What a command came to.
pub enum Decision {
    /// Answer this once the group is durable.
    Answer(Answer),
    /// Nothing was changed.
    Refused(Refused),
    /// It belongs in the ring.
    Stray(Stray),
}

impl Draft<'_> {
    /// Adds an event and applies it; its number.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn event(&mut self, event: Event) -> Result<u64, IndexError> {
        let seq = self.first + self.events.len() as u64;
        self.state.event(seq, self.at, &event)?;
        self.bytes += entry::to_json(&event).len() + 1;
        self.events.push(event);
        Ok(seq)
    }

    /// Adds a note and applies it.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn note(&mut self, note: Note) -> Result<(), IndexError> {
        self.state.note(self.at, &note)?;
        self.bytes += entry::to_json(&note).len() + 1;
        self.notes.push(note);
        Ok(())
    }

    /// Whether this command belongs in this line: one that may be long gets its own.
    pub fn fits(&self, command: &Command) -> bool {
        let long = match command {
            Command::AnnounceStart { payments, .. } | Command::AnnounceSkip { payments, .. } => payments.len() > NAMED,
            _ => false,
        };
        self.bytes <= GROUP_BYTES && !long
    }

    /// Number of the last event so far.
    pub fn last(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }

    /// Decides a command that needs no ring. `named` is the payment that a request for a refund names by its id here.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn decide(
        &mut self,
        rules: &Rules,
        command: Command,
        named: Named,
        raw: &mut dyn FnMut(&Incoming, &str),
    ) -> Result<Decision, IndexError> {
        match command {
            Command::RefundRequest { ask, door, replay } => self.refund_request(rules, &ask, door, replay, named),
            Command::Refund { refund, input } => self.refund_input(rules, refund, *input),
            Command::Tick => self.refund_tick(rules),
            Command::PinWrong { who, operator, caller } => self.pin_wrong(who, operator, caller),
            Command::PinRight { who } => self.pin_right(who),
            Command::PinsSetBack => self.pins_set_back(),
            // The writer has taken them.
            Command::Operators(_) | Command::Beat => Ok(Decision::Answer(Answer::Recorded(self.last()))),
            Command::AnnounceRefund { refund, sentence } => self.announce_refund(refund, sentence),
            Command::AnnounceSkipRefunds { refunds, reason } => self.skip_refunds(refunds, reason),
            Command::Receive(incoming) => self.receive(rules, incoming, raw),
            Command::Quarantine(stray) => Ok(Decision::Stray(stray)),
            Command::AnnounceStart { payments, kind, sentence } => self.announce(payments, kind, sentence),
            Command::AnnounceFinish { started, took_ms } => {
                self.record(Event::AnnouncementFinished(AnnouncementFinished { started, took_ms }))
            }
            Command::AnnounceFail { started, reason } => {
                self.record(Event::AnnouncementFailed(AnnouncementFailed { started, reason }))
            }
            Command::AnnounceSkip { payments, reason } => {
                let mut due = Vec::new();
                // More than one line can name stay due, and come with a later command.
                for payment in payments {
                    if due.len() < announcement::SUMMARY_MAX && !due.contains(&payment) && self.state.is_due(payment)? {
                        due.push(payment);
                    }
                }
                if due.is_empty() {
                    return Ok(Decision::Answer(Answer::Recorded(self.last())));
                }
                self.record(Event::AnnouncementSkipped(AnnouncementSkipped { payments: due, refunds: vec![], reason }))
            }
            Command::Record(Event::JournalDamaged(damage)) => match damage::untold(&self.state.overlay, damage)? {
                Some(damage) => self.record(Event::JournalDamaged(damage)),
                None => Ok(Decision::Answer(Answer::Recorded(self.last()))),
            },
            Command::Record(event) => self.record(event),
            Command::Note(note) => {
                self.note(note)?;
                Ok(Decision::Answer(Answer::Recorded(self.last())))
            }
        }
    }

    pub(super) fn record(&mut self, event: Event) -> Result<Decision, IndexError> {
        self.event(event).map(|seq| Decision::Answer(Answer::Recorded(seq)))
    }

    fn announce(&mut self, payments: Vec<PaymentId>, kind: Kind, sentence: String) -> Result<Decision, IndexError> {
        if kind != Kind::Replay {
            let failed = RefCell::new(None);
            let is_due = |payment| {
                self.state.is_due(payment).unwrap_or_else(|error| {
                    *failed.borrow_mut() = Some(error);
                    false
                })
            };
            let started = announcement::start(&payments, is_due);
            if let Some(error) = failed.into_inner() {
                return Err(error);
            }
            if let Err(announcement::NotDue(payment)) = started {
                return Ok(Decision::Refused(Refused::NotDue(payment)));
            }
        }
        self.record(Event::AnnouncementStarted(AnnouncementStarted { payments, refund: None, kind, sentence }))
    }

    fn receive(
        &mut self,
        rules: &Rules,
        incoming: Incoming,
        raw: &mut dyn FnMut(&Incoming, &str),
    ) -> Result<Decision, IndexError> {
        let change = match BalanceChange::parse(&incoming.body) {
            Ok(change) => change,
            Err(rejected) => return Ok(Decision::Stray(stray(incoming, rejected.reason, rejected.detail))),
        };
        let notice = Notice {
            change,
            terminal: incoming.terminal.clone(),
            source: incoming.source,
            received_at: incoming.received_at,
            redelivered: incoming.redelivered,
            retained: incoming.retained,
            raw_sha256: hex::encode(Sha256::digest(&incoming.body)),
        };
        let facts = self.facts(rules, &notice)?;
        match receive(&notice, &facts) {
            Receipt::Booked(payment) => {
                raw(&incoming, &payment.raw_sha256);
                let id = PaymentId(self.event(payment.into_event())?);
                Ok(Decision::Answer(Answer::Booked(id)))
            }
            Receipt::Repeat { of, adopt } => {
                self.note(Note::PaymentRepeated { payment: of, count: 1 })?;
                if let (Some(reference_number), Some(known)) = (adopt, &facts.without_reference) {
                    self.note(Note::ReferenceAdopted {
                        payment: of,
                        bank_account: notice.change.bank_account.or(facts.terminal_account).unwrap_or_default(),
                        trans_type: notice.change.trans_type,
                        amount: known.amount,
                        reference_number,
                    })?;
                }
                Ok(Decision::Answer(Answer::Repeat(of)))
            }
            Receipt::Quarantined { reason, detail } => Ok(Decision::Stray(stray(incoming, reason, detail))),
        }
    }

    fn facts(&self, rules: &Rules, notice: &Notice) -> Result<Facts, IndexError> {
        let mut facts = Facts {
            accounts: rules.accounts.clone(),
            terminal_account: rules.terminals.get(&notice.terminal).cloned(),
            oldest_line: self.oldest_line(),
            fresh_s: rules.fresh_s,
            late_s: rules.late_s,
            ..Facts::default()
        };
        let Some(found_by) = payment_keys(notice, &facts) else { return Ok(facts) };
        if let Some(hash) = &found_by.reference {
            facts.by_reference = self.known(By::Reference, hash)?;
        }
        for hash in &found_by.others {
            if facts.by_other.is_none() {
                facts.by_other = self.known(By::Other, hash)?;
            }
            if facts.without_reference.is_none() {
                let known = self.known(By::WithoutReference, hash)?;
                facts.without_reference = match known {
                    Some(known) if !self.has_reference(known.id)? => Some(known),
                    _ => None,
                };
            }
        }
        Ok(facts)
    }

    /// The time of the oldest line held. One that has not come yet was written by a clock that was ahead, and by it every payment
    /// would be too old; unless it is today's clock that is behind.
    fn oldest_line(&self) -> Option<Timestamp> {
        let oldest = self.state.oldest?.at;
        let behind = self.state.counters.clock_floor.is_some_and(|floor| self.at < floor);
        (oldest <= self.at || behind).then_some(oldest)
    }

    fn known(&self, by: By, hash: &[u8; 16]) -> Result<Option<Known>, IndexError> {
        known::get(&self.state.overlay, by, hash)
    }

    fn has_reference(&self, payment: PaymentId) -> Result<bool, IndexError> {
        let Some(bytes) = self.state.overlay.look(&keys::extra(payment))? else { return Ok(false) };
        Ok(entry::from_json::<entry::Extra>(&bytes)?.reference_number.is_some())
    }
}

fn stray(incoming: Incoming, reason: Reason, detail: String) -> Stray {
    let size = incoming.body.len() as u64;
    Stray { topic: incoming.topic, reason, detail, body: incoming.body, size, received_at: incoming.received_at }
}
