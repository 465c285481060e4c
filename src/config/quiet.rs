//! The hours in which nothing is said.

use std::fmt;

/// `HH:MM-HH:MM` on a clock in Vietnam; may span midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The first quiet minute of the day, 0 to 1439.
    pub start_min: u32,
    /// The first minute that is not quiet again; never the same.
    pub end_min: u32,
}

impl Quiet {
    /// From `22:00-06:00`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<Quiet, String> {
        let span = text.split_once('-').and_then(|(start, end)| Some((minute(start)?, minute(end)?)));
        match span {
            Some((start_min, end_min)) if start_min != end_min => Ok(Quiet { start_min, end_min }),
            Some(_) => Err("begins when it ends; expected two different times".to_owned()),
            None => Err("expected HH:MM-HH:MM, as 22:00-06:00".to_owned()),
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (s, e) = (self.start_min, self.end_min);
        write!(f, "{:02}:{:02}-{:02}:{:02}", s / 60, s % 60, e / 60, e % 60)
    }
}

fn minute(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two =
        |t: &str| (t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.parse::<u32>().ok()).flatten();
    let (hour, minute) = (two(hour)?, two(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_are_two_different_times_of_a_day() {
        assert_eq!(Quiet::parse("22:00-06:30").unwrap(), Quiet { start_min: 1320, end_min: 390 });
        assert_eq!(Quiet::parse("00:00-23:59").unwrap().to_string(), "00:00-23:59");
        for text in ["", "22:00", "22-06", "24:00-06:00", "22:60-06:00", "2:00-06:00", "+2:00-06:00", "06:00-06:00"] {
            assert!(Quiet::parse(text).is_err(), "{text}");
        }
    }
}
