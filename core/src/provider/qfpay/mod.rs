//! QFPay's refund interface (vnpay-qfpay.md 3): `/trade/v1/refund` and the enquiry `/trade/v1/query`.
//!
//! `out_trade_no` names a refund: QFPay refuses one that was used, so every attempt of a refund bears the same one, and an enquiry by
//! it tells the refund's own state.

mod answer;
mod codes;
mod enquiry;
mod form;
mod lane;
mod refund;
mod sign;
#[cfg(test)]
mod tests;
mod time;

pub use codes::{CallClass, RowClass, call_class, row_class};
pub use form::FORM;
pub use lane::Qfpay;

use std::fmt;

/// Who asks, and how requests are signed.
#[derive(Clone)]
pub struct Merchant {
    /// `X-QF-APPCODE`.
    pub app_code: String,
    /// `mchid`, where one was issued: it is in every request then, and in none otherwise (vnpay-qfpay.md 3.3).
    pub mchid: Option<String>,
    /// The key of the signatures.
    pub client_key: Vec<u8>,
    /// How requests are signed.
    pub sign: SignType,
    /// What is made of the signatures of answers.
    pub verify: Verify,
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant").field("app_code", &self.app_code).field("sign", &self.sign).finish_non_exhaustive()
    }
}

/// The hash of a request's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignType {
    /// MD5, QFPay's default.
    Md5,
    /// SHA-256.
    Sha256,
}

/// What is made of the signature of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// It is not looked at.
    Off,
    /// A wrong or missing one is told to people.
    Log,
    /// An answer without a right one proves nothing.
    Require,
}

/// The largest amount: 11 digits (vnpay-qfpay.md 3.5), in minor units.
pub const AMOUNT_MAX: u64 = 99_999_999_999;
