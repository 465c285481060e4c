//! What goes wrong with a call.

use crate::provider::{self, Does, Own, Role};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A call of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// api/token_generate (3.1)
    Token,
    /// api/transactions/check-order (3.4)
    CheckOrder,
    /// api/transaction/refund (3.5)
    Refund,
    /// whichever comes next
    Any,
}

impl provider::Call for Call {
    fn role(self) -> Role {
        match self {
            Call::Token => Role::Token,
            Call::CheckOrder => Role::LookUp,
            Call::Refund => Role::Refund,
            Call::Any => Role::Any,
        }
    }
}

provider::fault::faults! {
    /// E74 (token not valid), not processed
    #[value(name = "e74")]
    E74,
    /// E05 (unknown error), not processed
    #[value(name = "e05-before")]
    E05Before,
    /// E05 (unknown error), processed
    #[value(name = "e05-after")]
    E05After,
    /// E158 (a request is being processed), not processed
    #[value(name = "e158")]
    E158,
    /// E215 (the bank did not answer in time), not processed
    #[value(name = "e215-before")]
    E215Before,
    /// E215, processed
    #[value(name = "e215-after")]
    E215After,
    /// E215, and processed some time after that
    #[value(name = "e215-late")]
    E215Late,
    /// a check-order answer without refundCount and amountRefunded
    NoFigures,
}

impl Fault {
    /// The code that it answers; none: the right answer, changed.
    pub(super) fn code(self) -> Option<&'static str> {
        match self {
            Fault::E74 => Some("E74"),
            Fault::E05Before | Fault::E05After => Some("E05"),
            Fault::E158 => Some("E158"),
            Fault::E215Before | Fault::E215After | Fault::E215Late => Some("E215"),
            _ => None,
        }
    }
}

impl Own for Fault {
    fn own_does(self) -> Does {
        match self {
            Fault::E05After | Fault::E215After | Fault::NoFigures => Does::AtOnce,
            Fault::E215Late => Does::Late,
            _ => Does::Nothing,
        }
    }

    fn own_suits(self, call: Call) -> bool {
        match self {
            Fault::NoFigures => matches!(call, Call::CheckOrder | Call::Any),
            Fault::E74 | Fault::E05Before | Fault::E05After => call != Call::Token,
            _ => matches!(call, Call::Refund | Call::Any),
        }
    }
}
