//! VNPAY's times: `yyyyMMddHHmmss` at +07:00 (vnpay-qfpay.md 2.9).

use crate::time::{Timestamp, VIETNAM_OFFSET_S};
use chrono::{DateTime, FixedOffset, NaiveDateTime};

const FORM: &str = "%Y%m%d%H%M%S";

/// As VNPAY writes it.
pub(super) fn text(at: Timestamp) -> String {
    let utc = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
    match FixedOffset::east_opt(VIETNAM_OFFSET_S) {
        Some(offset) => utc.with_timezone(&offset).format(FORM).to_string(),
        None => utc.format(FORM).to_string(),
    }
}

/// Strictly read: 14 digits, a real time of a real day.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let digits = text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit());
    let naive = digits.then(|| NaiveDateTime::parse_from_str(text, FORM).ok()).flatten()?;
    // A leap second is no second of VNPAY's.
    (!text.ends_with("60")).then(|| Timestamp::from_secs(naive.and_utc().timestamp() - i64::from(VIETNAM_OFFSET_S)))
}

/// Whether a text is a time as VNPAY writes it.
pub fn is_time(text: &str) -> bool {
    read(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_at_seven_hours_east() {
        for (utc, written) in [
            ("2024-05-21T02:17:31Z", "20240521091731"),
            ("2024-05-26T03:30:00Z", "20240526103000"),
            ("2024-12-31T16:59:59Z", "20241231235959"),
            ("2024-12-31T17:00:00Z", "20250101000000"),
            ("2024-02-28T17:00:00Z", "20240229000000"),
            ("2026-01-02T18:04:05Z", "20260103010405"),
        ] {
            let at: Timestamp = utc.parse().unwrap();
            assert_eq!((text(at).as_str(), read(written)), (written, Some(at)));
        }
    }

    #[test]
    fn what_is_no_time_of_a_day_is_none() {
        for wrong in [
            "",
            "2024052109173",
            "202405210917310",
            "20240230000000",
            "20240521240000",
            "20240521006000",
            "2024052100006x",
        ] {
            assert!(!is_time(wrong), "{wrong}");
        }
        assert!(!is_time("20240521000060"));
    }
}
