//! What a request for a refund says of a payment at a provider: a table. The reading of requests, the identity of a payment, the command
//! line and the OpenAPI document are all made from it, so that a further provider brings nothing but its table.

use std::{fmt, hash};

/// A provider's table.
pub struct Form {
    /// Its name in requests, events and the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The members that name a payment there, the one that only this provider has first.
    pub fields: &'static [Field],
    /// The two members of an original that are the same for every refund of a payment, and for no other payment.
    pub identity: [&'static str; 2],
    /// The member of an original that the configuration fills and no request has: what this device is called there, or which bank
    /// the account is of.
    pub own: &'static str,
    /// What its amounts are.
    pub money: Money,
    /// Its payments are in this ledger, by their `bank_account` and `reference_number`: `payment`, an id here, may stand for the fields, and
    /// several refunds of one payment can be allowed by `multi_times`.
    pub ledger: bool,
}

/// A member of a request that names a payment.
pub struct Field {
    /// Its name in requests and in an original.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What is expected of it, as an error says it.
    pub expected: &'static str,
    /// Its option of the command line, without the dashes.
    pub option: &'static str,
    /// What it is, for the command line and the OpenAPI document.
    pub help: &'static str,
}

impl Field {
    /// Whether a request without it is wrong, and a second refund of the payment has to say the same.
    pub fn required(&self) -> bool {
        !matches!(self.kind, Kind::Optional(_))
    }
}

/// What was paid, for providers whose payments the ledger does not know.
pub(super) const ORIGINAL_AMOUNT: Field = Field {
    name: "original_amount",
    kind: Kind::Paid,
    expected: "",
    option: "original-amount",
    help: "What was paid; a second refund of the payment has to say the same",
};

/// What a member holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Text for which this holds.
    Text(fn(&str) -> bool),
    /// The same, or nothing; it is not part of what a second refund has to say again.
    Optional(fn(&str) -> bool),
    /// The shop's account: text for which this holds, shown as its last four digits.
    Account(fn(&str) -> bool),
    /// What was paid, in the provider's money.
    Paid,
}

/// What a provider's amounts are, and the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// Whole đồng; the limits are those of `[refund]`.
    Dong {
        /// The most of one amount.
        most: u64,
    },
    /// Minor units of the request's `currency`; the limits are the provider's own.
    Minor {
        /// The most of one amount.
        most: u64,
    },
}

impl Money {
    /// The most of one amount.
    pub fn most(self) -> u64 {
        match self {
            Money::Dong { most } | Money::Minor { most } => most,
        }
    }

    /// What one of it is called.
    pub fn unit(self) -> &'static str {
        match self {
            Money::Dong { .. } => "đồng",
            Money::Minor { .. } => "minor units",
        }
    }
}

impl Form {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether a request names the currency of its amounts.
    pub fn names_currency(&self) -> bool {
        matches!(self.money, Money::Minor { .. })
    }

    /// The limits that its refunds count against: a section of the configuration.
    pub fn limits(&self) -> &'static str {
        match self.money {
            Money::Dong { .. } => "refund",
            Money::Minor { .. } => self.name,
        }
    }
}

/// A provider is its name.
impl PartialEq for Form {
    fn eq(&self, other: &Form) -> bool {
        self.name == other.name
    }
}

impl Eq for Form {}

impl hash::Hash for Form {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// 1 to `most` digits.
pub(super) fn digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// 1 to `most` visible ASCII characters.
pub(super) fn visible(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
