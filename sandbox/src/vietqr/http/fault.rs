//! What goes wrong with a call.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// One thing that goes wrong. "Processed" means that the call did what it is for: with a refund, money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// the connection is reset before TLS: not a byte of the call was written
    Refuse,
    /// the connection is reset after the TLS handshake, nothing is read
    CloseBeforeReading,
    /// the call is read and not processed, the connection is closed
    ReadAndClose,
    /// processed, then closed without an answer
    ProcessAndClose,
    /// processed at once, the answer comes too late
    AnswerLate,
    /// read, closed, and processed some time after that
    ExecuteLate,
    /// HTTP 500, not processed
    #[value(name = "500-before")]
    #[serde(rename = "500-before")]
    Error500Before,
    /// HTTP 500, processed
    #[value(name = "500-after")]
    #[serde(rename = "500-after")]
    Error500After,
    /// HTTP 200 with a web page, not processed, as a captive portal answers
    GarbageBefore,
    /// HTTP 200 with a web page, processed
    GarbageAfter,
    /// HTTP 307 to the same address, not processed: a client that follows calls again
    Redirect,
    /// processed; half of the answer's head, then closed
    HalfHeader,
    /// processed; the head at once, the body byte by byte
    SlowBody,
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

/// Whether and when a call is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    Nothing,
    AtOnce,
    Late,
}

/// What the caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Right,
    RightButLate,
    RightButSlow,
    WithoutFigures,
    HalfHeader,
    Nothing,
    Status500,
    Garbage,
    RedirectToItself,
    Code(&'static str),
}

impl Fault {
    /// Whether it strikes before the call can be read.
    pub(super) fn is_of_the_connection(self) -> bool {
        matches!(self, Fault::Refuse | Fault::CloseBeforeReading)
    }

    pub(super) fn plan(self) -> (Does, Says) {
        match self {
            Fault::Refuse | Fault::CloseBeforeReading | Fault::ReadAndClose => (Does::Nothing, Says::Nothing),
            Fault::ProcessAndClose => (Does::AtOnce, Says::Nothing),
            Fault::AnswerLate => (Does::AtOnce, Says::RightButLate),
            Fault::ExecuteLate => (Does::Late, Says::Nothing),
            Fault::Error500Before => (Does::Nothing, Says::Status500),
            Fault::Error500After => (Does::AtOnce, Says::Status500),
            Fault::GarbageBefore => (Does::Nothing, Says::Garbage),
            Fault::GarbageAfter => (Does::AtOnce, Says::Garbage),
            Fault::Redirect => (Does::Nothing, Says::RedirectToItself),
            Fault::HalfHeader => (Does::AtOnce, Says::HalfHeader),
            Fault::SlowBody => (Does::AtOnce, Says::RightButSlow),
            Fault::E74 => (Does::Nothing, Says::Code("E74")),
            Fault::E05Before => (Does::Nothing, Says::Code("E05")),
            Fault::E05After => (Does::AtOnce, Says::Code("E05")),
            Fault::E158 => (Does::Nothing, Says::Code("E158")),
            Fault::E215Before => (Does::Nothing, Says::Code("E215")),
            Fault::E215After => (Does::AtOnce, Says::Code("E215")),
            Fault::E215Late => (Does::Late, Says::Code("E215")),
            Fault::NoFigures => (Does::AtOnce, Says::WithoutFigures),
        }
    }

    /// Whether VietQR's answer to `call` can go wrong in this way.
    pub fn suits(self, call: Call) -> bool {
        match self {
            Fault::NoFigures => matches!(call, Call::CheckOrder | Call::Any),
            Fault::E74 | Fault::E05Before | Fault::E05After => call != Call::Token,
            Fault::E158 | Fault::E215Before | Fault::E215After | Fault::E215Late | Fault::ExecuteLate => {
                matches!(call, Call::Refund | Call::Any)
            }
            _ => true,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}
