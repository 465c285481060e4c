//! Providers: requests built and signed, answers classified. Pure; one folder a provider.
//!
//! What a provider's answer means is decided here, what follows from it in [`crate::refund`]. A lane drives any of them through
//! [`Provider`], and [`form::Form`] says what names a payment there: a further one is a folder here, its line in [`FORMS`], and its
//! section of the configuration.

mod ascii;
pub mod evidence;
pub mod form;
mod lane;
mod outcome;
pub mod qfpay;
pub mod vietqr;
pub mod vnpay;
mod wire;

pub use lane::{Looked, Moment, Provider, Purpose, Step};
pub use outcome::{LookUp, Outcome, Own};
pub use wire::{Call, Wire};

use form::Form;
use serde::{Deserialize, Serialize};

/// Every provider's table.
pub const FORMS: [&Form; 3] = [&vietqr::FORM, &vnpay::FORM, &qfpay::FORM];

/// The table of the provider with this name.
pub fn form(name: &str) -> Option<&'static Form> {
    FORMS.into_iter().find(|form| form.name == name)
}

/// A code, and the words that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// The provider's code, or ours for what happened on the wire (`not_sent`, `no_answer`, `http_503`, `unreadable`).
    pub code: String,
    /// The provider's words, at most [`MESSAGE_MAX`] characters, none of them a control character.
    pub message: Option<String>,
}

/// The most characters that are kept of a provider's words.
pub const MESSAGE_MAX: usize = 80;
/// The most characters that are kept of a provider's code.
pub const CODE_MAX: usize = 32;
/// The most characters that are kept of a provider's reference of a refund.
pub const REFERENCE_MAX: usize = 64;

impl Told {
    /// A code without words.
    pub fn code(code: impl Into<String>) -> Told {
        Told { code: name(&code.into(), CODE_MAX), message: None }
    }

    /// A code with words, cut to what is kept.
    pub fn with(code: impl Into<String>, message: &str) -> Told {
        let message = cut(message, MESSAGE_MAX);
        Told { message: (!message.is_empty()).then_some(message), ..Told::code(code) }
    }
}

/// A provider's name of something as far as it is kept: visible ASCII that JSON need not escape.
fn name(text: &str, most: usize) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).take(most).collect()
}

/// A provider's text as far as it is kept: of this many characters, none of them a control character.
fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(most).collect()
}

/// What was refunded of a payment, as its provider tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Figures {
    /// How many refunds.
    pub refund_count: u64,
    /// Their sum, in đồng or minor units.
    pub amount_refunded: u64,
}
