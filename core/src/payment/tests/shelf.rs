//! The ledger's part in the rule, in a few maps: the first payment under each key.

use super::*;
use crate::event::Reason;
use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shelf {
    pub(super) payments: Vec<Payment>,
    by_key: HashMap<Key, usize>,
    pub(super) oldest_line: Option<Timestamp>,
}

impl Shelf {
    pub(super) fn new() -> Shelf {
        Shelf { payments: Vec::new(), by_key: HashMap::new(), oldest_line: None }
    }

    fn known(&self, index: usize) -> Known {
        Known { id: PaymentId(index as u64), amount: self.payments[index].amount }
    }

    fn facts(&self, notice: &Notice) -> Facts {
        let mut facts = Facts {
            accounts: vec![ACCOUNT.to_owned(), OTHER_ACCOUNT.to_owned()],
            terminal_account: Some(ACCOUNT.to_owned()),
            oldest_line: self.oldest_line,
            fresh_s: 120,
            late_s: 900,
            ..Facts::default()
        };
        if let Some(keys) = keys(notice, &facts) {
            let under = |key: &Key| self.by_key.get(key).copied();
            let others: Vec<usize> = keys.others.iter().filter_map(under).collect();
            let open = others.iter().copied().filter(|index| self.payments[*index].reference_number.is_none());
            facts.by_reference = keys.reference.as_ref().and_then(under).map(|index| self.known(index));
            facts.by_other = others.iter().copied().min().map(|index| self.known(index));
            facts.without_reference = open.min().map(|index| self.known(index));
        }
        facts
    }

    /// Decides and applies, as the ledger does.
    pub(super) fn receive(&mut self, notice: &Notice) -> Receipt {
        let facts = self.facts(notice);
        let receipt = receive(notice, &facts);
        match &receipt {
            Receipt::Booked(payment) => {
                assert_eq!(Some(payment.keys()), keys(notice, &facts), "a rebuilt state finds what this one finds");
                self.put(payment.keys());
                self.payments.push(payment.clone());
            }
            Receipt::Repeat { of, adopt: Some(reference) } => {
                let index = of.0 as usize;
                let payment = &mut self.payments[index];
                assert_eq!(payment.reference_number.replace(reference.clone()), None, "a reference is never replaced");
                let key = reference_key(&payment.bank_account, reference, payment.trans_type);
                assert_eq!(self.by_key.insert(key, index), None, "a reference is never adopted twice");
            }
            _ => {}
        }
        receipt
    }

    fn put(&mut self, keys: Keys) {
        for key in keys.reference.into_iter().chain(keys.others) {
            self.by_key.entry(key).or_insert(self.payments.len());
        }
    }

    pub(super) fn book(&mut self, notice: &Notice) -> Payment {
        match self.receive(notice) {
            Receipt::Booked(payment) => payment,
            other => panic!("expected a payment, got {other:?}"),
        }
    }

    pub(super) fn refuse(&mut self, notice: &Notice) -> Reason {
        let before = self.clone();
        match self.receive(notice) {
            Receipt::Quarantined { reason, .. } => {
                assert_eq!(*self, before, "what is quarantined changes nothing");
                reason
            }
            other => panic!("expected a quarantine, got {other:?}"),
        }
    }
}
