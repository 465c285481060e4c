//! What the speaker reads of the ledger.

use crate::ledger::{ReadError, Reader, ToSpeak};
use tokio::sync::watch;
use vietqr_edge_core::{
    announcement::Due,
    money::Dong,
    payment::{Age, PaymentId, TransType},
};

/// Committed state, as far as the speaker needs it. A seam: tests own it. `due` and `credit` may touch the disk.
pub trait Source: Send + Sync + 'static {
    /// The number of the last committed event.
    fn committed(&self) -> watch::Receiver<u64>;

    /// Up to `limit` payments of this age that no announcement has named yet, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    fn due(&self, age: Age, limit: usize) -> Result<Vec<Due>, ReadError>;

    /// A payment in and its amount; without an id the last one. `None` where there is none, or where it is money out.
    ///
    /// # Errors
    /// [`ReadError`].
    fn credit(&self, payment: Option<PaymentId>) -> Result<Option<(PaymentId, Dong)>, ReadError>;

    /// Up to `limit` things to be said of refunds, the oldest refund first.
    ///
    /// # Errors
    /// [`ReadError`].
    fn refunds(&self, limit: usize) -> Result<Vec<ToSpeak>, ReadError>;
}

impl Source for Reader {
    fn committed(&self) -> watch::Receiver<u64> {
        Reader::committed(self)
    }

    fn due(&self, age: Age, limit: usize) -> Result<Vec<Due>, ReadError> {
        Reader::due(self, age, limit)
    }

    fn credit(&self, payment: Option<PaymentId>) -> Result<Option<(PaymentId, Dong)>, ReadError> {
        let Some(id) = payment.or_else(|| self.counters().last_payment) else { return Ok(None) };
        let view = self.payment(id)?.filter(|view| view.payment.trans_type == TransType::Credit);
        Ok(view.map(|view| (id, view.payment.amount)))
    }

    fn refunds(&self, limit: usize) -> Result<Vec<ToSpeak>, ReadError> {
        self.refunds_to_say(limit)
    }
}
