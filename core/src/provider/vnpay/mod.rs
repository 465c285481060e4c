//! VNPAY's refund interface, version 2.1.0 (vnpay-qfpay.md 2): `refund` and `querydr` at one address.
//!
//! There is no look-up by our own id: `querydr` tells one record of a payment, which may be the payment itself. An answer counts
//! only with a right hash; an unsigned or wrongly signed one proves nothing, whatever it says.

mod answer;
mod fields;
mod form;
mod lane;
mod query;
mod refund;
mod request;
#[cfg(test)]
mod tests;
mod time;

pub use form::FORM;
pub use lane::Vnpay;
pub use time::is_time;

use std::fmt;

/// Who asks, and the key of the hashes.
#[derive(Clone)]
pub struct Terminal {
    /// `vnp_TmnCode`.
    pub tmn_code: String,
    /// The "HashSecret", used as its bytes.
    pub hash_secret: Vec<u8>,
    /// `vnp_IpAddr`: the address that calls come from.
    pub ip: String,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("tmn_code", &self.tmn_code).field("ip", &self.ip).finish_non_exhaustive()
    }
}

/// The largest amount: 12 digits of hundredths (vnpay-qfpay.md 2.2), in đồng.
pub const AMOUNT_MAX: u64 = 9_999_999_999;
