//! The payments that QFPay knows and their refunds.

use super::settings::Settings;
use super::texts;
use crate::provider::{Course, Movement, Statement};
use chrono::{DateTime, FixedOffset, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What refunds a payment allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Any part of it.
    Wallet,
    /// On the day of the payment only all of it (3.6).
    Card,
    /// Only all of it.
    WholeOnly,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// QFPay's number; empty: a new one, when it is booked.
    pub syssn: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// Minor units of the currency.
    pub amount: u64,
    /// `txcurrcd`.
    pub currency: String,
    /// `pay_type`.
    pub pay_type: String,
    /// `respcd`; `0000`: successful.
    pub respcd: String,
    /// What refunds it allows.
    pub kind: Kind,
    /// `sysdtm`.
    pub at: DateTime<Utc>,
    /// Minor units that went back or are on their way.
    pub refunded: u64,
}

impl Payment {
    /// A successful payment of `amount` minor units of HKD by a wallet, made now.
    pub fn new(out_trade_no: &str, amount: u64) -> Payment {
        Payment {
            syssn: String::new(),
            out_trade_no: out_trade_no.to_string(),
            amount,
            currency: "HKD".to_string(),
            pay_type: "800101".to_string(),
            respcd: "0000".to_string(),
            kind: Kind::Wallet,
            at: Utc::now(),
            refunded: 0,
        }
    }
}

impl Payment {
    /// `cardcd`, in full as QFPay sends it: a device must not keep it.
    pub(super) fn card(&self) -> &'static str {
        if self.kind == Kind::Card { "5200000000001096" } else { "" }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Payment { syssn, out_trade_no, amount, currency, respcd, refunded, .. } = self;
        write!(f, "{syssn} {out_trade_no} {amount} {currency} respcd {respcd} refunded {refunded}")
    }
}

/// A refund that has a row.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    /// QFPay's number of the refund.
    pub(super) syssn: String,
    pub(super) out_trade_no: String,
    /// The payment.
    pub(super) origssn: String,
    pub(super) amount: u64,
    pub(super) txdtm: String,
    pub(super) at: DateTime<Utc>,
    pub(super) course: Course,
    /// So many enquiries do not see it yet.
    pub(super) hidden_for: u32,
    pub(super) request: Option<String>,
}

impl Refund {
    /// Whether it ends with the money at the payer, as far as is known.
    fn moves(&self) -> bool {
        !has_failed(self.course.end())
    }
}

/// Whether a refund with this row is over and moved nothing (3.11, row class).
fn has_failed(respcd: &str) -> bool {
    !matches!(respcd, "0000" | "1161" | "1298") && !is_under_way(respcd)
}

fn is_under_way(respcd: &str) -> bool {
    matches!(respcd, "1143" | "1145" | "2999")
}

/// A refund that is asked for.
pub(super) struct Wanted<'a> {
    pub(super) out_trade_no: &'a str,
    pub(super) amount: u64,
    pub(super) txdtm: &'a str,
    pub(super) request: Option<String>,
}

/// Why a refund is refused.
pub(super) struct Refusal {
    pub(super) respcd: String,
    pub(super) respmsg: &'static str,
    pub(super) resperr: Option<&'static str>,
}

/// What QFPay knows.
#[derive(Default)]
pub struct Books {
    pub(super) payments: Vec<Payment>,
    pub(super) refunds: Vec<Refund>,
    last_number: u64,
}

impl Books {
    pub(super) fn pay(&mut self, mut payment: Payment) -> Payment {
        let same = |known: &&Payment| known.syssn == payment.syssn || known.out_trade_no == payment.out_trade_no;
        if let Some(known) = self.payments.iter().find(same) {
            return self.payment(&known.syssn).unwrap_or_else(|| known.clone());
        }
        if payment.syssn.is_empty() {
            payment.syssn = self.number(payment.at);
        }
        payment.refunded = 0;
        self.payments.push(payment.clone());
        payment
    }

    /// The payment as it is now.
    pub(super) fn payment(&self, syssn: &str) -> Option<Payment> {
        let mut payment = self.payments.iter().find(|payment| payment.syssn == syssn)?.clone();
        payment.refunded = self.standing(syssn).map(|refund| refund.amount).sum();
        Some(payment)
    }

    /// Refunds of a payment that are under way or done.
    fn standing<'a>(&'a self, syssn: &'a str) -> impl Iterator<Item = &'a Refund> {
        self.refunds.iter().filter(move |refund| refund.origssn == syssn && !has_failed(refund.course.now()))
    }

    /// Accepts a refund, or says why not: the checks of 3.13 from `out_trade_no` on.
    pub(super) fn refund(
        &mut self,
        syssn: &str,
        wanted: Wanted<'_>,
        settings: &Settings,
    ) -> Result<(Payment, Refund), Refusal> {
        let number = wanted.out_trade_no;
        let used = self.payments.iter().map(|payment| &payment.out_trade_no);
        if used.chain(self.refunds.iter().map(|refund| &refund.out_trade_no)).any(|used| used == number) {
            let resperr = Some("Do not use duplicate out_trade_no for request(1251)");
            return Err(Refusal { respcd: "1251".to_string(), respmsg: "out_trade_no is used", resperr });
        }
        let Some(payment) = self.payment(syssn) else { return Err(refuse(&settings.unknown_code, "")) };
        let rest = payment.amount.saturating_sub(payment.refunded);
        let partial = wanted.amount != payment.amount;
        let now = Utc::now() + settings.ahead;
        let is_running = |refund: &&Refund| is_under_way(refund.course.now());
        let running = self.standing(syssn).filter(is_running).map(|refund| refund.amount).collect::<Vec<_>>();
        let done = payment.refunded - running.iter().sum::<u64>();
        let overlap = settings.overlap_code.as_deref().filter(|_| !running.is_empty());
        let refusal = if payment.respcd != "0000" {
            Some(("1261", ""))
        } else if done >= payment.amount {
            Some((settings.refunded_code.as_str(), if settings.refunded_code == "1264" { "wrong cancel" } else { "" }))
        } else if let Some(code) = overlap {
            Some((code, "You still have prosessing requests, please do not repeat the initiation"))
        } else if payment.kind == Kind::Card && partial && local(payment.at).date_naive() == local(now).date_naive() {
            Some(("1124", "For void request, it must be a full refund, please try again tomorrow"))
        } else if payment.kind == Kind::WholeOnly && partial {
            Some(("1271", ""))
        } else if wanted.amount > rest {
            Some(("1272", ""))
        } else if settings.night && is_night(now) {
            Some(("1265", ""))
        } else if settings.max_age.is_some_and(|age| now - payment.at > age) {
            let period = if settings.too_old_code == "1265" { "超出可退款時限" } else { "" };
            Some((settings.too_old_code.as_str(), period))
        } else if settings.balance.is_some_and(|balance| wanted.amount > balance) {
            Some(("1269", ""))
        } else {
            None
        };
        if let Some((code, text)) = refusal {
            return Err(refuse(code, text));
        }
        let refund = self.book(&payment, wanted, Course::new(&settings.course), now, settings.hidden_for);
        Ok((payment, refund))
    }

    pub(super) fn book(
        &mut self,
        payment: &Payment,
        wanted: Wanted<'_>,
        course: Course,
        at: DateTime<Utc>,
        hidden_for: u32,
    ) -> Refund {
        let refund = Refund {
            syssn: self.number(at),
            out_trade_no: wanted.out_trade_no.to_string(),
            origssn: payment.syssn.clone(),
            amount: wanted.amount,
            txdtm: wanted.txdtm.to_string(),
            at,
            course,
            hidden_for,
            request: wanted.request,
        };
        self.refunds.push(refund.clone());
        refund
    }

    pub(super) fn statement(&self, account: &str) -> Statement<Payment> {
        let moved = self.refunds.iter().filter(|refund| refund.moves()).map(|refund| Movement {
            at: refund.at,
            account: account.to_string(),
            reference: refund.origssn.clone(),
            amount: refund.amount,
            refund: refund.syssn.clone(),
            request: refund.request.clone(),
        });
        let payments = self.payments.iter().filter_map(|payment| self.payment(&payment.syssn));
        Statement { payments: payments.collect(), movements: moved.collect() }
    }

    /// The date and 18 digits that only grow.
    fn number(&mut self, at: DateTime<Utc>) -> String {
        self.last_number += 1;
        format!("{}0002000200{:08}", local(at).format("%Y%m%d"), self.last_number)
    }
}

fn refuse(respcd: &str, respmsg: &'static str) -> Refusal {
    Refusal { respcd: respcd.to_string(), respmsg, resperr: None }
}

/// 23:30 to 00:30 UTC+8.
fn is_night(at: DateTime<Utc>) -> bool {
    let late = |hour| NaiveTime::from_hms_opt(hour, 30, 0);
    let time = Some(local(at).time());
    time >= late(23) || time < late(0)
}

const ZONE: FixedOffset = match FixedOffset::east_opt(8 * 3600) {
    Some(zone) => zone,
    None => panic!("eight hours are an offset"),
};

/// A time at UTC+8.
pub(super) fn local(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&ZONE)
}

/// `YYYY-MM-DD hh:mm:ss` at UTC+8.
pub(super) fn time(at: DateTime<Utc>) -> String {
    local(at).format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Refusal {
    pub(super) fn resperr(&self) -> String {
        self.resperr.map_or_else(|| texts::of(&self.respcd), str::to_string)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_protocol_facts() {
        assert_eq!(time("2024-05-26T03:30:00Z".parse().unwrap()), "2024-05-26 11:30:00");
        assert_eq!(time("2024-12-31T16:00:00Z".parse().unwrap()), "2025-01-01 00:00:00");
    }

    #[test]
    fn the_night_is_an_hour_around_midnight() {
        for (utc, expected) in [("15:29:59", false), ("15:30:00", true), ("16:29:59", true), ("16:30:00", false)] {
            assert_eq!(is_night(format!("2026-11-21T{utc}Z").parse().unwrap()), expected, "{utc}");
        }
    }
}
