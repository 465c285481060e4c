//! Payments: what one is, and when a notice is one (DESIGN 3.3).

mod keys;
mod receive;
#[cfg(test)]
mod tests;

use crate::{event::Event, money::Dong, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

pub use keys::{Key, Keys, reference_key};
pub use receive::{Facts, Known, Notice, Receipt, keys, receive};

/// A payment's name here: the sequence number of the event that booked it, written `p123`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaymentId(pub u64);

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p{}", self.0)
    }
}

/// Text that is not `p` and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payment's id is 'p' and a number, as p123")]
pub struct NotAPaymentId;

impl FromStr for PaymentId {
    type Err = NotAPaymentId;

    fn from_str(text: &str) -> Result<PaymentId, NotAPaymentId> {
        let digits = text.strip_prefix('p').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or(NotAPaymentId)?;
        digits.parse().map(PaymentId).map_err(|_| NotAPaymentId)
    }
}

impl Serialize for PaymentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PaymentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<PaymentId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Money in or money out, seen from the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TransType {
    /// Credit: money in.
    #[serde(rename = "C")]
    Credit,
    /// Debit: money out. Never announced, matched or counted as income.
    #[serde(rename = "D")]
    Debit,
}

/// The door a notice came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// MQTT, `vietqr/bdsd/{code}`.
    Bdsd,
    /// VietQR's HTTP callback.
    Callback,
    /// A look-up at VietQR.
    Lookup,
}

/// What was unusual about a notice that was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// It carried no bank reference.
    NoReference,
    /// It carried no account; it was taken as the terminal's own.
    NoAccount,
    /// It carried no time, or one that can not be read; the time of receipt stands for it.
    NoTime,
    /// Its time lies in the future; the time of receipt stands for it.
    FutureTime,
    /// The broker delivered it again (MQTT DUP).
    Redelivered,
    /// The broker had kept it (MQTT RETAIN).
    Retained,
}

/// How old a payment was when its notice came; it decides how it is said (voice.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// At most `fresh_s` (2 minutes).
    Fresh,
    /// At most `late_s` (15 minutes): said with its time.
    Late,
    /// Older, or of unknown age: said in a summary.
    Old,
}

/// A payment as it was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Code of the terminal whose topic or callback brought it.
    pub terminal: String,
    /// Account it went to (or from), whole.
    pub bank_account: String,
    /// The bank's reference.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference_number: Option<String>,
    /// Money in or out.
    pub trans_type: TransType,
    /// How much, in đồng.
    pub amount: Dong,
    /// The bill it names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_id: Option<String>,
    /// The bank's text.
    pub content: String,
    /// When it was paid, by the bank's clock (or the time of receipt, see the flags).
    pub paid_at: Timestamp,
    /// The time that its notice named, where that was in the future (see the flags): repeats are known by it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub future_time: Option<Timestamp>,
    /// When its notice reached this device.
    pub received_at: Timestamp,
    /// Through which door.
    pub source: Source,
    /// What was unusual.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub flags: Vec<Flag>,
    /// How old it was at receipt.
    pub age: Age,
    /// SHA-256 of the notice's body, lower hex; the body lies in `raw/`.
    pub raw_sha256: String,
}

impl Payment {
    /// The event that books it: only money in is `payment.received`.
    pub fn into_event(self) -> Event {
        match self.trans_type {
            TransType::Credit => Event::PaymentReceived(self),
            TransType::Debit => Event::PaymentDebited(self),
        }
    }
}
