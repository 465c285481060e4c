//! Wrong PINs, slowed down (DESIGN 3.4).
//!
//! [`WRONG_MAX`] wrong ones in a row by one operator through one caller lock that pair out for five minutes, the next as many for ten,
//! up to an hour; a right one ends the row and the doubling. [`HOUR_MAX`] an hour are the device's: then only callers with fewer than
//! [`WRONG_MAX`] of their own in that hour are heard, so that whoever guesses at one till does not lock out the others. More than
//! [`HOUR_LIMIT`] an hour are never heard.
//!
//! While it is locked nothing is checked, so nothing is counted either: what is kept stays small whatever is tried.

mod who;

#[cfg(test)]
mod tests;

pub use who::{NotAWho, Who};

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use who::Digest;

/// Wrong PINs in a row that lock an operator out at a caller; also what each caller may have an hour, whatever others do.
pub const WRONG_MAX: u32 = 5;
/// Wrong PINs an hour that the device takes from whoever it may be.
pub const HOUR_MAX: usize = 30;
/// Wrong PINs an hour that are ever taken.
pub const HOUR_LIMIT: usize = 64;
/// The first lock, in milliseconds.
pub const FIRST_LOCK_MS: u64 = 5 * 60_000;
/// The longest lock, in milliseconds.
pub const LONGEST_LOCK_MS: u64 = HOUR_MS;
/// After so long without a wrong one a row is forgotten, in milliseconds.
pub const FORGET_MS: u64 = 24 * HOUR_MS;
/// Pairs that are kept; of more, those that were longest still are forgotten, locked ones last.
pub const PAIRS_MAX: usize = 256;

const HOUR_MS: u64 = 3_600_000;

/// What one operator did at one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Wrong ones since the last right one or the last lock.
    pub wrong: u32,
    /// Locks since the last right one.
    pub locks: u32,
    /// The last wrong one.
    pub last: Timestamp,
    /// How long the lock lasts from `last` on, in milliseconds; 0 where there is none.
    #[serde(default)]
    pub lock_ms: u64,
}

/// Wrong PINs of the last hour, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// By which caller, when.
    wrong: Vec<(Digest, Timestamp)>,
    /// When it was last told that there are too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<Timestamp>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lockouts {
    /// By operator and caller.
    pub pairs: BTreeMap<Who, Tries>,
    /// By caller, for the device.
    pub hour: Hour,
}

/// No PIN is checked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Milliseconds from now on.
    pub ms: u64,
    /// What it rests on is in the future: the clock was set back, and [`Lockouts::set_back`] is to be called.
    pub future: bool,
}

/// What a wrong PIN brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// This operator is locked out at this caller for so many milliseconds.
    Pair(u64),
    /// The device has had too many; it takes more from other callers again after so many milliseconds at the latest.
    Device(u64),
}

impl Lockouts {
    /// Whether a PIN of this operator at this caller is not to be checked now.
    pub fn wait(&self, who: Who, now: Timestamp) -> Option<Wait> {
        let pair = self.pairs.get(&who).and_then(|tries| tries.wait(now));
        let hour = self.hour.wait(who.caller, now);
        [pair, hour].into_iter().flatten().max_by_key(|wait| (wait.ms, wait.future))
    }

    /// A PIN was wrong. Every lock that begins with it.
    pub fn wrong(&mut self, who: Who, now: Timestamp) -> Vec<Lock> {
        self.set_back(now);
        self.pairs.retain(|_, tries| now.millis_since(tries.last) < FORGET_MS);
        let fresh = Tries { wrong: 0, locks: 0, last: now, lock_ms: 0 };
        let tries = self.pairs.entry(who).or_insert(fresh);
        let mut locks: Vec<Lock> = tries.wrong(now).map(Lock::Pair).into_iter().collect();
        locks.extend(self.hour.wrong(who.caller, now).map(Lock::Device));
        self.forget_surplus(who, now);
        locks
    }

    /// A PIN was right: the row ends. The device's hour stays as it is, or one who has a PIN could guess others' for ever.
    pub fn right(&mut self, who: Who) {
        self.pairs.remove(&who);
    }

    /// The clock was set back: what seems to come from the future was now. Locks then last from now on, not until a time that may
    /// be years away, and no restart ends one.
    pub fn set_back(&mut self, now: Timestamp) {
        for tries in self.pairs.values_mut() {
            tries.last = tries.last.min(now);
        }
        for (_, at) in &mut self.hour.wrong {
            *at = (*at).min(now);
        }
        self.hour.told = self.hour.told.map(|told| told.min(now));
    }

    fn forget_surplus(&mut self, but: Who, now: Timestamp) {
        while self.pairs.len() > PAIRS_MAX {
            let others = self.pairs.iter().filter(|(who, _)| **who != but);
            let stillest = others.min_by_key(|(_, tries)| (tries.wait(now).is_some(), tries.last)).map(|(who, _)| *who);
            let Some(who) = stillest else { return };
            self.pairs.remove(&who);
        }
    }
}

impl Tries {
    fn wait(&self, now: Timestamp) -> Option<Wait> {
        let left = self.lock_ms.saturating_sub(now.millis_since(self.last));
        (left > 0).then_some(Wait { ms: left, future: self.last > now })
    }

    /// How long it locks, where it does.
    fn wrong(&mut self, now: Timestamp) -> Option<u64> {
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong < WRONG_MAX {
            // One that was being checked when the lock began does not end it.
            if self.wait(now).is_none() {
                (self.last, self.lock_ms) = (now, 0);
            }
            return None;
        }
        let doubled = FIRST_LOCK_MS.checked_shl(self.locks).unwrap_or(LONGEST_LOCK_MS).min(LONGEST_LOCK_MS);
        (self.wrong, self.locks) = (0, self.locks.saturating_add(1).min(u32::BITS));
        (self.last, self.lock_ms) = (now, doubled);
        Some(doubled)
    }
}

impl Hour {
    fn wait(&self, caller: Digest, now: Timestamp) -> Option<Wait> {
        let all = self.recent(now, |_| true);
        let own = self.recent(now, |by| by == caller);
        let limit = all.until(HOUR_LIMIT, now);
        // Over when the device has had fewer, or this caller has.
        let shared = all.until(HOUR_MAX, now).zip(own.until(WRONG_MAX as usize, now)).map(|(all, own)| all.min(own));
        let ms = limit.max(shared)?;
        Some(Wait { ms, future: self.wrong.iter().any(|(_, at)| *at > now) })
    }

    /// Milliseconds after which it takes more again, where it has just had too many and that was not told within the hour.
    fn wrong(&mut self, caller: Digest, now: Timestamp) -> Option<u64> {
        self.wrong.retain(|(_, at)| now.millis_since(*at) < HOUR_MS);
        self.wrong.push((caller, now));
        let surplus = self.wrong.len().saturating_sub(HOUR_LIMIT);
        self.wrong.drain(..surplus);
        let ms = self.recent(now, |_| true).until(HOUR_MAX, now)?;
        if self.told.is_some_and(|told| now.millis_since(told) < HOUR_MS) {
            return None;
        }
        self.told = Some(now);
        Some(ms)
    }

    fn recent(&self, now: Timestamp, of: impl Fn(Digest) -> bool) -> Recent {
        let wrong = self.wrong.iter().filter(|(by, at)| of(*by) && now.millis_since(*at) < HOUR_MS);
        Recent(wrong.map(|(_, at)| *at).collect())
    }
}

/// When wrong ones of the last hour were, oldest first.
struct Recent(Vec<Timestamp>);

impl Recent {
    /// Milliseconds until there are fewer than `most`; `None` where there are.
    fn until(&self, most: usize, now: Timestamp) -> Option<u64> {
        let over = self.0.len().checked_sub(most)?;
        // The one with whose end there are fewer.
        Some(HOUR_MS.saturating_sub(now.millis_since(*self.0.get(over)?)).max(1))
    }
}
