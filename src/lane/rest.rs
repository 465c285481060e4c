//! How long a refund waits before the look-up that goes before it is tried again: by itself where its own look-up failed, with all
//! others where the provider was not reached.

use std::{collections::BTreeMap, time::Duration};
use vietqr_edge_core::{
    backoff::Backoff,
    refund::{RETRY_MAX_MS, RefundId},
};

/// The first pause; it doubles up to [`RETRY_MAX_MS`].
const FIRST: Duration = Duration::from_secs(1);

/// What waits, and until when on the monotonic clock.
#[derive(Debug)]
pub(super) struct Rest {
    all: Pause,
    each: BTreeMap<RefundId, Pause>,
}

#[derive(Debug)]
struct Pause {
    backoff: Backoff,
    until_ms: u64,
}

impl Pause {
    fn new() -> Pause {
        Pause { backoff: Backoff::new(FIRST, Duration::from_millis(RETRY_MAX_MS)), until_ms: 0 }
    }

    fn again(&mut self, now_ms: u64, random: u64) {
        let pause = u64::try_from(self.backoff.pause(random).as_millis()).unwrap_or(RETRY_MAX_MS);
        self.until_ms = now_ms.saturating_add(pause);
    }
}

impl Rest {
    pub(super) fn new() -> Rest {
        Rest { all: Pause::new(), each: BTreeMap::new() }
    }

    /// The provider was not reached: no refund is tried for a while.
    pub(super) fn all(&mut self, now_ms: u64, random: u64) {
        self.all.again(now_ms, random);
    }

    /// The look-up of this refund told nothing: it is not tried for a while.
    pub(super) fn one(&mut self, refund: RefundId, now_ms: u64, random: u64) {
        self.each.entry(refund).or_insert_with(Pause::new).again(now_ms, random);
    }

    /// This refund is not tried for so long, in milliseconds.
    pub(super) fn one_for(&mut self, refund: RefundId, now_ms: u64, pause_ms: u64) {
        self.each.entry(refund).or_insert_with(Pause::new).until_ms = now_ms.saturating_add(pause_ms);
    }

    /// The provider was reached, and told something of this refund.
    pub(super) fn over(&mut self, refund: RefundId) {
        self.all = Pause::new();
        self.each.remove(&refund);
    }

    /// Whether this refund waits.
    pub(super) fn waits(&self, refund: RefundId, now_ms: u64) -> bool {
        now_ms < self.all.until_ms || self.each.get(&refund).is_some_and(|pause| now_ms < pause.until_ms)
    }

    /// The refunds that wait, all of them where `None`, and when the first pause ends.
    pub(super) fn next_ms(&mut self, now_ms: u64) -> Option<u64> {
        // One that was sent, cancelled or lapsed meanwhile is not asked for again: its pause is forgotten some time after.
        self.each.retain(|_, pause| now_ms < pause.until_ms.saturating_add(2 * RETRY_MAX_MS));
        let each = self.each.values().map(|pause| pause.until_ms);
        each.chain([self.all.until_ms]).filter(|until| *until > now_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RefundId = RefundId(1);
    const B: RefundId = RefundId(2);

    #[test]
    fn a_refund_waits_alone_and_never_longer_than_half_a_minute() {
        let mut rest = Rest::new();
        let mut now = 0;
        for _ in 0..20 {
            rest.one(A, now, u64::MAX);
            assert!(rest.waits(A, now) && !rest.waits(B, now));
            let next = rest.next_ms(now).unwrap();
            assert!(next - now <= RETRY_MAX_MS, "{next}");
            now = next;
            assert!(!rest.waits(A, now));
        }
        rest.over(A);
        rest.one(A, now, u64::MAX);
        assert_eq!(rest.next_ms(now), Some(now + 1000), "pauses begin anew after an answer");
    }

    #[test]
    fn nothing_is_tried_while_the_provider_is_not_reached() {
        let mut rest = Rest::new();
        rest.all(0, u64::MAX);
        assert!(rest.waits(A, 999) && rest.waits(B, 999) && !rest.waits(A, 1000));
        rest.over(A);
        assert!(!rest.waits(B, 0));
    }
}
