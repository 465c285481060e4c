//! Certificates that expire: each is said once below 30, 14 and 7 days, then daily below 3, and daily once it has expired.

use crate::{config::SOON_DAYS, http::Certificate};
use std::collections::BTreeMap;
use vietqr_edge_core::time::Timestamp;

/// The key under which the broker's own certificate is told.
pub const BROKER: &str = "mqtt.url";
/// Below each of these it is said once.
const STEPS: [i64; 3] = [SOON_DAYS, 14, 7];
/// Below this it is said each day.
const DAILY_DAYS: i64 = 3;

/// What was said of each certificate, in this run.
#[derive(Debug, Default)]
pub struct Expiries(BTreeMap<String, (Timestamp, i64)>);

/// What is to be said of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key of the configuration that names it.
    pub key: String,
    /// When it expires.
    pub not_after: Timestamp,
    /// Whole days until then; negative after it.
    pub days_left: i64,
}

impl Expiries {
    /// What is to be said at `now`. A certificate that was renewed begins anew; equal ones are not said again.
    pub fn due(&mut self, certificates: &[Certificate], now: Timestamp) -> Vec<Warning> {
        self.0.retain(|key, (end, _)| certificates.iter().any(|c| c.key == *key && c.not_after == *end));
        let mut due = Vec::new();
        for Certificate { key, not_after } in certificates {
            let days_left = days_left(*not_after, now);
            let Some(step) = step(days_left) else { continue };
            let told = self.0.insert(key.clone(), (*not_after, step));
            // A clock that is set back says nothing twice.
            if told.is_none_or(|(_, before)| step < before) {
                due.push(Warning { key: key.clone(), not_after: *not_after, days_left });
            } else if let Some(told) = told {
                self.0.insert(key.clone(), told);
            }
        }
        due
    }
}

impl Warning {
    /// Writes it into the log.
    pub fn log(&self) {
        let Warning { key, not_after, days_left } = self;
        let whose = if key == BROKER { "the broker's certificate" } else { "a certificate" };
        if *days_left < 0 {
            tracing::error!(key, %not_after, "{whose} has expired: what needs it fails until it is replaced");
        } else if key == BROKER {
            tracing::warn!(key, %not_after, days_left, "{whose} expires soon: whoever runs the broker should replace it");
        } else {
            tracing::warn!(key, %not_after, days_left, "{whose} expires soon: replace it and send SIGHUP");
        }
    }
}

/// Whole days from `now` to `end`; negative after it.
pub fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.millis() - now.millis()).div_euclid(86_400_000)
}

/// The number below which so many days are, where that is worth saying; each day has its own below [`DAILY_DAYS`].
fn step(days_left: i64) -> Option<i64> {
    match days_left {
        ..DAILY_DAYS => Some(days_left),
        _ => STEPS.into_iter().filter(|step| days_left < *step).min(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn certificate(end: i64) -> Certificate {
        Certificate { key: "mqtt.client_cert_file".into(), not_after: Timestamp::from_secs(end * DAY) }
    }

    /// The days at which it is said when it is looked at four times a day.
    fn said(expiries: &mut Expiries, end: i64, days: std::ops::Range<i64>) -> Vec<i64> {
        let looks = (days.start * 4..days.end * 4).map(|quarter| Timestamp::from_secs(quarter * DAY / 4));
        looks.flat_map(|now| expiries.due(&[certificate(end)], now)).map(|warning| warning.days_left).collect()
    }

    #[test]
    fn each_step_is_said_once_then_each_day() {
        let said = said(&mut Expiries::default(), 40, 0..43);
        assert_eq!(said, [29, 13, 6, 2, 1, 0, -1, -2, -3]);
    }

    #[test]
    fn a_reload_of_the_same_certificate_says_nothing_again_and_a_renewed_one_begins_anew() {
        let mut expiries = Expiries::default();
        let at = |days: i64| Timestamp::from_secs(days * DAY);
        assert_eq!(expiries.due(&[certificate(20)], at(0)).len(), 1);
        assert_eq!(expiries.due(&[certificate(20)], at(0)), []);
        assert_eq!(expiries.due(&[certificate(400)], at(0)), []);
        assert_eq!(expiries.due(&[certificate(20)], at(0)).len(), 1, "another one, that ends sooner");
    }

    #[test]
    fn a_clock_that_goes_back_says_nothing_twice() {
        let mut expiries = Expiries::default();
        let at = |days: i64| Timestamp::from_secs(days * DAY);
        assert_eq!(expiries.due(&[certificate(20)], at(18)).len(), 1);
        assert_eq!(expiries.due(&[certificate(20)], at(0)), []);
        assert_eq!(expiries.due(&[certificate(20)], at(18)), []);
    }
}
