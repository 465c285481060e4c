//! The bank behind VietQR: payments that came in, and every movement of money back out. It is the witness of the tests: what
//! it counts is what really happened, whatever a caller was told.

use crate::provider::Movement;
use crate::vietqr::bdsd::{Bdsd, fresh_reference};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A payment that came in, and what of it went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The account it was paid into.
    pub account: String,
    /// The bank's reference.
    pub reference: String,
    /// Đồng.
    pub amount: u64,
    /// The order it was for; empty: none.
    pub order: String,
    /// What the payer wrote.
    pub content: String,
    /// The terminal that was told.
    pub terminal: String,
    /// When it was paid.
    pub paid_at: DateTime<Utc>,
    /// Đồng that went back.
    pub refunded: u64,
    /// In so many refunds.
    pub refunds: u32,
    /// `multiTimes` of the first refund over the interface; none: there was none yet.
    pub multi_times: Option<bool>,
}

impl From<&Bdsd> for Payment {
    fn from(bdsd: &Bdsd) -> Payment {
        Payment {
            account: bdsd.account.clone(),
            reference: bdsd.reference.clone(),
            amount: bdsd.amount,
            order: bdsd.order.clone().unwrap_or_default(),
            content: bdsd.content.clone(),
            terminal: bdsd.terminal.clone(),
            paid_at: bdsd.paid_at,
            refunded: 0,
            refunds: 0,
            multi_times: None,
        }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Payment { account, reference, amount, refunded, refunds, .. } = self;
        let at = self.paid_at.format("%H:%M:%SZ");
        write!(f, "{at} {account} {reference} {amount} refunded {refunded} in {refunds}")
    }
}

/// What the bank knows.
pub type Statement = crate::provider::Statement<Payment>;

/// A refund that was asked for.
#[derive(Clone, Debug)]
pub(super) struct RefundOrder {
    pub(super) account: String,
    pub(super) reference: String,
    pub(super) amount: u64,
    pub(super) multi_times: bool,
    pub(super) request: String,
}

/// A handle to the bank; clones are the same bank.
#[derive(Clone, Default)]
pub struct Bank(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    payments: Vec<Payment>,
    by_key: HashMap<(String, String), usize>,
    movements: Vec<Movement>,
    /// Payments with a refund under way, and until when (E158).
    held: HashMap<(String, String), Instant>,
}

impl Bank {
    /// Books a payment. One with the account and reference of another is the same payment, and changes nothing.
    pub fn pay(&self, payment: Payment) {
        let mut books = self.books();
        let key = (payment.account.clone(), payment.reference.clone());
        if !books.by_key.contains_key(&key) {
            let at = books.payments.len();
            books.by_key.insert(key, at);
            books.payments.push(payment);
        }
    }

    /// Gives money back past the interface, as another device or VietQR's app does. It knows nothing of E158 and `multiTimes`.
    /// Gives the reference of the refund.
    ///
    /// # Errors
    /// E44 where the payment is not known, E45 where less is left, E46 for an amount of 0.
    pub fn refund_elsewhere(&self, account: &str, reference: &str, amount: u64) -> Result<String, &'static str> {
        self.books().give_back(account, reference, amount, None)
    }

    /// All payments.
    pub fn payments(&self) -> Vec<Payment> {
        self.books().payments.clone()
    }

    /// All money that went back, however it came about.
    pub fn movements(&self) -> Vec<Movement> {
        self.books().movements.clone()
    }

    /// [`Bank::payments`] and [`Bank::movements`] of one moment.
    pub fn statement(&self) -> Statement {
        let books = self.books();
        Statement { payments: books.payments.clone(), movements: books.movements.clone() }
    }

    /// Takes a refund on (section 8): from now on the payment answers E158 for `window`.
    pub(super) fn take_on(&self, order: &RefundOrder, window: Duration) -> Result<(), &'static str> {
        let mut books = self.books();
        let key = (order.account.clone(), order.reference.clone());
        let payment = books.payment(&order.account, &order.reference).ok_or("E44")?;
        let (left, latch) = (payment.amount - payment.refunded, payment.multi_times);
        let now = Instant::now();
        books.held.retain(|_, until| *until > now);
        if books.held.contains_key(&key) {
            return Err("E158");
        }
        if order.amount > left {
            return Err("E45");
        }
        latched(latch, order.multi_times)?;
        books.held.insert(key, now + window);
        Ok(())
    }

    /// Moves the money of a refund that was taken on. Much may have happened since, so that it is decided again.
    pub(super) fn execute(&self, order: &RefundOrder) -> Result<String, &'static str> {
        let mut books = self.books();
        let payment = books.payment(&order.account, &order.reference).ok_or("E44")?;
        latched(payment.multi_times, order.multi_times)?;
        let refund = books.give_back(&order.account, &order.reference, order.amount, Some(order.request.clone()))?;
        if let Some(payment) = books.payment(&order.account, &order.reference) {
            payment.multi_times.get_or_insert(order.multi_times);
        }
        Ok(refund)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `multiTimes` allows several refunds and can be set by the first one only (3.5). What a second one is told where it was not
/// set is not documented: the sandbox says E43.
fn latched(first: Option<bool>, asked: bool) -> Result<(), &'static str> {
    match (first, asked) {
        (None, _) | (Some(true), false) => Ok(()),
        (Some(false), false) => Err("E43"),
        (Some(_), true) => Err("E46"),
    }
}

impl Books {
    fn payment(&mut self, account: &str, reference: &str) -> Option<&mut Payment> {
        let at = *self.by_key.get(&(account.to_string(), reference.to_string()))?;
        self.payments.get_mut(at)
    }

    fn give_back(
        &mut self,
        account: &str,
        reference: &str,
        amount: u64,
        request: Option<String>,
    ) -> Result<String, &'static str> {
        let payment = self.payment(account, reference).ok_or("E44")?;
        if amount == 0 {
            return Err("E46");
        }
        if amount > payment.amount - payment.refunded {
            return Err("E45");
        }
        payment.refunded += amount;
        payment.refunds += 1;
        let refund = fresh_reference();
        self.movements.push(Movement {
            at: Utc::now(),
            account: account.to_string(),
            reference: reference.to_string(),
            amount,
            refund: refund.clone(),
            request,
        });
        Ok(refund)
    }
}
