//! What two notices of the same payment have in common.
//!
//! The key of a payment is account + reference + C/D. Where one of two notices has no reference, they speak of the same
//! payment if account, amount, C/D and (order, or paid second and content) are equal. A notice with neither reference, order
//! nor readable time has nothing of that: the hash of its body stands in, and counts only for a publish that the broker
//! itself calls a repetition (see [`super::receive`]), because a second purchase may well have the same body.
//!
//! The time in a key is the one that the notice named, never the time of receipt, which differs with each delivery.

use super::{Flag, Payment, TransType};
use crate::{money::Dong, time::Timestamp};
use sha2::{Digest, Sha256};

/// The first 16 bytes of a SHA-256.
pub type Key = [u8; 16];

/// The keys that a payment is found under. Of several payments under one key the ledger keeps the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Account, reference, C/D; absent without a reference.
    pub reference: Option<Key>,
    /// Account, amount, C/D and order; account, amount, C/D, paid second and content; or, for want of reference, order and
    /// time, account, amount, C/D and the body's hash.
    pub others: Vec<Key>,
}

/// The key of a payment with this reference; for one that is adopted later, too.
pub fn reference_key(bank_account: &str, reference_number: &str, trans_type: TransType) -> Key {
    key(b'r', trans_type, &[bank_account.as_bytes(), reference_number.as_bytes()])
}

/// What keys are made of.
pub(super) struct Marks<'a> {
    pub(super) bank_account: &'a str,
    pub(super) amount: Dong,
    pub(super) trans_type: TransType,
    pub(super) reference_number: Option<&'a str>,
    pub(super) order_id: Option<&'a str>,
    pub(super) named_time: Option<Timestamp>,
    pub(super) content: &'a str,
    pub(super) raw_sha256: &'a str,
}

impl Marks<'_> {
    /// Nothing but the body's hash tells it from another payment of the same amount.
    pub(super) fn only_the_body(&self) -> bool {
        self.reference_number.is_none() && self.order_id.is_none() && self.named_time.is_none()
    }

    pub(super) fn keys(&self) -> Keys {
        let of = |kind, parts: [&[u8]; 2]| {
            let amount = self.amount.0.to_be_bytes();
            key(kind, self.trans_type, &[self.bank_account.as_bytes(), &amount, parts[0], parts[1]])
        };
        let by_order = self.order_id.map(|order| of(b'o', [order.as_bytes(), b""]));
        let by_time = self.named_time.map(|at| of(b't', [&at.secs().to_be_bytes(), self.content.as_bytes()]));
        let by_body = self.only_the_body().then(|| of(b'b', [self.raw_sha256.as_bytes(), b""]));
        Keys {
            reference: self.reference_number.map(|number| reference_key(self.bank_account, number, self.trans_type)),
            others: by_order.into_iter().chain(by_time).chain(by_body).collect(),
        }
    }
}

impl Payment {
    /// The keys that its first notice had: those of [`super::keys`], to build the state again from the journal.
    pub fn keys(&self) -> Keys {
        let marks = Marks {
            bank_account: &self.bank_account,
            amount: self.amount,
            trans_type: self.trans_type,
            reference_number: self.reference_number.as_deref(),
            order_id: self.order_id.as_deref(),
            named_time: self.named_time(),
            content: &self.content,
            raw_sha256: &self.raw_sha256,
        };
        marks.keys()
    }

    fn named_time(&self) -> Option<Timestamp> {
        if self.flags.contains(&Flag::NoTime) {
            None
        } else if self.flags.contains(&Flag::FutureTime) {
            self.future_time
        } else {
            Some(self.paid_at)
        }
    }
}

/// Each part goes in with its length, so that no two lists of parts are the same bytes.
fn key(kind: u8, trans_type: TransType, parts: &[&[u8]]) -> Key {
    let trans_type = match trans_type {
        TransType::Credit => b'C',
        TransType::Debit => b'D',
    };
    let mut hash = Sha256::new();
    hash.update([kind, trans_type]);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut key = Key::default();
    key.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks<'a>() -> Marks<'a> {
        Marks {
            bank_account: "12",
            amount: Dong(25_000),
            trans_type: TransType::Credit,
            reference_number: Some("34"),
            order_id: Some("A1"),
            named_time: Some(Timestamp::from_secs(1_725_175_800)),
            content: "x",
            raw_sha256: "00",
        }
    }

    #[test]
    fn parts_that_run_together_are_still_different_keys() {
        let credit = TransType::Credit;
        assert_ne!(reference_key("12", "34", credit), reference_key("123", "4", credit));
        assert_ne!(reference_key("12", "34", credit), reference_key("1", "234", credit));
        assert_ne!(reference_key("12", "34", credit), reference_key("12", "34", TransType::Debit));
    }

    #[test]
    fn each_part_of_a_key_counts() {
        let base = marks().keys();
        let others = [
            Marks { bank_account: "13", ..marks() },
            Marks { amount: Dong(25_001), ..marks() },
            Marks { trans_type: TransType::Debit, ..marks() },
        ];
        for other in others {
            let other = other.keys();
            assert!(base.others.iter().zip(&other.others).all(|(a, b)| a != b));
        }
        let order = Marks { order_id: Some("A2"), ..marks() }.keys();
        assert!(order.others[0] != base.others[0] && order.others[1] == base.others[1]);
        let content = Marks { content: "y", ..marks() }.keys();
        assert!(content.others[0] == base.others[0] && content.others[1] != base.others[1]);
    }

    #[test]
    fn a_time_counts_by_its_second() {
        let later =
            |ms: i64| Marks { named_time: Some(Timestamp::from_millis(1_725_175_800_000 + ms)), ..marks() }.keys();
        assert_eq!(later(0), later(999));
        assert_ne!(later(0), later(1000));
    }

    #[test]
    fn the_body_counts_only_where_nothing_else_tells() {
        let bare = || Marks { reference_number: None, order_id: None, named_time: None, ..marks() };
        assert_eq!(bare().keys().others.len(), 1);
        assert_ne!(bare().keys(), Marks { raw_sha256: "01", ..bare() }.keys());
        assert_eq!(Marks { raw_sha256: "01", ..marks() }.keys(), marks().keys());
        assert!(Marks { reference_number: Some("34"), ..bare() }.keys().others.is_empty());
    }

    /// State on disk is found by these bytes: other values here need another version of the state.
    #[test]
    fn keys_never_change() {
        let bare = Marks { reference_number: None, order_id: None, named_time: None, ..marks() }.keys();
        let keys = marks().keys();
        let all: Vec<String> = keys.reference.iter().chain(&keys.others).chain(&bare.others).map(hex::encode).collect();
        assert_eq!(
            all,
            [
                "1fd09fca052107d31bee2fddd92c99e3",
                "ae71d95adf054245d90b2c68d9971bab",
                "f16a0e9bd433424c2f2fd0f72081ac81",
                "d54f74d1d48d5432ca32617ddab70cd2",
            ]
        );
    }
}
