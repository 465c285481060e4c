//! Equal failures are said once, then only at each doubling of their number or every ten minutes.

/// Ten minutes, in milliseconds.
const EVERY_MS: u64 = 600_000;

/// Counts failures that say the same.
#[derive(Debug, Default)]
pub(super) struct Storm {
    key: String,
    count: u64,
    said_ms: u64,
}

impl Storm {
    /// One more failure. `Some(n)`: say it, it is the `n`th of its kind in a row. Digits make no difference: a sentence may
    /// hold a time.
    pub(super) fn seen(&mut self, sentence: &str, now_ms: u64) -> Option<u64> {
        let key: String = sentence.chars().filter(|c| !c.is_ascii_digit()).collect();
        if key != self.key {
            *self = Storm { key, count: 0, said_ms: now_ms };
        }
        self.count += 1;
        let say = self.count.is_power_of_two() || now_ms.saturating_sub(self.said_ms) >= EVERY_MS;
        if say {
            self.said_ms = now_ms;
        }
        say.then_some(self.count)
    }

    /// It is over: the next failure is said.
    pub(super) fn over(&mut self) {
        *self = Storm::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_failures_are_said_at_each_doubling() {
        let mut storm = Storm::default();
        let said: Vec<u64> = (0..100).filter_map(|n| storm.seen("refused", n)).collect();
        assert_eq!(said, [1, 2, 4, 8, 16, 32, 64]);
    }

    #[test]
    fn a_failure_that_goes_on_is_said_every_ten_minutes() {
        let mut storm = Storm::default();
        let minute = 60_000;
        let said: Vec<u64> = (0..60).filter(|n| storm.seen("refused", n * minute).is_some()).collect();
        assert_eq!(said, [0, 1, 3, 7, 15, 25, 31, 41, 51]);
    }

    #[test]
    fn another_failure_is_said_at_once_and_a_time_in_it_makes_no_other() {
        let mut storm = Storm::default();
        assert_eq!(storm.seen("expired, it says 10:01", 0), Some(1));
        assert_eq!(storm.seen("expired, it says 10:02", 1), Some(2));
        assert_eq!(storm.seen("expired, it says 10:03", 2), None);
        assert_eq!(storm.seen("refused", 3), Some(1));
        storm.over();
        assert_eq!(storm.seen("refused", 4), Some(1));
    }
}
