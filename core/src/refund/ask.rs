//! A request for a refund as its JSON says it (DESIGN 3.4): every wrong field is named.

mod form;

use super::{Fingerprint, members::Members};
use crate::payment::PaymentId;
use form::Form;
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
    /// Which payment.
    pub target: Target,
    /// How much, in đồng or minor units of [`Ask::currency`].
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
    /// VNPAY's (vnpay-qfpay.md 2.2).
    Vnpay {
        /// `vnp_TxnRef`.
        txn_ref: String,
        /// `vnp_CreateDate` of the pay request, the same text.
        transaction_date: String,
        /// `vnp_TransactionNo`.
        transaction_no: Option<String>,
        /// What was paid, in đồng.
        original_amount: u64,
    },
    /// QFPay's (vnpay-qfpay.md 3.5).
    Qfpay {
        /// `syssn`.
        syssn: String,
        /// What was paid, in minor units.
        original_amount: u64,
        /// ISO 4217.
        currency: String,
    },
}

impl Target {
    /// All that names the payment, for the fingerprint. An absent part is empty.
    fn parts(&self) -> Vec<String> {
        match self {
            Target::Original { bank_account, reference_number } => {
                vec!["o".to_owned(), bank_account.clone(), reference_number.clone()]
            }
            Target::Payment(id) => vec!["p".to_owned(), id.to_string(), String::new()],
            Target::Vnpay { txn_ref, transaction_date, transaction_no, original_amount } => {
                let number = transaction_no.clone().unwrap_or_default();
                vec![txn_ref.clone(), transaction_date.clone(), number, original_amount.to_string()]
            }
            Target::Qfpay { syssn, original_amount, .. } => vec![syssn.clone(), original_amount.to_string()],
        }
    }

    /// The provider's name.
    pub fn provider(&self) -> &'static str {
        match self {
            Target::Original { .. } | Target::Payment(_) => "vietqr",
            Target::Vnpay { .. } => "vnpay",
            Target::Qfpay { .. } => "qfpay",
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
        let mut form = Form::new(members);
        let provider = form.provider();
        let request_id = form.text("request_id", &format!("1 to {NAME_MAX} of A-Z a-z 0-9 . _ -"), |text| {
            (1..=NAME_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        let (target, amount) = form.target(provider);
        let reason = form.text("reason", &format!("1 to {REASON_MAX} characters, no control characters"), |text| {
            is_line(text, REASON_MAX)
        });
        let operator = form.text("operator", &format!("1 to {NAME_MAX} characters, no control characters"), |text| {
            is_line(text, NAME_MAX)
        });
        let pin = form.pin();
        let multi_times = provider.is_none_or(|provider| provider == "vietqr") && form.flag("multi_times");
        form.leftovers();
        match (request_id, target, amount, reason, operator, form.wrong.is_empty()) {
            (Some(request_id), Some(target), Some(amount), Some(reason), Some(operator), true) => {
                Ok(Ask { request_id, target, amount, reason, operator, pin, multi_times })
            }
            _ => Err(AskError::Fields(form.wrong)),
        }
    }

    /// ISO 4217.
    pub fn currency(&self) -> &str {
        match &self.target {
            Target::Qfpay { currency, .. } => currency,
            Target::Original { .. } | Target::Payment(_) | Target::Vnpay { .. } => "VND",
        }
    }

    /// What tells a repeat from a conflict: all but PIN and operator.
    pub fn fingerprint(&self) -> Fingerprint {
        let payment = self.target.parts();
        let amount = self.amount.to_string();
        let multi = if self.multi_times { "1" } else { "0" };
        let mut hash = Sha256::new();
        let parts = [self.target.provider()].into_iter().chain(payment.iter().map(String::as_str));
        for part in parts.chain([&*amount, self.currency(), &self.reason, multi]) {
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
