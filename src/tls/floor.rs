//! The earliest time it can be: a device without a battery clock boots in the past, and certificates must be checked all the same.

use crate::clock::Clock;
use rustls::{pki_types::UnixTime, time_provider::TimeProvider};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use vietqr_edge_core::time::Timestamp;

/// When this program was built: `SOURCE_DATE_EPOCH`, else the time of its commit, else 1970.
pub fn build_time() -> Timestamp {
    Timestamp::from_secs(env!("VIETQR_EDGE_BUILD_TIME").parse().unwrap_or(0))
}

/// Certificates are never checked at a time before this. Clones share one floor.
#[derive(Clone, Debug)]
pub struct Floor(Arc<AtomicI64>);

impl Floor {
    /// A floor at `at`: [`build_time`], or the last confirmed time that the ledger holds.
    pub fn new(at: Timestamp) -> Floor {
        Floor(Arc::new(AtomicI64::new(at.millis())))
    }

    /// Where it is.
    pub fn get(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Moves the floor to a time confirmed by a source that knows it. Gives `(from, to)` where that is earlier than the
    /// floor was: the caller records `clock.corrected`.
    pub fn confirm(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let from = Timestamp::from_millis(self.0.swap(at.millis(), Ordering::Relaxed));
        (from > at).then_some((from, at))
    }
}

impl Default for Floor {
    /// At [`build_time`].
    fn default() -> Self {
        Floor::new(build_time())
    }
}

/// The time at which certificates are checked: the system's, or the floor where that is later.
pub(super) struct FlooredTime {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) floor: Floor,
}

impl TimeProvider for FlooredTime {
    fn current_time(&self) -> Option<UnixTime> {
        let at = self.clock.now().max(self.floor.get());
        Some(UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0))))
    }
}

impl fmt::Debug for FlooredTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FlooredTime(not before {})", self.floor.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0)
        }
        fn monotonic_ms(&self) -> u64 {
            0
        }
    }

    fn checked_at(system: i64, floor: &Floor) -> u64 {
        FlooredTime { clock: Arc::new(At(system)), floor: floor.clone() }.current_time().unwrap().as_secs()
    }

    #[test]
    fn certificates_are_checked_at_the_later_of_system_and_floor() {
        let floor = Floor::new(Timestamp::from_secs(1_000));
        assert_eq!(checked_at(10, &floor), 1_000);
        assert_eq!(checked_at(2_000, &floor), 2_000);
    }

    #[test]
    fn a_confirmed_later_time_raises_the_floor_quietly() {
        let floor = Floor::new(Timestamp::from_secs(1_000));
        assert_eq!(floor.confirm(Timestamp::from_secs(2_000)), None);
        assert_eq!(checked_at(10, &floor), 2_000);
    }

    #[test]
    fn a_confirmed_earlier_time_lowers_the_floor_and_is_told() {
        let floor = Floor::new(Timestamp::from_secs(2_000));
        let shared = floor.clone();
        let (from, to) = floor.confirm(Timestamp::from_secs(1_500)).unwrap();
        assert_eq!((from.secs(), to.secs()), (2_000, 1_500));
        assert_eq!(checked_at(10, &shared), 1_500);
    }
}
