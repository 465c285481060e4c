//! The payments that VNPAY knows and their refunds.

use super::settings::{Duplicates, Settings};
use crate::provider::{Course, Movement, Statement};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// `vnp_TxnRef`, the merchant's reference.
    pub txn_ref: String,
    /// `vnp_CreateDate` of the pay request, which every later request must repeat as `vnp_TransactionDate`.
    pub transaction_date: String,
    /// VNPAY's number; empty: a new one, when it is booked.
    pub transaction_no: String,
    /// Đồng.
    pub amount: u64,
    /// `vnp_TransactionStatus`; `00`: successful.
    pub status: String,
    /// `vnp_BankCode`.
    pub bank: String,
    /// `vnp_OrderInfo`.
    pub order_info: String,
    /// `vnp_PayDate`.
    pub pay_date: String,
    /// `vnp_PromotionCode` and `vnp_PromotionAmount`, in đồng.
    pub promotion: Option<(String, u64)>,
    /// Đồng that went back or are on their way.
    pub refunded: u64,
}

impl Payment {
    /// A successful payment of `amount` đồng, made now.
    pub fn new(txn_ref: &str, amount: u64) -> Payment {
        let now = Utc::now();
        Payment {
            txn_ref: txn_ref.to_string(),
            transaction_date: date(now),
            transaction_no: String::new(),
            amount,
            status: "00".to_string(),
            bank: "NCB".to_string(),
            order_info: format!("Thanh toan don hang {txn_ref}"),
            pay_date: date(now + TimeDelta::seconds(35)),
            promotion: None,
            refunded: 0,
        }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Payment { txn_ref, transaction_date, transaction_no, amount, status, refunded, .. } = self;
        write!(f, "{txn_ref} of {transaction_date} {transaction_no} {amount} status {status} refunded {refunded}")
    }
}

/// A refund that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) txn_ref: String,
    /// VNPAY's number of the refund.
    pub(super) number: String,
    /// Đồng.
    pub(super) amount: u64,
    /// `02` or `03`.
    pub(super) kind: String,
    pub(super) order_info: String,
    pub(super) at: DateTime<Utc>,
    pub(super) course: Course,
    pub(super) request: Option<String>,
}

impl Refund {
    /// Whether it ends with the money at the payer, as far as is known.
    fn moves(&self) -> bool {
        !has_failed(self.course.end())
    }
}

/// Whether a refund with this status is over and moved nothing (2.7).
fn has_failed(status: &str) -> bool {
    matches!(status, "02" | "04" | "07" | "09")
}

/// A refund that is asked for.
pub(super) struct Wanted<'a> {
    pub(super) amount: u64,
    pub(super) kind: &'a str,
    pub(super) order_info: &'a str,
    pub(super) request: Option<String>,
}

/// What VNPAY knows.
#[derive(Default)]
pub struct Books {
    pub(super) payments: Vec<Payment>,
    pub(super) refunds: Vec<Refund>,
    /// What was asked when, for duplicates.
    seen: HashMap<String, DateTime<Utc>>,
    last_number: u64,
}

impl Books {
    pub(super) fn pay(&mut self, mut payment: Payment) -> Payment {
        if let Some(known) = self.payment(&payment.txn_ref) {
            return known;
        }
        if payment.transaction_no.is_empty() {
            payment.transaction_no = self.number();
        }
        payment.refunded = 0;
        self.payments.push(payment.clone());
        payment
    }

    /// The payment as it is now.
    pub(super) fn payment(&self, txn_ref: &str) -> Option<Payment> {
        let mut payment = self.payments.iter().find(|payment| payment.txn_ref == txn_ref)?.clone();
        payment.refunded = self.standing(txn_ref).map(|refund| refund.amount).sum();
        Some(payment)
    }

    /// Refunds of a payment that are under way or done.
    fn standing<'a>(&'a self, txn_ref: &'a str) -> impl Iterator<Item = &'a Refund> {
        self.refunds.iter().filter(move |refund| refund.txn_ref == txn_ref && !has_failed(refund.course.now()))
    }

    /// Whether a request came before, as `settings` see it; it is remembered.
    pub(super) fn is_duplicate(&mut self, command: &str, id: &str, txn_ref: &str, settings: &Settings) -> bool {
        let now = Utc::now() + settings.ahead;
        let (key, new) = match settings.duplicates {
            Duplicates::Day => {
                (format!("{command} {} {id}", date(now).get(..8).unwrap_or_default()), TimeDelta::days(2))
            }
            Duplicates::Id => (format!("{command} {id}"), settings.window),
            Duplicates::Transaction => (format!("{command} of {txn_ref}"), settings.window),
        };
        self.seen.retain(|_, seen| now - *seen < TimeDelta::days(2));
        let duplicate = self.seen.get(&key).is_some_and(|seen| now - *seen < new);
        if !duplicate {
            self.seen.insert(key, now);
        }
        duplicate
    }

    /// Accepts a refund, or says with which code and message it is refused (2.13, 6 to 9).
    pub(super) fn refund(
        &mut self,
        payment: &Payment,
        wanted: Wanted<'_>,
        settings: &Settings,
    ) -> Result<Refund, (String, &'static str)> {
        let refuse = |code: &str, message| Err((code.to_string(), message));
        if payment.status != "00" {
            return refuse("95", "Transaction is not success");
        }
        if self.standing(&payment.txn_ref).count() >= settings.refund_limit {
            return refuse("94", "Too many refund count (>0)");
        }
        let rule = if wanted.kind == "02" && payment.refunded > 0 {
            Some(("04", "Full refund is not allowed after a partial refund"))
        } else if wanted.amount > payment.amount || (wanted.kind == "02" && wanted.amount != payment.amount) {
            Some(("93", "Refund amount is not valid"))
        } else if wanted.amount > payment.amount - payment.refunded {
            Some(("02", "Total refund amount is over the transaction amount"))
        } else {
            None
        };
        if let Some((code, message)) = rule {
            return refuse(settings.amount_code.as_deref().unwrap_or(code), message);
        }
        Ok(self.book(payment, wanted, Course::new(&settings.course), settings.ahead))
    }

    pub(super) fn book(&mut self, payment: &Payment, wanted: Wanted<'_>, course: Course, ahead: TimeDelta) -> Refund {
        let refund = Refund {
            txn_ref: payment.txn_ref.clone(),
            number: self.number(),
            amount: wanted.amount,
            kind: wanted.kind.to_string(),
            order_info: wanted.order_info.to_string(),
            at: Utc::now() + ahead,
            course,
            request: wanted.request,
        };
        self.refunds.push(refund.clone());
        refund
    }

    pub(super) fn statement(&self, account: &str) -> Statement<Payment> {
        let moved = self.refunds.iter().filter(|refund| refund.moves()).map(|refund| Movement {
            at: refund.at,
            account: account.to_string(),
            reference: refund.txn_ref.clone(),
            amount: refund.amount,
            refund: refund.number.clone(),
            request: refund.request.clone(),
        });
        let payments = self.payments.iter().filter_map(|payment| self.payment(&payment.txn_ref));
        Statement { payments: payments.collect(), movements: moved.collect() }
    }

    fn number(&mut self) -> String {
        self.last_number = self.last_number.max(14_226_111) + 1;
        self.last_number.to_string()
    }
}

const ZONE: FixedOffset = match FixedOffset::east_opt(7 * 3600) {
    Some(zone) => zone,
    None => panic!("seven hours are an offset"),
};

/// `yyyyMMddHHmmss` in GMT+7 (2.9).
pub(super) fn date(at: DateTime<Utc>) -> String {
    at.with_timezone(&ZONE).format("%Y%m%d%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_those_of_the_protocol_facts() {
        for (utc, expected) in [
            ("2024-05-21T02:17:31Z", "20240521091731"),
            ("2024-12-31T16:59:59Z", "20241231235959"),
            ("2024-12-31T17:00:00Z", "20250101000000"),
            ("2024-02-28T17:00:00Z", "20240229000000"),
            ("2026-01-02T18:04:05Z", "20260103010405"),
        ] {
            assert_eq!(date(utc.parse().unwrap()), expected);
        }
    }
}
