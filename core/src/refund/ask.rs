//! A request for a refund as its JSON says it (DESIGN 3.4): every wrong field is named.

mod entries;

use super::{Fingerprint, Member, members::Members};
use crate::{payment::PaymentId, provider::form::Form};
use entries::Entries;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// The most characters of a reason.
const REASON_MAX: usize = 200;
/// The most characters of a request id, an operator, a reference.
const NAME_MAX: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The caller's id.
    pub request_id: String,
    /// Its provider's table.
    pub form: &'static Form,
    /// Which payment.
    pub target: Target,
    /// How much, in đồng or minor units of [`Ask::currency`].
    pub amount: u64,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub operator: String,
    /// Their PIN, if one came.
    pub pin: Option<Pin>,
    /// Several refunds of this payment are to be allowed.
    pub multi_times: bool,
}

/// Which payment is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By what names it at its provider: the members of its [`Form`], in that order.
    Named(Vec<(&'static str, Member)>),
    /// By its id here.
    Payment(PaymentId),
}

impl Target {
    /// A member that is text; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        match self {
            Target::Named(members) => members.iter().find_map(|(known, member)| match member {
                Member::Text(text) if *known == name => Some(text.as_str()),
                _ => None,
            }),
            Target::Payment(_) => None,
        }
        .unwrap_or_default()
    }

    /// All that names the payment, for the fingerprint, each part with its name.
    fn parts(&self) -> Vec<String> {
        match self {
            Target::Named(members) => members
                .iter()
                .flat_map(|(name, member)| {
                    let value = match member {
                        Member::Text(text) => text.clone(),
                        Member::Amount(amount) => amount.to_string(),
                    };
                    [(*name).to_owned(), value]
                })
                .collect(),
            Target::Payment(id) => vec!["payment".to_owned(), id.to_string()],
        }
    }
}

/// An operator's PIN: never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(pub String);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// A field that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Its name.
    pub field: String,
    /// What was expected; never what came.
    pub expected: String,
}

/// A body that is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Not one JSON object: 400.
    #[error("body: expected one JSON object in UTF-8, each member once")]
    Malformed,
    /// Fields that are not as expected, all of them: 400.
    #[error("{}", .0.iter().map(|f| format!("{}: expected {}", f.field, f.expected)).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldError>),
}

impl Ask {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`AskError`], naming every wrong field.
    pub fn from_json(body: &[u8]) -> Result<Ask, AskError> {
        let Members(members) = crate::json::from_bytes(body).map_err(|_| AskError::Malformed)?;
        Ask::from_members(members)
    }

    /// Reads the members of a body, or the claims of a signed message that speak of the refund (`request_id` for `jti`).
    ///
    /// # Errors
    /// [`AskError`], naming every wrong field.
    pub fn from_members(members: Vec<(String, Value)>) -> Result<Ask, AskError> {
        let mut entries = Entries::new(members);
        let form = entries.provider();
        let request_id = entries.text("request_id", &format!("1 to {NAME_MAX} of A-Z a-z 0-9 . _ -"), |text| {
            (1..=NAME_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        let target = entries.target(form);
        let currency = entries.currency(form);
        let amount = entries.amount("amount", form);
        let reason = entries.text("reason", &format!("1 to {REASON_MAX} characters, no control characters"), |text| {
            is_line(text, REASON_MAX)
        });
        let operator =
            entries.text("operator", &format!("1 to {NAME_MAX} characters, no control characters"), |text| {
                is_line(text, NAME_MAX)
            });
        let pin = entries.pin();
        let multi_times = form.is_none_or(|form| form.ledger) && entries.flag("multi_times");
        entries.leftovers();
        match (form, request_id, target, amount, currency, reason, operator, entries.wrong.is_empty()) {
            (
                Some(form),
                Some(request_id),
                Some(target),
                Some(amount),
                Some(currency),
                Some(reason),
                Some(operator),
                true,
            ) => Ok(Ask { request_id, form, target, amount, currency, reason, operator, pin, multi_times }),
            _ => Err(AskError::Fields(entries.wrong)),
        }
    }

    /// What tells a repeat from a conflict: all but PIN and operator.
    pub fn fingerprint(&self) -> Fingerprint {
        let payment = self.target.parts();
        let amount = self.amount.to_string();
        let multi = if self.multi_times { "1" } else { "0" };
        let mut hash = Sha256::new();
        let parts = [self.form.name].into_iter().chain(payment.iter().map(String::as_str));
        for part in parts.chain(["", &*amount, &self.currency, &self.reason, multi]) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut text = hex::encode(hash.finalize());
        text.truncate(32);
        Fingerprint(text)
    }
}

/// A line of text for people.
fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}
