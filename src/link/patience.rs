//! How long to wait before the next try, and when another device has our client id.

use super::options::Timing;
use std::{collections::VecDeque, time::Duration};
use vietqr_edge_core::backoff::Backoff;

/// Within this time, in milliseconds, [`BRIEF_TIMES`] brief connections are a take-over.
const BRIEF_WITHIN_MS: u64 = 60_000;
const BRIEF_TIMES: usize = 3;

/// Back-off that resets only after a healthy connection, and a memory of brief ones.
#[derive(Debug)]
pub(super) struct Patience {
    timing: Timing,
    backoff: Backoff,
    brief: VecDeque<u64>,
    taken: bool,
}

impl Patience {
    pub(super) fn new(timing: Timing) -> Patience {
        let backoff = Backoff::new(timing.first_pause, timing.most_pause);
        Patience { timing, backoff, brief: VecDeque::new(), taken: false }
    }

    /// A connection ended that had lasted `lasted` since its CONNACK. True where it was healthy.
    pub(super) fn lasted(&mut self, lasted: Duration) -> bool {
        self.backoff.worked(lasted, self.timing.healthy);
        let healthy = lasted >= self.timing.healthy;
        if healthy {
            self.brief.clear();
            self.taken = false;
        }
        healthy
    }

    /// The broker ended a connection `lasted` after its CONNACK. True: it does so again and again, as a broker does where two
    /// clients have one id.
    pub(super) fn ended_by_broker(&mut self, lasted: Duration, now_ms: u64) -> bool {
        if lasted >= self.timing.brief {
            return false;
        }
        self.brief.push_back(now_ms);
        while self.brief.front().is_some_and(|first| now_ms.saturating_sub(*first) > BRIEF_WITHIN_MS) {
            self.brief.pop_front();
        }
        // Once seen it needs no three more: the pauses are long by then.
        self.taken |= self.brief.len() >= BRIEF_TIMES;
        self.taken
    }

    /// The pause after an ordinary failure.
    pub(super) fn pause(&mut self, random: u64) -> Duration {
        self.backoff.pause(random)
    }

    /// The pause while nothing can be stored.
    pub(super) fn full(&mut self, random: u64) -> Duration {
        self.backoff.pause(random).max(self.timing.full_pause)
    }

    /// The pause where trying soon makes things worse; the random part keeps two devices from meeting again.
    pub(super) fn long(&mut self, random: u64) -> Duration {
        let most = self.timing.most_pause;
        most + (most / 4).mul_f64(random as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn patience() -> Patience {
        Patience::new(Timing::default())
    }

    #[test]
    fn pauses_begin_anew_only_after_a_healthy_connection() {
        let mut patience = patience();
        for _ in 0..10 {
            patience.pause(0);
        }
        assert!(!patience.lasted(29 * SECOND));
        assert_eq!(patience.pause(u64::MAX), 60 * SECOND);
        assert!(patience.lasted(30 * SECOND));
        assert_eq!(patience.pause(u64::MAX), SECOND);
    }

    #[test]
    fn three_brief_connections_within_a_minute_are_a_take_over() {
        let mut patience = patience();
        assert!(!patience.ended_by_broker(SECOND, 1_000));
        assert!(!patience.ended_by_broker(SECOND, 20_000));
        assert!(patience.ended_by_broker(SECOND, 61_000));
        // The next one comes after the long pause, and is one all the same.
        assert!(patience.ended_by_broker(SECOND, 200_000));
        patience.lasted(30 * SECOND);
        assert!(!patience.ended_by_broker(SECOND, 300_000));
    }

    #[test]
    fn brief_connections_far_apart_or_long_ones_are_no_take_over() {
        let mut patience = patience();
        for minute in 0..5 {
            assert!(!patience.ended_by_broker(SECOND, minute * 61_000));
        }
        for second in 0..5 {
            assert!(!patience.ended_by_broker(5 * SECOND, 400_000 + second));
        }
    }

    #[test]
    fn a_full_disk_is_tried_every_five_seconds_at_most() {
        assert!(patience().full(0) >= 5 * SECOND);
        assert!(patience().long(0) >= 60 * SECOND);
    }
}
