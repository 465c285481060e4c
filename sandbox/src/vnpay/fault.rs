//! What goes wrong with a call.

use crate::provider::{self, Does, Own, Role};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A call of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// vnp_Command querydr (2.4)
    #[value(name = "querydr")]
    QueryDr,
    /// vnp_Command refund (2.2)
    Refund,
    /// whichever comes next
    Any,
}

impl provider::Call for Call {
    fn role(self) -> Role {
        match self {
            Call::QueryDr => Role::LookUp,
            Call::Refund => Role::Refund,
            Call::Any => Role::Any,
        }
    }
}

provider::fault::faults! {
    /// processed; one character of the answer's hash is another one
    CorruptHash,
    /// processed; the answer has no hash
    NoHash,
    /// processed; the answer's hash is in upper case, and right
    UpperCaseHash,
    /// processed; amount, dates and numbers of the answer are JSON numbers
    NumberFields,
    /// processed; the answer has further members, which are not in the hash
    ExtraFields,
    /// processed; the answer is signed and tells another amount
    WrongAmount,
    /// processed; the answer is signed and tells another vnp_TxnRef
    WrongReference,
    /// 99 (Unexpected error), not processed: always so where refunds are not switched on
    #[value(name = "99-before")]
    #[serde(rename = "99-before")]
    Error99Before,
    /// 99 (Unexpected error), processed
    #[value(name = "99-after")]
    #[serde(rename = "99-after")]
    Error99After,
    /// 98 (Timeout exception), not processed
    #[value(name = "98-before")]
    #[serde(rename = "98-before")]
    Error98Before,
    /// 98 (Timeout exception), processed
    #[value(name = "98-after")]
    #[serde(rename = "98-after")]
    Error98After,
    /// 94 (Request is duplicated) without a hash, not processed
    #[value(name = "94-duplicate-before")]
    #[serde(rename = "94-duplicate-before")]
    DuplicateBefore,
    /// 94 (Request is duplicated) without a hash, processed: something on the way sent the request twice
    #[value(name = "94-duplicate-after")]
    #[serde(rename = "94-duplicate-after")]
    DuplicateAfter,
    /// 94 in its documented sense, processed: a refund was asked for and VNPAY is processing it
    #[value(name = "94-processing")]
    #[serde(rename = "94-processing")]
    Processing,
    /// querydr tells of the payment although there is a refund
    PaymentRecord,
}

impl Own for Fault {
    fn own_does(self) -> Does {
        match self {
            Fault::Error99Before | Fault::Error98Before | Fault::DuplicateBefore | Fault::PaymentRecord => {
                Does::Nothing
            }
            _ => Does::AtOnce,
        }
    }

    fn own_suits(self, call: Call) -> bool {
        match self {
            Fault::PaymentRecord => matches!(call, Call::QueryDr | Call::Any),
            Fault::Error99After
            | Fault::Error98Before
            | Fault::Error98After
            | Fault::DuplicateAfter
            | Fault::Processing => {
                matches!(call, Call::Refund | Call::Any)
            }
            _ => true,
        }
    }
}
