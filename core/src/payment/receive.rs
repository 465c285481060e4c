//! When a notice is a payment, a repeat of one, or nothing to be booked.
//!
//! The key of a payment is account + reference + C/D. Without a reference, equal account, amount and (order, or paid second and
//! content) is the same payment through any door, and a reference that comes later is adopted.

use super::{Age, Payment, PaymentId, Source};
use crate::{event::Reason, money::Dong, time::Timestamp, wire::BalanceChange};

/// A notice with what its envelope told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// What it says.
    pub change: BalanceChange,
    /// Code of the terminal whose topic or callback brought it.
    pub terminal: String,
    /// Through which door.
    pub source: Source,
    /// By this device's clock.
    pub received_at: Timestamp,
    /// MQTT DUP.
    pub redelivered: bool,
    /// MQTT RETAIN.
    pub retained: bool,
    /// SHA-256 of the body, lower hex.
    pub raw_sha256: String,
}

/// A payment in the ledger that may be the one that a notice speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub id: PaymentId,
    /// How much it was booked with.
    pub amount: Dong,
}

/// What the ledger knows, as far as this notice needs it.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The configured accounts.
    pub accounts: Vec<String>,
    /// The account of the terminal.
    pub terminal_account: Option<String>,
    /// The payment under [`Keys::reference`].
    pub by_reference: Option<Known>,
    /// The first payment under any of [`Keys::others`], whether or not it has a reference.
    pub by_other: Option<Known>,
    /// The first payment under any of [`Keys::others`] that has no reference yet.
    pub without_reference: Option<Known>,
    /// Time of the oldest line held; `None` while nothing was ever dropped.
    pub oldest_line: Option<Timestamp>,
    /// Up to this age a payment is fresh, in seconds.
    pub fresh_s: u64,
    /// Up to this age it is told with its time, in seconds.
    pub late_s: u64,
}

/// What becomes of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Booked: money in, or (transType D) money out.
    Booked(Payment),
    /// Already booked.
    Repeat {
        /// As this payment.
        of: PaymentId,
        /// It brings the reference that was missing.
        adopt: Option<String>,
    },
    /// Not booked.
    Quarantined {
        /// Why.
        reason: Reason,
        /// What was expected, for people.
        detail: String,
    },
}

/// The keys that a payment is found under: the ledger stores each of them as the 16 first bytes of a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Account, reference, C/D; absent without a reference.
    pub reference: Option<[u8; 16]>,
    /// Account, amount, C/D and order; account, amount, C/D, paid second and content.
    pub others: Vec<[u8; 16]>,
}

/// The keys of a notice. They need its account, so `None` where it names none and its terminal has none.
pub fn keys(_notice: &Notice, _facts: &Facts) -> Option<Keys> {
    todo!("payment rule")
}

/// Decides what becomes of a notice.
pub fn receive(_notice: &Notice, _facts: &Facts) -> Receipt {
    let _ = Age::Fresh;
    todo!("payment rule")
}
