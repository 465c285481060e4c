//! What goes wrong with a call: the same for every provider as far as it is about the line, and a provider's own.

use clap::ValueEnum;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It brings what the other calls need.
    Token,
    /// It asks what is known.
    LookUp,
    /// It gives money back.
    Refund,
    /// Not a call but whichever comes next.
    Any,
}

/// The calls of a provider.
pub trait Call: ValueEnum + Display + Debug + Copy + Eq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is for.
    fn role(self) -> Role;
}

/// Whether and when a call is processed. "Processed" means that the call did what it is for: with a refund, money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Never.
    Nothing,
    /// Before the answer.
    AtOnce,
    /// Some time after the connection is closed or answered.
    Late,
}

/// What the caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A reset before TLS.
    Reset,
    /// A reset after the handshake of TLS.
    ResetAfterTls,
    /// The end of the connection.
    Nothing,
    /// The right answer.
    Right,
    /// The right answer, too late.
    RightButLate,
    /// The right answer, a byte at a time.
    RightButSlow,
    /// Half of the right answer's head.
    HalfHeader,
    /// The head, and half of the right answer's body.
    HalfBody,
    /// HTTP 500 with a web page.
    Status500,
    /// HTTP 200 with a web page.
    Garbage,
    /// HTTP 307 to the same address.
    RedirectToItself,
    /// What the provider makes of it.
    Own,
}

/// The faults of a provider: made by `faults!`.
pub trait Fault:
    ValueEnum + Display + Debug + Copy + Eq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The calls that meet it.
    type Call: Call;

    /// What becomes of the call, and what the caller hears.
    fn plan(self) -> (Does, Says);

    /// Whether this call can go wrong in this way.
    fn suits(self, call: Self::Call) -> bool;

    /// Whether it strikes before the call can be read.
    fn is_of_the_connection(self) -> bool {
        matches!(self.plan().1, Says::Reset | Says::ResetAfterTls)
    }
}

/// What a provider says of the faults that only it has.
pub trait Own: Fault {
    /// Whether the call is processed.
    fn own_does(self) -> Does;

    /// Whether the call can go wrong in this way.
    fn own_suits(self, call: Self::Call) -> bool;
}

/// Makes `Fault`: what can go wrong with every provider, then what only this one does. `Call` is the provider's.
macro_rules! faults {
    ($($(#[$meta:meta])* $own:ident),* $(,)?) => {
        /// One thing that goes wrong. "Processed" means that the call did what it is for: with a refund, money moved.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
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
            /// processed; the head and half of the answer's body, then closed
            HalfBody,
            /// processed; the head at once, the body byte by byte
            SlowBody,
            $($(#[$meta])* $own,)*
        }

        impl $crate::provider::Fault for Fault {
            type Call = Call;

            fn plan(self) -> ($crate::provider::Does, $crate::provider::Says) {
                use $crate::provider::{Does, Own, Says};
                match self {
                    Fault::Refuse => (Does::Nothing, Says::Reset),
                    Fault::CloseBeforeReading => (Does::Nothing, Says::ResetAfterTls),
                    Fault::ReadAndClose => (Does::Nothing, Says::Nothing),
                    Fault::ProcessAndClose => (Does::AtOnce, Says::Nothing),
                    Fault::AnswerLate => (Does::AtOnce, Says::RightButLate),
                    Fault::ExecuteLate => (Does::Late, Says::Nothing),
                    Fault::Error500Before => (Does::Nothing, Says::Status500),
                    Fault::Error500After => (Does::AtOnce, Says::Status500),
                    Fault::GarbageBefore => (Does::Nothing, Says::Garbage),
                    Fault::GarbageAfter => (Does::AtOnce, Says::Garbage),
                    Fault::Redirect => (Does::Nothing, Says::RedirectToItself),
                    Fault::HalfHeader => (Does::AtOnce, Says::HalfHeader),
                    Fault::HalfBody => (Does::AtOnce, Says::HalfBody),
                    Fault::SlowBody => (Does::AtOnce, Says::RightButSlow),
                    own => (own.own_does(), Says::Own),
                }
            }

            fn suits(self, call: Call) -> bool {
                Fault::suits(self, call)
            }
        }

        impl Fault {
            /// Whether the answer to `call` can go wrong in this way.
            pub fn suits(self, call: Call) -> bool {
                use $crate::provider::{Call as _, Fault as _, Own, Role, Says};
                match self {
                    Fault::ExecuteLate => matches!(call.role(), Role::Refund | Role::Any),
                    _ if self.plan().1 != Says::Own => true,
                    own => own.own_suits(call),
                }
            }
        }

        $crate::provider::fault::named!(Call, Fault);
    };
}

/// Shows a value by its name on the command line.
macro_rules! named {
    ($($type:ty),*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(clap::ValueEnum::to_possible_value(self).as_ref().map_or("", |value| value.get_name()))
            }
        }
    )*};
}

pub(crate) use {faults, named};
