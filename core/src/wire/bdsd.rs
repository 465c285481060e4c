//! `vietqr/bdsd/{code}`: a balance change (vietqr.md 5.6), with the quirks of section 11.

use crate::{event::Reason, money::Dong, payment::TransType, time::Timestamp};

/// A balance change that could be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// `bankAccount`.
    pub bank_account: Option<String>,
    /// `amount`, positive.
    pub amount: Dong,
    /// `transType`.
    pub trans_type: TransType,
    /// `referenceNumber`; empty is absent.
    pub reference_number: Option<String>,
    /// `orderId`; empty is absent.
    pub order_id: Option<String>,
    /// `content`; absent is empty.
    pub content: String,
    /// `timePaid`, where it could be read.
    pub paid_at: Option<Timestamp>,
}

/// A body that is not a balance change to be booked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// Field and expectation, for people; no value that could be personal.
    pub detail: String,
}

impl BalanceChange {
    /// Reads the body of a publish.
    ///
    /// # Errors
    /// [`Rejected`] names the field and what was expected.
    pub fn parse(_body: &[u8]) -> Result<BalanceChange, Rejected> {
        todo!("bdsd")
    }
}
