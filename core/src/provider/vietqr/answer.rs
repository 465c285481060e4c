//! Answers as they really come: an object or a list, numbers or text (vietqr.md 2 and 11).

use super::codes;
use crate::{
    provider::Told,
    wire::fields::{Fields, Token},
};
use serde_json::value::RawValue;

/// `{status, message}`, where a body is that.
pub(super) struct Verdict {
    pub(super) success: bool,
    pub(super) message: String,
}

impl Verdict {
    /// The E-code that the message begins with.
    pub(super) fn code(&self) -> Option<&str> {
        codes::prefix(&self.message)
    }
}

/// The objects of a body: itself, or the elements of a list. `None` where it is neither.
pub(super) fn objects(body: &[u8]) -> Option<Vec<&[u8]>> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if text.starts_with('{') {
        return Some(vec![text.as_bytes()]);
    }
    let list: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(list.into_iter().map(|raw| raw.get().as_bytes()).collect())
}

/// Reads `{status: SUCCESS | FAILED, message}`.
pub(super) fn verdict(object: &[u8]) -> Option<Verdict> {
    let fields = Fields::read(object, &["status", "message"]).ok()?;
    let status = fields.text("status").ok()??;
    let message = fields.text("message").ok()?.unwrap_or_default();
    let success = status.eq_ignore_ascii_case("SUCCESS");
    (success || status.eq_ignore_ascii_case("FAILED")).then_some(Verdict { success, message })
}

/// The only verdict in a body.
pub(super) fn only_verdict(body: &[u8]) -> Option<Verdict> {
    match objects(body)?.as_slice() {
        [object] => verdict(object),
        _ => None,
    }
}

/// What a failure says: its E-code, else the HTTP status.
pub(super) fn failure(status: u16, body: &[u8]) -> Told {
    match only_verdict(body) {
        Some(verdict) => {
            let code = verdict.code().map_or_else(|| format!("http_{status}"), str::to_owned);
            Told::with(code, &verdict.message)
        }
        None => Told::code(format!("http_{status}")),
    }
}

/// A whole number, zero included: `0`, `25000.0`, `"25000"` or `"25,000"`. No binary float touches it.
pub(super) fn whole(token: &Token<'_>) -> Option<u64> {
    let digits = match token {
        Token::Number(text) => match text.split_once('.') {
            Some((digits, fraction)) if fraction.bytes().all(|b| b == b'0') => digits.to_owned(),
            Some(_) => return None,
            None => (*text).to_owned(),
        },
        Token::Text(text) => text.replace(',', ""),
        Token::Other => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}
