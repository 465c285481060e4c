//! Quiet hours: `[voice] quiet`.

use crate::time::Timestamp;
use std::fmt;

/// A part of each day at +07:00, its first minute included and its last not; it may span midnight. Never empty, never a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Minutes after midnight, 0-1439.
    start: u16,
    /// The same; differs from `start`.
    end: u16,
}

/// Text that does not name quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuietError {
    /// Not two times of day.
    #[error("expected two times of day from 00:00 to 23:59 as HH:MM-HH:MM, for example 22:00-06:00")]
    Form,
    /// It would mean always or never.
    #[error("the start and the end are the same time; for a speaker that never speaks set mode = \"off\"")]
    Empty,
}

impl Quiet {
    /// From `HH:MM-HH:MM`.
    ///
    /// # Errors
    /// [`QuietError`], whose text says what was expected; the caller adds the key.
    pub fn parse(text: &str) -> Result<Quiet, QuietError> {
        let (start, end) = text.split_once('-').ok_or(QuietError::Form)?;
        let (start, end) = (minutes(start)?, minutes(end)?);
        if start == end { Err(QuietError::Empty) } else { Ok(Quiet { start, end }) }
    }

    /// Whether nothing is said at `at`.
    pub fn contains(&self, at: Timestamp) -> bool {
        let (hour, minute) = at.vietnam_clock();
        let now = hour * 60 + minute;
        let (start, end) = (u32::from(self.start), u32::from(self.end));
        if start < end { (start..end).contains(&now) } else { now >= start || now < end }
    }
}

impl fmt::Display for Quiet {
    /// As [`Quiet::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

/// `HH:MM` as minutes after midnight.
fn minutes(text: &str) -> Result<u16, QuietError> {
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else { return Err(QuietError::Form) };
    let two = |tens: u8, units: u8| {
        let both = tens.is_ascii_digit() && units.is_ascii_digit();
        both.then(|| u16::from(tens - b'0') * 10 + u16::from(units - b'0'))
    };
    match (two(h1, h2), two(m1, m2)) {
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 60 + minute),
        _ => Err(QuietError::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(clock: &str) -> Timestamp {
        format!("2026-11-21T{clock}+07:00").parse().unwrap()
    }

    #[test]
    fn a_span_over_midnight_holds_both_sides_of_it() {
        let quiet = Quiet::parse("22:00-06:00").unwrap();
        for clock in ["22:00:00", "23:59:59.999", "00:00:00", "05:59:59.999"] {
            assert!(quiet.contains(at(clock)), "{clock}");
        }
        for clock in ["21:59:59.999", "06:00:00", "12:00:00"] {
            assert!(!quiet.contains(at(clock)), "{clock}");
        }
    }

    #[test]
    fn a_span_within_a_day_holds_its_start_and_not_its_end() {
        let quiet = Quiet::parse("12:30-13:15").unwrap();
        assert!(quiet.contains(at("12:30:00")) && quiet.contains(at("13:14:59")));
        assert!(!quiet.contains(at("12:29:59")) && !quiet.contains(at("13:15:00")));
    }

    #[test]
    fn midnight_may_be_an_end() {
        let quiet = Quiet::parse("22:00-00:00").unwrap();
        assert!(quiet.contains(at("23:59:59")) && !quiet.contains(at("00:00:00")));
    }

    #[test]
    fn a_start_that_is_the_end_is_an_error() {
        assert_eq!(Quiet::parse("06:00-06:00"), Err(QuietError::Empty));
    }

    #[test]
    fn text_that_is_not_two_times_of_day_is_an_error() {
        for text in [
            "",
            "-",
            "22:00",
            "22:00-",
            "22-06",
            "24:00-06:00",
            "22:00-06:60",
            "22:00 - 06:00",
            "9:00-10:00",
            "22:00-06:00-07:00",
            "22:00–06:00",
            "2 :00-06:00",
            "+2:00-06:00",
            "-1:00-06:00",
            "22:00-06:00 ",
            "٢٢:00-06:00",
        ] {
            assert_eq!(Quiet::parse(text), Err(QuietError::Form), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_quiet_for_as_many_minutes_as_the_span_is_long(start in 0..1440_u16, long in 1..1440_u16) {
            let end = (start + long) % 1440;
            let text = format!("{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60);
            let quiet = Quiet::parse(&text).unwrap();
            prop_assert_eq!(quiet.to_string(), text);
            let midnight = at("00:00:00");
            let minutes = (0..1440).filter(|m| quiet.contains(midnight.plus_millis(m * 60_000)));
            prop_assert_eq!(minutes.count(), usize::from(long));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,14}") {
            let _ = Quiet::parse(&text);
        }
    }
}
