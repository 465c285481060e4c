//! A command, decided: the facts are gathered from the state and the group's earlier changes, core decides, its events are applied.

use super::{
    command::{Answer, Command, Incoming, Refused, Stray},
    index::{IndexError, Look, keys},
    journal::group::Text,
    refunds::{Named, RefundRules},
    state::{
        State, damage, entry,
        known::{self, By},
        places::Places,
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
    payment::{Facts, Key, Known, Notice, Payment, PaymentId, Receipt, keys as payment_keys, receive},
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
    /// Its events and notes.
    pub text: Text,
    /// Something in it is about a refund.
    pub about_refunds: bool,
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
        let seq = self.next();
        self.state.event(seq, self.at, &event)?;
        self.about_refunds |= event.refund(seq).is_some();
        self.text.event(&event);
        Ok(seq)
    }

    /// Adds a payment and applies it; `found` is where its keys were looked up, with nothing changed since.
    fn book(&mut self, payment: Payment, found: Option<Places>) -> Result<PaymentId, IndexError> {
        let Some(places) = found else { return self.event(payment.into_event()).map(PaymentId) };
        let id = PaymentId(self.next());
        self.state.booked(id, &payment, places)?;
        self.text.event(&payment.into_event());
        Ok(id)
    }

    /// Adds a note and applies it.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn note(&mut self, note: Note) -> Result<(), IndexError> {
        self.state.note(self.at, &note)?;
        self.about_refunds |= note.refund().is_some();
        self.text.note(&note);
        Ok(())
    }

    /// Whether this command belongs in this line: one that may be long gets its own.
    pub fn fits(&self, command: &Command) -> bool {
        let long = match command {
            Command::AnnounceStart { payments, .. } | Command::AnnounceSkip { payments, .. } => payments.len() > NAMED,
            _ => false,
        };
        self.text.len() <= GROUP_BYTES && !long
    }

    /// Number of the last event so far.
    pub fn last(&self) -> u64 {
        self.next().saturating_sub(1)
    }

    /// Number of the next event.
    pub fn next(&self) -> u64 {
        self.first + self.text.events()
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
        let mut facts = self.facts(rules, &notice);
        let keys = payment_keys(&notice, &facts);
        let found = keys.map(|keys| Places::look(&self.state.overlay, keys)).transpose()?;
        if let Some(places) = &found {
            facts.by_reference = places.by_reference();
            facts.by_other = places.by_other();
            if places.has_reference() {
                facts.without_reference = self.without_reference(places.taken())?;
            }
        }
        match receive(&notice, &facts) {
            Receipt::Booked(payment) => {
                raw(&incoming, &payment.raw_sha256);
                Ok(Decision::Answer(Answer::Booked(self.book(payment, found)?)))
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

    /// What is known without a look at other payments.
    fn facts(&self, rules: &Rules, notice: &Notice) -> Facts {
        Facts {
            accounts: rules.accounts.clone(),
            terminal_account: rules.terminals.get(&notice.terminal).cloned(),
            oldest_line: self.oldest_line(),
            fresh_s: rules.fresh_s,
            late_s: rules.late_s,
            ..Facts::default()
        }
    }

    /// The first payment under these keys that has no reference yet.
    fn without_reference<'k>(&self, keys: impl Iterator<Item = &'k Key>) -> Result<Option<Known>, IndexError> {
        for key in keys {
            if let Some(known) = known::get(&self.state.overlay, By::WithoutReference, key)?
                && !self.has_reference(known.id)?
            {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// The time of the oldest line held. One that has not come yet was written by a clock that was ahead, and by it every payment
    /// would be too old; unless it is today's clock that is behind.
    fn oldest_line(&self) -> Option<Timestamp> {
        let oldest = self.state.oldest?.at;
        let behind = self.state.counters.clock_floor.is_some_and(|floor| self.at < floor);
        (oldest <= self.at || behind).then_some(oldest)
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
