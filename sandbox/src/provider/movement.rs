//! Money that went back. It is the witness of the tests: what is counted here is what really happened, whatever a caller was
//! told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Money that went back to a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// When it moved.
    pub at: DateTime<Utc>,
    /// Whose it was: the bank account (VietQR), the terminal code (VNPAY), the app code (QFPay).
    pub account: String,
    /// The payment: its reference (VietQR), `vnp_TxnRef` (VNPAY), its `syssn` (QFPay).
    pub reference: String,
    /// Đồng; with QFPay the currency's minor units.
    pub amount: u64,
    /// The provider's number of the refund.
    pub refund: String,
    /// The body of the request that moved it; none: it was made elsewhere.
    pub request: Option<String>,
}

/// What a provider knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement<T> {
    /// In the order in which they came.
    pub payments: Vec<T>,
    /// In the order in which they happened.
    pub movements: Vec<Movement>,
}

impl<T> Statement<T> {
    /// How often money of this payment moved.
    pub fn moved(&self, reference: &str) -> usize {
        self.movements.iter().filter(|movement| movement.reference == reference).count()
    }
}
