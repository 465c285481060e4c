//! Points in time. UTC inside; +07:00 where people or VietQR read it.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Vietnam's offset from UTC, in seconds. There is no daylight saving time.
pub const VIETNAM_OFFSET_S: i32 = 7 * 3600;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 in UTC (`2026-11-21T02:30:00.000Z`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last moment that RFC 3339 can write, 9999-12-31T23:59:59.999Z.
const LAST_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// From milliseconds since 1970; brought into the years 1970 to 9999.
    pub fn from_millis(ms: i64) -> Timestamp {
        Timestamp(ms.clamp(0, LAST_MS))
    }

    /// From seconds since 1970; brought into the years 1970 to 9999.
    pub fn from_secs(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds from `earlier` to here; 0 where `earlier` is later.
    pub fn millis_since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// This many milliseconds later, at most the end of the year 9999.
    pub fn plus_millis(self, ms: u64) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add_unsigned(ms))
    }

    /// This many milliseconds earlier, at least 1970.
    pub fn minus_millis(self, ms: u64) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_sub_unsigned(ms))
    }

    /// Hour and minute on a clock in Vietnam.
    pub fn vietnam_clock(self) -> (u32, u32) {
        let local = self.vietnam();
        (local.hour(), local.minute())
    }

    /// The calendar day in Vietnam, as `2026-11-21`.
    pub fn vietnam_day(self) -> String {
        Day::of(&self.vietnam()).to_string()
    }

    /// From `dd/MM/yyyy HH:mm:ss` at +07:00, the form of `timePaid` (vietqr.md 5.6); `None` where it is not that.
    pub fn from_vietnam_text(text: &str) -> Option<Timestamp> {
        let naive = NaiveDateTime::parse_from_str(text.trim(), "%d/%m/%Y %H:%M:%S").ok()?;
        let ms = naive.and_utc().timestamp_millis() - i64::from(VIETNAM_OFFSET_S) * 1000;
        (0..=LAST_MS).contains(&ms).then_some(Timestamp(ms))
    }

    fn vietnam(self) -> DateTime<FixedOffset> {
        let offset = FixedOffset::east_opt(VIETNAM_OFFSET_S).unwrap_or(const { zero_offset() });
        self.utc().with_timezone(&offset)
    }

    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

const fn zero_offset() -> FixedOffset {
    match FixedOffset::east_opt(0) {
        Some(offset) => offset,
        None => panic!("zero is an offset"),
    }
}

/// A calendar day as `2026-11-21`. Written by hand, as the time of day below: several stand in each line of the journal, and chrono
/// reads its formats anew for each.
struct Day([u8; 10]);

impl Day {
    fn of(at: &impl Datelike) -> Day {
        let mut text = *b"yyyy-mm-dd";
        // A timestamp is within the years 1970 to 9999, and 10000 in Vietnam would be written as 0000.
        put(&mut text[..4], u32::try_from(at.year()).unwrap_or(0));
        put(&mut text[5..7], at.month());
        put(&mut text[8..], at.day());
        Day(text)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_ascii(f, &self.0)
    }
}

/// Writes the last digits of a number.
fn put(digits: &mut [u8], number: u32) {
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

fn write_ascii(f: &mut fmt::Formatter<'_>, text: &[u8]) -> fmt::Result {
    f.write_str(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc();
        let mut text = *b"yyyy-mm-ddThh:mm:ss.000Z";
        text[..10].copy_from_slice(&Day::of(&at).0);
        for (place, number, digits) in
            [(11, at.hour(), 2), (14, at.minute(), 2), (17, at.second(), 2), (20, at.timestamp_subsec_millis(), 3)]
        {
            put(&mut text[place..place + digits], number);
        }
        write_ascii(f, &text)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = chrono::ParseError;

    /// From RFC 3339 with any offset.
    fn from_str(text: &str) -> Result<Timestamp, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|t| Timestamp::from_millis(t.timestamp_millis()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banks_text_is_read_at_seven_hours_east() {
        let paid = Timestamp::from_vietnam_text("01/09/2024 14:30:00").unwrap();
        assert_eq!(paid.to_string(), "2024-09-01T07:30:00.000Z");
        assert_eq!(paid.vietnam_clock(), (14, 30));
        assert_eq!(paid.vietnam_day(), "2024-09-01");
    }

    #[test]
    fn text_that_is_not_a_time_is_none() {
        for text in ["", "32/01/2024 00:00:00", "2024-09-01 14:30:00", "01/09/2024", "01/09/2024 25:00:00"] {
            assert_eq!(Timestamp::from_vietnam_text(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_is_written_as_rfc_3339(ms in 0..=LAST_MS) {
            let at = Timestamp::from_millis(ms);
            let there = at.utc().with_timezone(&FixedOffset::east_opt(VIETNAM_OFFSET_S).unwrap());
            proptest::prop_assert_eq!(at.to_string(), at.utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
            proptest::prop_assume!(there.year() < 10_000);
            proptest::prop_assert_eq!(at.vietnam_day(), there.format("%Y-%m-%d").to_string());
        }
    }

    #[test]
    fn json_keeps_the_millisecond() {
        let at = Timestamp::from_millis(1_795_000_000_123);
        assert_eq!(serde_json::from_str::<Timestamp>(&serde_json::to_string(&at).unwrap()).unwrap(), at);
    }

    #[test]
    fn no_time_leaves_the_years_that_can_be_written() {
        assert_eq!(Timestamp::from_millis(-5), Timestamp::from_secs(0));
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_secs(5).millis_since(Timestamp::from_secs(9)), 0);
    }
}
