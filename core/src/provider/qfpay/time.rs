//! QFPay's times, `YYYY-MM-DD hh:mm:ss` of 24 hours at +08:00, and the months that an enquiry is bound to (vnpay-qfpay.md 3.7, 3.10).

use crate::time::Timestamp;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

/// +08:00, without daylight saving time.
const OFFSET: TimeDelta = match TimeDelta::try_hours(8) {
    Some(offset) => offset,
    None => TimeDelta::zero(),
};
const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// A calendar month: QFPay looks for rows in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Month {
    /// Its first second.
    pub(super) start: String,
    /// Its last one.
    pub(super) end: String,
}

/// As QFPay writes it.
pub(super) fn text(at: Timestamp) -> String {
    local(at).format(FORM).to_string()
}

/// The months in which the row of something done at `at` can lie: its own, and one that begins or ends within a day of it.
pub(super) fn months(at: Timestamp) -> Vec<Month> {
    months_about(local(at))
}

/// The months of a payment, by the first 8 digits of its `syssn`; `None` where they are no date.
pub(super) fn months_of(syssn: &str) -> Option<Vec<Month>> {
    let day = NaiveDate::parse_from_str(syssn.get(..8)?, "%Y%m%d").ok()?;
    let mut months = months_about(day.and_time(NaiveTime::MIN));
    for month in months_about(day.and_hms_opt(23, 59, 59)?) {
        if !months.contains(&month) {
            months.push(month);
        }
    }
    Some(months)
}

/// Until the end of the half hour about midnight in which nothing is refunded, in milliseconds; 0 outside of it.
pub(super) fn until_open_ms(at: Timestamp) -> u64 {
    let of_day = u64::from(local(at).num_seconds_from_midnight());
    let (closes, opens, day) = (23 * 3600 + 1800, 1800, 86_400);
    let seconds = match of_day {
        s if s >= closes => day - s + opens,
        s if s < opens => opens - s,
        _ => 0,
    };
    seconds * 1000
}

fn local(at: Timestamp) -> NaiveDateTime {
    let utc = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default().naive_utc();
    utc.checked_add_signed(OFFSET).unwrap_or(utc)
}

/// The month of `at` first.
fn months_about(at: NaiveDateTime) -> Vec<Month> {
    let day = Days::new(1);
    let mut months = Vec::new();
    for near in [Some(at), at.checked_sub_days(day), at.checked_add_days(day)].into_iter().flatten() {
        months.extend(month(near.date()).filter(|month| !months.contains(month)));
    }
    months
}

fn month(day: NaiveDate) -> Option<Month> {
    let first = day.with_day(1)?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some(Month { start: format!("{first} 00:00:00"), end: format!("{last} 23:59:59") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn starts(months: &[Month]) -> Vec<&str> {
        months.iter().map(|month| &month.start[..7]).collect()
    }

    #[test]
    fn times_are_written_at_eight_hours_east_on_a_clock_of_24_hours() {
        assert_eq!(text(at("2024-05-26T03:30:00Z")), "2024-05-26 11:30:00");
        assert_eq!(text(at("2024-12-31T16:00:00Z")), "2025-01-01 00:00:00");
        assert_eq!(text(at("2024-05-26T11:16:36Z")), "2024-05-26 19:16:36");
    }

    #[test]
    fn an_enquiry_is_for_a_whole_month_and_its_neighbour_within_a_day_of_it() {
        let december = Month { start: "2019-12-01 00:00:00".into(), end: "2019-12-31 23:59:59".into() };
        assert_eq!(months(at("2019-12-27T03:00:00Z")), [december]);
        assert_eq!(starts(&months(at("2019-12-31T03:00:00Z"))), ["2019-12", "2020-01"]);
        assert_eq!(starts(&months(at("2019-12-31T16:00:00Z"))), ["2020-01", "2019-12"]);
        assert_eq!(starts(&months(at("2020-01-01T16:00:00Z"))), ["2020-01"]);
        assert_eq!(months(at("2024-02-29T15:00:00Z"))[0].end, "2024-02-29 23:59:59");
    }

    #[test]
    fn a_payments_number_tells_its_month() {
        assert_eq!(starts(&months_of("20191227000200020061752831").unwrap()), ["2019-12"]);
        assert_eq!(starts(&months_of("20191231000200020061752831").unwrap()), ["2019-12", "2020-01"]);
        assert_eq!(starts(&months_of("20200101000200020061752831").unwrap()), ["2020-01", "2019-12"]);
        for wrong in ["", "2019", "20191327000200020061752831", "x0191227000"] {
            assert_eq!(months_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_is_refunded_about_midnight_in_hong_kong() {
        for (utc, minutes) in [
            ("2024-05-26T15:29:59Z", 0),
            ("2024-05-26T15:30:00Z", 60),
            ("2024-05-26T16:00:00Z", 30),
            ("2024-05-26T16:29:00Z", 1),
            ("2024-05-26T16:30:00Z", 0),
        ] {
            assert_eq!(until_open_ms(at(utc)), minutes * 60_000, "{utc}");
        }
    }
}
