//! Sentences about the link. They are not about money: dropped, never queued, where money waits.

/// Without the broker for so long, it is said, in milliseconds (DESIGN 3.2, `say_link`).
const LOST_AFTER_MS: u64 = 60_000;

/// Whether the broker is there, as the link tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Connected, and every subscription granted.
    pub up: bool,
    /// Since when, in milliseconds of the clock's monotonic time.
    pub since_ms: u64,
}

/// What there is to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// `Mất kết nối mạng`.
    Lost,
    /// `Đã kết nối`.
    Back,
    /// Nothing for so many milliseconds.
    Later(u64),
    /// Nothing until the link changes.
    None,
}

/// Which outage was dealt with, and whether it was said.
#[derive(Debug, Default)]
pub(super) struct Watcher {
    /// Since when the outage is down that was said or dropped.
    outage: Option<u64>,
    /// It was said, so its end is news too.
    told: bool,
}

impl Watcher {
    /// What is due now. `may_speak` is false where money waits or quiet hours hold: what is due then is dropped for good.
    pub(super) fn news(&mut self, link: Link, now_ms: u64, may_speak: bool) -> News {
        if link.up {
            let back = std::mem::take(&mut self.told) && may_speak;
            return if back { News::Back } else { News::None };
        }
        if self.outage == Some(link.since_ms) {
            return News::None;
        }
        let due_ms = link.since_ms.saturating_add(LOST_AFTER_MS);
        if now_ms < due_ms {
            return News::Later(due_ms - now_ms);
        }
        self.outage = Some(link.since_ms);
        // An end that nobody saw between two outages is not told any more.
        self.told = may_speak;
        if may_speak { News::Lost } else { News::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(since_ms: u64) -> Link {
        Link { up: false, since_ms }
    }

    fn up(since_ms: u64) -> Link {
        Link { up: true, since_ms }
    }

    #[test]
    fn a_loss_is_said_once_after_a_minute_and_its_end_after_it() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.news(down(5_000), 5_000, true), News::Later(60_000));
        assert_eq!(watcher.news(down(5_000), 64_999, true), News::Later(1));
        assert_eq!(watcher.news(down(5_000), 65_000, true), News::Lost);
        assert_eq!(watcher.news(down(5_000), 700_000, true), News::None);
        assert_eq!(watcher.news(up(700_000), 700_001, true), News::Back);
        assert_eq!(watcher.news(up(700_000), 700_002, true), News::None);
    }

    #[test]
    fn an_end_is_not_said_where_its_loss_was_not() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.news(down(0), 59_999, true), News::Later(1));
        assert_eq!(watcher.news(up(60_000), 60_000, true), News::None);
        assert_eq!(watcher.news(down(100_000), 160_000, false), News::None);
        assert_eq!(watcher.news(up(170_000), 170_000, true), News::None);
    }

    #[test]
    fn what_may_not_be_said_when_it_is_due_is_dropped() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.news(down(0), 60_000, false), News::None);
        assert_eq!(watcher.news(down(0), 61_000, true), News::None, "not said late");
        assert_eq!(watcher.news(down(100_000), 160_000, true), News::Lost, "the next outage is news again");
        assert_eq!(watcher.news(up(170_000), 170_000, false), News::None);
        assert_eq!(watcher.news(up(170_000), 171_000, true), News::None, "not said late");
    }
}
