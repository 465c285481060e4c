use super::*;
use crate::provider::{Outcome, Told};

#[test]
fn sums_follow_a_refund_through_its_states() {
    let mut ledger = Ledger::new();
    let id = ledger.refund.id;
    assert_eq!((ledger.facts.sums.open, ledger.facts.sums.refunded), (Some(id), 0));
    ledger.begin(found(0, 0));
    assert_eq!(ledger.facts.sums.last_sent, Some(id));
    ledger.sent(Outcome::Succeeded { reference: None });
    let sums = &ledger.facts.sums;
    assert_eq!((sums.open, sums.refunded, sums.count, sums.written_off), (None, 60_000, 1, 0));
}

#[test]
fn what_failed_or_was_refused_does_not_count() {
    let mut ledger = Ledger::new();
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::FailedFinal(Told::code("E42")));
    assert_eq!((ledger.facts.sums.open, ledger.facts.sums.refunded, ledger.facts.sums.count), (None, 0, 0));
}

#[test]
fn a_change_applied_twice_counts_once() {
    let mut ledger = Ledger::new();
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::Succeeded { reference: None });
    let refund = ledger.refund.clone();
    let before = ledger.facts.sums.clone();
    ledger.facts.sums.change(Some(&refund), &refund);
    assert_eq!(ledger.facts.sums, before);
}
