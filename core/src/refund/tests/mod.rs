mod ask;
mod machine;
mod people;
mod policy;
mod providers;
mod sums;

use super::*;
use crate::{
    event::{Event, Note},
    provider::{self, Figures, LookUp},
    time::Timestamp,
};

const START: i64 = 1_795_000_000_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(START + ms)
}

fn a_request() -> Request {
    Request {
        request_id: "r-1".into(),
        original: Original::new(
            &provider::vietqr::FORM,
            "MB",
            [("bank_account", "1234567890".into()), ("reference_number", "FT1".into())],
        ),
        amount: 60_000,
        currency: "VND".into(),
        reason: "khách trả hàng".into(),
        operator: "lan".into(),
        multi_times: false,
        payment: None,
        door: Door::Http,
        fingerprint: Fingerprint("00".into()),
    }
}

fn a_facts() -> Facts {
    Facts {
        now: at(0),
        next_seq: 10,
        started_seq: 1,
        credited: Some(100_000),
        sums: Sums::default(),
        day_total: 0,
        limits: Limits { max_amount: 5_000_000, daily_total: 20_000_000, approval_above: 1_000_000 },
        known_operator: true,
        approver: true,
        lookup_s: vec![30, 60, 600],
    }
}

fn found(refund_count: u64, amount_refunded: u64) -> LookUp {
    LookUp::Found { amount: 100_000, figures: Some(Figures { refund_count, amount_refunded }), refundable: true }
}

fn manager() -> Person {
    Person { name: "chi".into(), manager: true }
}

/// A ledger of one refund.
struct Ledger {
    facts: Facts,
    refund: Refund,
    events: Vec<Event>,
    notes: Vec<Note>,
}

impl Ledger {
    fn new() -> Ledger {
        Ledger::with(a_request(), a_facts())
    }

    fn with(asked: Request, mut facts: Facts) -> Ledger {
        let Requested { id, change } = request(asked, &facts).unwrap();
        let mut refund = None;
        for (n, event) in change.events.iter().enumerate() {
            refund = apply(refund, id.0 + n as u64, facts.now, event);
        }
        let refund = refund.unwrap();
        facts.sums.change(None, &refund);
        facts.next_seq += change.events.len() as u64;
        Ledger { facts, refund, events: change.events, notes: change.notes }
    }

    fn decide(&mut self, input: Input) -> Result<Change, Refusal> {
        let change = decide(&self.refund, input, &self.facts)?;
        for event in &change.events {
            let before = self.refund.clone();
            self.refund = apply(Some(before.clone()), self.facts.next_seq, self.facts.now, event).unwrap();
            self.facts.sums.change(Some(&before), &self.refund);
            self.facts.next_seq += 1;
        }
        for note in &change.notes {
            apply_note(&mut self.refund, self.facts.now, note);
        }
        self.events.extend(change.events.clone());
        self.notes.extend(change.notes.clone());
        Ok(change)
    }

    fn begin(&mut self, look_up: LookUp) -> Change {
        let attempt = format!("a{}", self.facts.next_seq);
        self.decide(Input::Begin { attempt, body: "{}".into(), look_up }).unwrap()
    }

    fn sent(&mut self, outcome: crate::provider::Outcome) {
        let attempt = self.refund.attempt().unwrap().id.clone();
        self.decide(Input::Sent { attempt, outcome, answer: None }).unwrap();
    }

    fn looked_up(&mut self, look_up: LookUp) {
        self.decide(Input::LookedUp(look_up)).unwrap();
    }

    fn later(&mut self, ms: u64) {
        self.facts.now = self.facts.now.plus_millis(ms);
    }

    fn state(&self) -> (State, Option<&str>) {
        (self.refund.state, self.refund.code.as_deref())
    }

    fn last(&self) -> &'static str {
        self.events.last().unwrap().name()
    }
}
