//! Reading committed state. Every call may touch the disk: from async code use `spawn_blocking` for lists.

use super::view::{Counters, Disk, Identity, PaymentView, ReadError, Recorded};
use tokio::sync::watch;
use vietqr_edge_core::{
    announcement::Due,
    payment::{Age, PaymentId},
};

/// A cheap handle on committed state.
#[derive(Clone)]
pub struct Reader {}

impl Reader {
    /// Whose journal it is.
    pub fn identity(&self) -> Identity {
        todo!()
    }

    /// The number of the last committed event; changes wake whoever watches.
    pub fn committed(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// The oldest event held (1 while nothing was dropped).
    pub fn oldest(&self) -> u64 {
        todo!()
    }

    /// Up to `limit` events with numbers above `after`, in order. An unreadable part is passed over.
    ///
    /// # Errors
    /// [`ReadError::Dropped`] where the next one was dropped by retention.
    pub fn events(&self, _after: u64, _limit: usize) -> Result<Vec<Recorded>, ReadError> {
        todo!()
    }

    /// Up to `limit` payments (in and out) booked after `after`, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn payments(&self, _after: Option<PaymentId>, _limit: usize) -> Result<Vec<PaymentView>, ReadError> {
        todo!()
    }

    /// One payment.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn payment(&self, _id: PaymentId) -> Result<Option<PaymentView>, ReadError> {
        todo!()
    }

    /// Payments with this bank reference, on any configured account.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find(&self, _reference: &str) -> Result<Vec<PaymentView>, ReadError> {
        todo!()
    }

    /// Up to `limit` payments of this age that no announcement has named yet, oldest first. `noticed_ms` is 0: the speaker fills it in.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn due(&self, _age: Age, _limit: usize) -> Result<Vec<Due>, ReadError> {
        todo!()
    }

    /// Totals.
    pub fn counters(&self) -> Counters {
        todo!()
    }

    /// How full the disk is.
    pub fn disk(&self) -> Disk {
        todo!()
    }
}
