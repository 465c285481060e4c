//! All that can matter later: the device's records, made from events alone; the provider; what may still go wrong.

use super::bank::{Bank, Movement, REFERENCE};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};
use vietqr_edge_core::{
    event::{Event, Note},
    provider::Outcome,
    refund::{
        Change, Door, Facts, Fingerprint, Input, Limits, Original, Refund, RefundId, Refusal, Request, State, Sums,
        apply, apply_note, decide, request,
    },
    time::Timestamp,
};

/// How many of each misfortune may still happen.
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq)]
pub struct Budget {
    pub faults: u8,
    pub crashes: u8,
    pub foreign: u8,
    /// Cancellations, approvals withheld, verdicts.
    pub people: u8,
    pub jumps: u8,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// What the ledger booked; the provider has 100.000 in any case.
    pub credited: Option<u64>,
    /// What is asked for, one refund after the other.
    pub amounts: Vec<u64>,
    pub approval: bool,
    pub damage: bool,
    pub budget: Budget,
}

/// Where the lane is.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub enum Phase {
    Idle,
    /// `sending` is durable, no byte has left.
    Durable {
        intent: usize,
        attempt: String,
    },
    /// The provider has done what it does; the outcome is not durable.
    Answered {
        intent: usize,
        attempt: String,
        outcome: Outcome,
    },
}

/// What has happened on the way, as far as the checks ask for it.
#[derive(Clone, Copy, Debug, Default, Hash, PartialEq, Eq)]
pub struct Happened {
    pub misfortune: bool,
    pub foreign: bool,
    pub foreign_equal: bool,
    pub unknown: bool,
    pub e158: bool,
    pub e74: bool,
    pub no_figures: bool,
    pub stale: bool,
    pub late: bool,
    pub restart: bool,
    pub damage: bool,
    pub person: bool,
}

/// An event with its number, or a note, and when it was written.
pub type Written = (u64, Timestamp, Result<Event, Note>);

#[derive(Clone)]
pub struct World {
    pub scenario: Rc<Scenario>,
    pub now: i64,
    pub seq: u64,
    pub started_seq: u64,
    pub refunds: Vec<Rc<Refund>>,
    pub asked: usize,
    pub sums: Sums,
    pub phase: Phase,
    pub bank: Bank,
    pub budget: Budget,
    pub happened: Happened,
    /// What was written, for the random schedules: the records must come out of it again.
    pub journal: Option<Vec<Written>>,
}

/// Look-ups 30 seconds and then 200,000 seconds apart, so that seven days of review are three look-ups and not a thousand.
const LOOKUP_S: [u64; 2] = [30, 200_000];

impl World {
    pub fn new(scenario: &Scenario, journal: bool) -> World {
        World {
            scenario: Rc::new(scenario.clone()),
            now: 1_795_000_000_000,
            seq: 1,
            started_seq: 1,
            refunds: Vec::new(),
            asked: 0,
            sums: Sums::default(),
            phase: Phase::Idle,
            bank: Bank { paid: 100_000, ..Bank::default() },
            budget: scenario.budget,
            happened: Happened::default(),
            journal: journal.then(Vec::new),
        }
    }

    /// All that can matter later.
    pub fn key(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.now, self.seq, self.started_seq, &self.refunds, self.asked, &self.sums, &self.phase).hash(&mut hash);
        (&self.bank, self.budget, self.happened).hash(&mut hash);
        hash.finish()
    }

    pub fn time(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    pub fn facts(&self) -> Facts {
        Facts {
            now: self.time(),
            next_seq: self.seq,
            started_seq: self.started_seq,
            credited: self.scenario.credited,
            sums: self.sums.clone(),
            day_total: 0,
            limits: Limits {
                max_amount: 5_000_000,
                daily_total: 20_000_000,
                approval_above: if self.scenario.approval { 10_000 } else { 1_000_000 },
            },
            known_operator: true,
            approver: true,
            lookup_s: LOOKUP_S.to_vec(),
        }
    }

    /// A new request; refused where a rule is against it.
    pub fn ask(&mut self) -> Result<(), Refusal> {
        let amount = self.scenario.amounts[self.asked];
        self.asked += 1;
        let asked = Request {
            request_id: format!("q{}", self.asked),
            original: Original::VietQr {
                bank_account: "1234567890".into(),
                bank_code: "MB".into(),
                reference_number: REFERENCE.into(),
            },
            amount,
            currency: "VND".into(),
            reason: "x".into(),
            operator: "lan".into(),
            multi_times: true,
            payment: None,
            door: Door::Http,
            fingerprint: Fingerprint(String::new()),
        };
        let requested = request(asked, &self.facts())?;
        assert_eq!(requested.id, RefundId(self.seq));
        self.write(requested.change);
        Ok(())
    }

    /// Decides, and writes what was decided. Refusals write nothing.
    pub fn decide(&mut self, intent: usize, input: Input) -> Result<Change, Refusal> {
        let change = decide(&self.refunds[intent], input, &self.facts())?;
        self.write(change.clone());
        Ok(change)
    }

    /// One durable step: the records change by events and notes alone.
    fn write(&mut self, change: Change) {
        let at = self.time();
        for event in change.events {
            let seq = self.seq;
            self.seq += 1;
            let id = event.refund(seq).expect("an event of a refund");
            let before = self.refunds.iter().position(|refund| refund.id == id);
            let known = before.map(|n| Refund::clone(&self.refunds[n]));
            let after = apply(known.clone(), seq, at, &event).expect("a refund");
            self.replace(before, known, after);
            self.keep(seq, at, Ok(event));
        }
        for note in change.notes {
            let id = note.refund().expect("a note of a refund");
            let n = self.refunds.iter().position(|refund| refund.id == id).expect("a known refund");
            let before = Refund::clone(&self.refunds[n]);
            let mut after = before.clone();
            apply_note(&mut after, at, &note);
            self.replace(Some(n), Some(before), after);
            self.keep(0, at, Err(note));
        }
    }

    fn replace(&mut self, n: Option<usize>, before: Option<Refund>, after: Refund) {
        self.sums.change(before.as_ref(), &after);
        match n {
            Some(n) => self.refunds[n] = Rc::new(after),
            None => self.refunds.push(Rc::new(after)),
        }
    }

    fn keep(&mut self, seq: u64, at: Timestamp, what: Result<Event, Note>) {
        if let Some(journal) = &mut self.journal {
            journal.push((seq, at, what));
        }
    }

    /// Power is lost and comes back: what was `sending` may have been sent.
    pub fn restart(&mut self) {
        self.phase = Phase::Idle;
        self.happened.restart = true;
        self.started_seq = self.seq;
        self.seq += 1;
        for intent in 0..self.refunds.len() {
            if self.refunds[intent].state == State::Sending {
                self.happened.unknown = true;
            }
            self.decide(intent, Input::Restart).expect("a restart is never refused");
        }
    }

    pub fn movement(&self, intent: usize) -> Movement {
        Movement { intent: Some(intent), amount: self.refunds[intent].request.amount }
    }
}
