//! Pauses between tries: doubling, with full jitter; reset only after a healthy while.

use std::time::Duration;

/// Doubling pauses. The random number comes from outside.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Pauses from `first`, doubling, never above `most`.
    pub fn new(first: Duration, most: Duration) -> Backoff {
        Backoff { first, most, failures: 0 }
    }

    /// The pause after one more failure: between half and all of the doubled pause, by `random` (any u64, evenly drawn).
    pub fn pause(&mut self, random: u64) -> Duration {
        let doubled =
            self.first.saturating_mul(1u32.checked_shl(self.failures.min(31)).unwrap_or(u32::MAX)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        let half = doubled / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }

    /// Tries that failed in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// What was tried has worked for `lasted`: pauses begin anew only where that was at least `healthy`.
    pub fn worked(&mut self, lasted: Duration, healthy: Duration) {
        if lasted >= healthy {
            self.failures = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff() -> Backoff {
        Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
    }

    #[test]
    fn pauses_double_up_to_the_most() {
        let mut backoff = backoff();
        let pauses: Vec<u64> = (0..8).map(|_| backoff.pause(u64::MAX).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_pause_is_never_under_half_so_that_a_storm_is_spread_and_still_slow() {
        let mut low = backoff();
        let mut high = backoff();
        for _ in 0..100 {
            let (low, high) = (low.pause(0), high.pause(u64::MAX));
            assert!(low * 2 == high && high <= Duration::from_secs(60), "{low:?} {high:?}");
        }
    }

    #[test]
    fn a_short_success_does_not_reset() {
        let mut backoff = backoff();
        backoff.pause(0);
        backoff.pause(0);
        backoff.worked(Duration::from_secs(4), Duration::from_secs(30));
        assert_eq!(backoff.failures(), 2);
        backoff.worked(Duration::from_secs(30), Duration::from_secs(30));
        assert_eq!(backoff.failures(), 0);
    }
}
