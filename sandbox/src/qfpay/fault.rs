//! What goes wrong with a call.

use crate::provider::{self, Does, Own, Role};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A call of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// /trade/v1/query (3.7)
    Query,
    /// /trade/v1/refund (3.5)
    Refund,
    /// whichever comes next
    Any,
}

impl provider::Call for Call {
    fn role(self) -> Role {
        match self {
            Call::Query => Role::LookUp,
            Call::Refund => Role::Refund,
            Call::Any => Role::Any,
        }
    }
}

provider::fault::faults! {
    /// HTTP 429 (too many calls), not processed
    #[value(name = "429")]
    #[serde(rename = "429")]
    TooMany,
    /// processed; the answer's X-QF-SIGN is not that of its body
    WrongSignature,
    /// processed; the answer has no X-QF-SIGN
    NoSignature,
    /// processed; numbers are strings and strings are numbers
    TypeFlips,
    /// processed; the answer tells another amount
    WrongAmount,
    /// 1298 (network slow, confirm later), not processed
    #[value(name = "1298-before")]
    #[serde(rename = "1298-before")]
    Slow1298Before,
    /// 1298 (network slow, confirm later), processed
    #[value(name = "1298-after")]
    #[serde(rename = "1298-after")]
    Slow1298After,
    /// 1251 in its documented sense, a store that is being configured, not processed
    #[value(name = "1251-store")]
    #[serde(rename = "1251-store")]
    Store1251,
    /// query: data is empty although there is a row
    EmptyData,
    /// query: the payment's row comes with its refund's
    MixedRows,
    /// query: a second row with the refund's out_trade_no, which has failed
    TwoRows,
    /// query: a refund's row without origssn
    NoOrigssn,
    /// query: a refund's row whose origssn is null
    NullOrigssn,
    /// query: a refund's row whose syssn is empty
    EmptySyssn,
}

impl Own for Fault {
    fn own_does(self) -> Does {
        match self {
            Fault::TooMany | Fault::Slow1298Before | Fault::Store1251 | Fault::EmptyData => Does::Nothing,
            _ => Does::AtOnce,
        }
    }

    fn own_suits(self, call: Call) -> bool {
        match self {
            Fault::EmptyData
            | Fault::MixedRows
            | Fault::TwoRows
            | Fault::NoOrigssn
            | Fault::NullOrigssn
            | Fault::EmptySyssn => matches!(call, Call::Query | Call::Any),
            Fault::Slow1298After | Fault::Store1251 => matches!(call, Call::Refund | Call::Any),
            _ => true,
        }
    }
}
