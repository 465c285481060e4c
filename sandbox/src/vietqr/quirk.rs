//! The forms that a balance change was seen in (5.6 and 11), and some that it must not have.

use super::bdsd::{Bdsd, vietnam_time};
use crate::json::{Fields, string};
use clap::ValueEnum;

/// One deviation from the plain message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Quirk {
    /// amount 25000.0, as in VietQR's sample
    FloatAmount,
    /// amount "25000"
    TextAmount,
    /// amount "25,000"
    CommaAmount,
    /// amount "*****", hidden by VietQR
    HiddenAmount,
    /// amount "25.000", which is no form of VietQR
    DottedAmount,
    /// amount 2.5e4, which is no form of VietQR
    ExponentAmount,
    /// amount 25000.5
    FractionAmount,
    /// amount -25000
    NegativeAmount,
    /// amount 0
    ZeroAmount,
    /// amount of 14 digits
    HugeAmount,
    /// status "1"
    TextStatus,
    /// status "SUCCESS"
    WordStatus,
    /// status "FAILED"
    FailedStatus,
    /// no status
    NoStatus,
    /// no bankAccount
    NoAccount,
    /// no referenceNumber
    NoReference,
    /// referenceNumber ""
    EmptyReference,
    /// no orderId, as in VietQR's sample
    NoOrder,
    /// orderId ""
    EmptyOrder,
    /// no content
    NoContent,
    /// no timePaid
    NoTime,
    /// timePaid in another form
    GarbledTime,
    /// timePaid tomorrow
    FutureTime,
    /// transType D: money out
    Debit,
    /// no transType
    NoTransType,
    /// transType X
    OddTransType,
    /// all keys in lower case, as in transaction-sync
    LowerCaseKeys,
    /// absent keys sent as null
    Nulls,
    /// keys that no document names
    UnknownKeys,
}

impl Quirk {
    pub(super) fn is_about_keys(self) -> bool {
        matches!(self, Quirk::LowerCaseKeys | Quirk::Nulls | Quirk::UnknownKeys)
    }

    pub(super) fn apply(self, bdsd: &Bdsd, fields: &mut Fields) {
        let amount = bdsd.amount;
        let (key, value) = match self {
            Quirk::FloatAmount => ("amount", Some(format!("{amount}.0"))),
            Quirk::TextAmount => ("amount", Some(string(&amount.to_string()))),
            Quirk::CommaAmount => ("amount", Some(string(&grouped(amount, ',')))),
            Quirk::HiddenAmount => ("amount", Some(string("*****"))),
            Quirk::DottedAmount => ("amount", Some(string(&grouped(amount, '.')))),
            Quirk::ExponentAmount => ("amount", Some(exponent(amount))),
            Quirk::FractionAmount => ("amount", Some(format!("{amount}.5"))),
            Quirk::NegativeAmount => ("amount", Some(format!("-{amount}"))),
            Quirk::ZeroAmount => ("amount", Some("0".to_string())),
            Quirk::HugeAmount => ("amount", Some("99999999999999".to_string())),
            Quirk::TextStatus => ("status", Some(string("1"))),
            Quirk::WordStatus => ("status", Some(string("SUCCESS"))),
            Quirk::FailedStatus => ("status", Some(string("FAILED"))),
            Quirk::NoStatus => ("status", None),
            Quirk::NoAccount => ("bankAccount", None),
            Quirk::NoReference => ("referenceNumber", None),
            Quirk::EmptyReference => ("referenceNumber", Some(string(""))),
            Quirk::NoOrder => ("orderId", None),
            Quirk::EmptyOrder => ("orderId", Some(string(""))),
            Quirk::NoContent => ("content", None),
            Quirk::NoTime => ("timePaid", None),
            Quirk::GarbledTime => ("timePaid", Some(string("yesterday, half past two"))),
            Quirk::FutureTime => ("timePaid", Some(string(&vietnam_time(bdsd.paid_at + chrono::TimeDelta::days(1))))),
            Quirk::Debit => ("transType", Some(string("D"))),
            Quirk::NoTransType => ("transType", None),
            Quirk::OddTransType => ("transType", Some(string("X"))),
            Quirk::LowerCaseKeys => return fields.lower_case_keys(),
            Quirk::Nulls => return fields.nulls_for_absent(),
            Quirk::UnknownKeys => {
                fields.set("terminalCode", Some(string(&bdsd.terminal)));
                ("subTerminal", Some(r#"{"code":"A1","tags":[1,null]}"#.to_string()))
            }
        };
        fields.set(key, value);
    }
}

/// The digits in groups of three.
fn grouped(amount: u64, separator: char) -> String {
    let digits = amount.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// As `2.5e4`.
fn exponent(amount: u64) -> String {
    let digits = amount.to_string();
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{}", digits.len() - 1)
}
