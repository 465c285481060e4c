//! A request for a refund as its JSON says it (DESIGN 3.4): every wrong field is named.

use super::{Fingerprint, members::Members};
use crate::{money::MAX_AMOUNT, payment::PaymentId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// The most characters of a reason.
const REASON_MAX: usize = 200;
/// The most characters of a request id, an operator, a reference.
const NAME_MAX: usize = 64;
/// More members than any form has.
const MEMBERS_MAX: usize = 32;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The caller's id.
    pub request_id: String,
    /// Which payment.
    pub target: Target,
    /// How much, in đồng.
    pub amount: u64,
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
    /// By the bank's reference.
    Original {
        /// The shop's account.
        bank_account: String,
        /// The bank's reference.
        reference_number: String,
    },
    /// By its id here.
    Payment(PaymentId),
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
    /// A provider that is not set up: 422.
    #[error("provider: {0} is not configured")]
    Provider(&'static str),
}

impl Ask {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`AskError`], naming every wrong field.
    pub fn from_json(body: &[u8]) -> Result<Ask, AskError> {
        let Members(members) = serde_json::from_slice(body).map_err(|_| AskError::Malformed)?;
        Ask::from_members(members)
    }

    /// Reads the members of a body, or the claims of a signed message that speak of the refund (`request_id` for `jti`).
    ///
    /// # Errors
    /// [`AskError`], naming every wrong field.
    pub fn from_members(members: Vec<(String, Value)>) -> Result<Ask, AskError> {
        let mut form = Form { members, wrong: Vec::new() };
        match form.take("provider") {
            Some(Value::String(name)) if name == "vietqr" => {}
            Some(Value::String(name)) if name == "vnpay" => return Err(AskError::Provider("vnpay")),
            Some(Value::String(name)) if name == "qfpay" => return Err(AskError::Provider("qfpay")),
            _ => form.wrong("provider", "one of vietqr, vnpay, qfpay"),
        }
        let request_id = form.text("request_id", &format!("1 to {NAME_MAX} of A-Z a-z 0-9 . _ -"), |text| {
            (1..=NAME_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        let target = form.target();
        let amount = form.amount();
        let reason = form.text("reason", &format!("1 to {REASON_MAX} characters, no control characters"), |text| {
            is_line(text, REASON_MAX)
        });
        let operator = form.text("operator", &format!("1 to {NAME_MAX} characters, no control characters"), |text| {
            is_line(text, NAME_MAX)
        });
        let pin = form.pin();
        let multi_times = form.flag("multi_times");
        form.leftovers();
        match (request_id, target, amount, reason, operator, form.wrong.is_empty()) {
            (Some(request_id), Some(target), Some(amount), Some(reason), Some(operator), true) => {
                Ok(Ask { request_id, target, amount, reason, operator, pin, multi_times })
            }
            _ => Err(AskError::Fields(form.wrong)),
        }
    }

    /// What tells a repeat from a conflict: all but PIN and operator.
    pub fn fingerprint(&self) -> Fingerprint {
        let (kind, first, second) = match &self.target {
            Target::Original { bank_account, reference_number } => {
                ("o", bank_account.clone(), reference_number.as_str())
            }
            Target::Payment(id) => ("p", id.to_string(), ""),
        };
        let amount = self.amount.to_string();
        let multi = if self.multi_times { "1" } else { "0" };
        let mut hash = Sha256::new();
        for part in ["vietqr", kind, &first, second, &amount, "VND", &self.reason, multi] {
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

struct Form {
    members: Vec<(String, Value)>,
    wrong: Vec<FieldError>,
}

impl Form {
    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.swap_remove(at).1).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, field: &str, expected: &str) {
        self.wrong.push(FieldError { field: field.to_owned(), expected: expected.to_owned() });
    }

    fn text(&mut self, name: &str, expected: &str, right: impl Fn(&str) -> bool) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) if right(&text) => Some(text),
            _ => {
                self.wrong(name, expected);
                None
            }
        }
    }

    fn target(&mut self) -> Option<Target> {
        if let Some(value) = self.take("payment") {
            for name in ["bank_account", "reference_number"] {
                if self.take(name).is_some() {
                    self.wrong(name, "nothing, where payment is named");
                }
            }
            let id = value.as_str().and_then(|text| text.parse().ok());
            if id.is_none() {
                self.wrong("payment", "a payment's id, as p123");
            }
            return id.map(Target::Payment);
        }
        let bank_account = self.text("bank_account", "1 to 32 digits, or payment instead", |text| {
            (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        });
        let expected = format!("1 to {NAME_MAX} visible ASCII characters, or payment instead");
        let reference_number = self.text("reference_number", &expected, |text| {
            (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        });
        Some(Target::Original { bank_account: bank_account?, reference_number: reference_number? })
    }

    fn amount(&mut self) -> Option<u64> {
        let amount = self.take("amount").and_then(|value| value.as_u64()).filter(|n| (1..=MAX_AMOUNT).contains(n));
        if amount.is_none() {
            self.wrong("amount", &format!("a whole number of đồng from 1 to {MAX_AMOUNT}, not in quotes"));
        }
        amount
    }

    fn pin(&mut self) -> Option<Pin> {
        match self.take("pin") {
            None => None,
            Some(Value::String(pin)) if (1..=NAME_MAX).contains(&pin.len()) => Some(Pin(pin)),
            Some(_) => {
                self.wrong("pin", "text");
                None
            }
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.wrong(name, "true or false");
                false
            }
        }
    }

    /// A misspelt field must not be taken for an absent one.
    fn leftovers(&mut self) {
        let names: Vec<String> = self.members.iter().take(MEMBERS_MAX).map(|(name, _)| name.clone()).collect();
        for name in names {
            let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
            self.wrong(&name, "no field of this name");
        }
    }
}
