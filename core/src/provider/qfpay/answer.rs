//! Answers as they come: the signature over the raw bytes first, then a flat object of text or numbers (vnpay-qfpay.md 3.4, 3.6).

use super::{Merchant, Verify, sign};
use crate::{
    provider::Told,
    wire::fields::{Fields, Token},
};

/// What the signature of an answer is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The answer counts.
    Yes,
    /// It counts, and people should hear why it should not.
    Despite(String),
    /// It proves nothing.
    No(Told),
}

pub(super) fn trust(merchant: &Merchant, header: Option<&str>, body: &[u8]) -> Trust {
    let what = match header {
        _ if merchant.verify == Verify::Off => return Trust::Yes,
        Some(given) if sign::signs(merchant, body, given) => return Trust::Yes,
        Some(_) => "a wrong signature",
        None => "no signature",
    };
    if merchant.verify == Verify::Require {
        return Trust::No(Told::with("unsigned", what));
    }
    Trust::Despite(format!("an answer of QFPay has {what}; verify_answers = \"require\" would not take it"))
}

/// The text of a field, or a number as it is written. Outer `None` where it is something else.
pub(super) fn text(fields: &Fields<'_>, name: &str) -> Option<Option<String>> {
    match fields.token(name).ok()? {
        None => Some(None),
        Some(Token::Text(text)) => Some(Some(text)),
        Some(Token::Number(number)) => Some(Some(number.to_owned())),
        Some(Token::Other) => None,
    }
}

/// Four digits, also where it came as a number.
pub(super) fn code(fields: &Fields<'_>) -> Option<String> {
    let code = text(fields, "respcd")??;
    let digits = (1..=4).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| format!("{code:0>4}"))
}

/// A whole number of minor units.
pub(super) fn amount(fields: &Fields<'_>) -> Option<Option<u64>> {
    match text(fields, "txamt")? {
        None => Some(None),
        Some(text) => text.parse().ok().map(Some),
    }
}
