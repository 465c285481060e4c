//! The payment that money is given back for, as its provider names it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What names a payment at its provider, with what the provider wants to hear of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "provider")]
pub enum Original {
    /// vietqr.md 3.5.
    #[serde(rename = "vietqr")]
    VietQr {
        /// The shop's account, whole.
        bank_account: String,
        /// Short name of its bank, as `MB`.
        bank_code: String,
        /// The bank's reference of the payment.
        reference_number: String,
    },
    /// vnpay-qfpay.md 2.2.
    Vnpay {
        /// `vnp_TmnCode`.
        tmn_code: String,
        /// `vnp_TxnRef` of the payment.
        txn_ref: String,
        /// `vnp_CreateDate` of the pay request, the same text.
        transaction_date: String,
        /// `vnp_TransactionNo` of the payment.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        transaction_no: Option<String>,
        /// What was paid, in đồng.
        original_amount: u64,
    },
    /// vnpay-qfpay.md 3.
    Qfpay {
        /// `X-QF-APPCODE`.
        app_code: String,
        /// `syssn` of the payment.
        syssn: String,
        /// What was paid, in minor units.
        original_amount: u64,
    },
}

/// Equal for two requests that speak of the same payment, whatever else they say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

impl Original {
    /// The provider's name, as in requests.
    pub fn provider(&self) -> &'static str {
        match self {
            Original::VietQr { .. } => "vietqr",
            Original::Vnpay { .. } => "vnpay",
            Original::Qfpay { .. } => "qfpay",
        }
    }

    /// What one refund in flight and the sums are counted by: (vietqr, account, reference), (vnpay, tmn_code, txn_ref) or
    /// (qfpay, app_code, syssn).
    pub fn identity(&self) -> Identity {
        let (owner, name) = match self {
            Original::VietQr { bank_account, reference_number, .. } => (bank_account, reference_number),
            Original::Vnpay { tmn_code, txn_ref, .. } => (tmn_code, txn_ref),
            Original::Qfpay { app_code, syssn, .. } => (app_code, syssn),
        };
        let mut hash = Sha256::new();
        for part in [self.provider(), owner, name] {
            // Each part with its length, so that no two lists of parts are the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut identity = [0; 16];
        identity.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Identity(identity)
    }

    /// Whether two requests for the same payment tell different things of it: the second is refused.
    pub fn contradicts(&self, other: &Original) -> bool {
        match (self, other) {
            (
                Original::Vnpay { transaction_date: a, original_amount: x, .. },
                Original::Vnpay { transaction_date: b, original_amount: y, .. },
            ) => (a, x) != (b, y),
            (Original::Qfpay { original_amount: x, .. }, Original::Qfpay { original_amount: y, .. }) => x != y,
            _ => false,
        }
    }

    /// What was paid, where the request itself tells it.
    pub fn told_amount(&self) -> Option<u64> {
        match self {
            Original::VietQr { .. } => None,
            Original::Vnpay { original_amount, .. } | Original::Qfpay { original_amount, .. } => Some(*original_amount),
        }
    }
}
