//! `vietqr/bdsd/{terminalCode}`: a balance change (5.6).

use super::{http::Payment, quirk::Quirk};
use crate::json::{Fields, string};
use chrono::{DateTime, FixedOffset, Timelike, Utc};
use std::sync::atomic::{AtomicU64, Ordering};

/// A balance change as VietQR publishes it. Without a quirk it is as its newest code sends it: whole amount, status 1, every
/// key there.
#[derive(Clone, Debug)]
pub struct Bdsd {
    pub(super) terminal: String,
    pub(super) account: String,
    pub(super) amount: u64,
    pub(super) reference: String,
    pub(super) order: Option<String>,
    pub(super) content: String,
    pub(super) paid_at: DateTime<Utc>,
    quirks: Vec<Quirk>,
}

impl Bdsd {
    /// `amount` đồng paid now into account 1234567890, told to terminal VVB123456, with a reference of its own.
    pub fn credit(amount: u64) -> Bdsd {
        Bdsd {
            terminal: "VVB123456".to_string(),
            account: "1234567890".to_string(),
            amount,
            reference: fresh_reference(),
            order: None,
            content: "thanh toan".to_string(),
            paid_at: Utc::now(),
            quirks: Vec::new(),
        }
    }

    /// The terminal whose topic tells of it.
    pub fn terminal(mut self, code: &str) -> Bdsd {
        self.terminal = code.to_string();
        self
    }

    /// `bankAccount`.
    pub fn account(mut self, account: &str) -> Bdsd {
        self.account = account.to_string();
        self
    }

    /// `referenceNumber`. Two payments with one reference are one payment told twice.
    pub fn reference(mut self, reference: &str) -> Bdsd {
        self.reference = reference.to_string();
        self
    }

    /// `orderId`; absent unless set.
    pub fn order(mut self, order: &str) -> Bdsd {
        self.order = Some(order.to_string());
        self
    }

    /// `content`.
    pub fn content(mut self, content: &str) -> Bdsd {
        self.content = content.to_string();
        self
    }

    /// `timePaid`; its resolution on the wire is a second.
    pub fn paid_at(mut self, at: DateTime<Utc>) -> Bdsd {
        self.paid_at = at;
        self
    }

    /// Moves `timePaid` this many seconds into the past.
    pub fn late(mut self, seconds: u32) -> Bdsd {
        self.paid_at -= chrono::TimeDelta::seconds(i64::from(seconds));
        self
    }

    /// Adds a quirk. Of two that touch the same field the later one counts.
    pub fn quirk(mut self, quirk: Quirk) -> Bdsd {
        self.quirks.push(quirk);
        self
    }

    /// The payment as the bank has it: whole, whatever form the message takes. None where no money came in.
    pub fn payments(&self) -> Vec<Payment> {
        let came_in = !self.quirks.iter().any(|quirk| matches!(quirk, Quirk::Debit | Quirk::FailedStatus));
        came_in.then(|| Payment::from(self)).into_iter().collect()
    }

    /// The topic it is published on.
    pub fn topic(&self) -> String {
        format!("vietqr/bdsd/{}", self.terminal)
    }

    /// The JSON text.
    pub fn body(&self) -> String {
        let mut fields = Fields::default();
        fields.set("bankAccount", Some(string(&self.account)));
        fields.set("amount", Some(self.amount.to_string()));
        fields.set("transType", Some(string("C")));
        fields.set("referenceNumber", Some(string(&self.reference)));
        fields.set("orderId", self.order.as_deref().map(string));
        fields.set("content", Some(string(&self.content)));
        fields.set("status", Some("1".to_string()));
        fields.set("timePaid", Some(string(&vietnam_time(self.paid_at))));
        // Those that change the keys come after those that name them.
        let (keys, values): (Vec<Quirk>, Vec<Quirk>) = self.quirks.iter().partition(|quirk| quirk.is_about_keys());
        for quirk in values.into_iter().chain(keys) {
            quirk.apply(self, &mut fields);
        }
        fields.text()
    }
}

/// `dd/MM/yyyy HH:mm:ss` on a clock in Vietnam.
pub(super) fn vietnam_time(at: DateTime<Utc>) -> String {
    in_vietnam(at).format("%d/%m/%Y %H:%M:%S").to_string()
}

fn in_vietnam(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(7 * 3600) {
        Some(offset) => at.with_timezone(&offset),
        None => at.fixed_offset(),
    }
}

/// In the form of a bank's reference: FT, year, day of the year, and a number that does not come again.
pub(super) fn fresh_reference() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = in_vietnam(Utc::now());
    let micros =
        u64::from(now.num_seconds_from_midnight()) * 1_000_000 + u64::from(now.nanosecond() / 1000 % 1_000_000);
    let previous = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(micros.max(last + 1)));
    // fetch_update gives the value before; the closure never refuses.
    let number = previous.map_or(micros, |last| micros.max(last + 1));
    format!("FT{}{number:011}", now.format("%y%j"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_reference_does_not_come_again() {
        let references: HashSet<String> = (0..10_000).map(|_| Bdsd::credit(1).reference).collect();
        assert_eq!(references.len(), 10_000);
        assert!(references.iter().all(|reference| reference.len() == 18 && reference.starts_with("FT")));
    }
}
