//! The clock seam: what time it is, and how much time has passed.

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use vietqr_edge_core::time::Timestamp;

/// Two clocks: one that people read and that may jump, one that only goes forward and that waits are measured with.
pub trait Clock: Send + Sync + 'static {
    /// The system's time.
    fn now(&self) -> Timestamp;
    /// Milliseconds since some fixed moment of this process; never goes back.
    fn monotonic_ms(&self) -> u64;
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Its monotonic clock begins at 0 now.
    #[allow(clippy::disallowed_methods)] // the one place
    pub fn new() -> SystemClock {
        SystemClock { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // the one place
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
