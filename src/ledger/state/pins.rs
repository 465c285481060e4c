//! Wrong PINs in the state: what one operator did at one caller in an entry each, the device's hour in another.

use super::{State, apply::add, entry};
use crate::ledger::{
    index::{Index, IndexError, Overlay, Pair, keys},
    journal::Open,
};
use vietqr_edge_core::{
    event::Note,
    lockout::{Hour, Lockouts, Wait, Who},
    time::Timestamp,
};

/// Reads a range of entries.
type Range<'a> = &'a dyn Fn(&[u8], &[u8]) -> Result<Vec<Pair>, IndexError>;

/// Whether a PIN of this operator at this caller is not to be checked now, as far as it is committed.
///
/// # Errors
/// [`IndexError`].
pub fn wait(index: &dyn Index, who: Who, now: Timestamp) -> Result<Option<Wait>, IndexError> {
    Ok(all(&|from, to| index.range(from, to, usize::MAX))?.wait(who, now))
}

/// What of it goes into a snapshot.
///
/// # Errors
/// [`IndexError`].
pub(super) fn take(index: &dyn Index, mut push: impl FnMut(Open)) -> Result<(), IndexError> {
    let Lockouts { pairs, hour } = all(&|from, to| index.range(from, to, usize::MAX))?;
    for (who, tries) in pairs {
        push(Open::PinTries { who, tries });
    }
    if hour != Hour::default() {
        push(Open::PinHour { hour });
    }
    Ok(())
}

/// Puts one of them back.
pub(super) fn restore(overlay: &mut Overlay<'_>, item: &Open) {
    match item {
        Open::PinTries { who, tries } => overlay.put(keys::tries(*who), entry::to_json(tries)),
        Open::PinHour { hour } => overlay.put(keys::HOUR.to_vec(), entry::to_json(hour)),
        _ => {}
    }
}

fn all(range: Range<'_>) -> Result<Lockouts, IndexError> {
    let mut lockouts = Lockouts::default();
    let (from, to) = keys::all(b'l');
    for (key, value) in range(&from, &to)? {
        if let Some(who) = keys::who(&key) {
            lockouts.pairs.insert(who, entry::from_json(&value)?);
        }
    }
    let (from, to) = keys::all(keys::HOUR[0]);
    if let Some((_, value)) = range(&from, &to)?.first() {
        lockouts.hour = entry::from_json(value)?;
    }
    Ok(lockouts)
}

impl State<'_> {
    /// Every wrong PIN that still counts.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn lockouts(&self) -> Result<Lockouts, IndexError> {
        all(&|from, to| self.overlay.range(from, to, usize::MAX))
    }

    /// Applies a note about a PIN.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn pin_note(&mut self, at: Timestamp, note: &Note) -> Result<(), IndexError> {
        let before = self.lockouts()?;
        let mut after = before.clone();
        match note {
            Note::PinWrong { who, .. } => {
                add(&mut self.counters.wrong_pins, 1);
                after.wrong(*who, at);
            }
            Note::PinRight { who } => after.right(*who),
            Note::PinsSetBack {} => after.set_back(at),
            _ => {}
        }
        for who in before.pairs.keys().filter(|who| !after.pairs.contains_key(who)) {
            self.overlay.remove(keys::tries(*who));
        }
        for (who, tries) in after.pairs.iter().filter(|(who, tries)| before.pairs.get(who) != Some(tries)) {
            self.overlay.put(keys::tries(*who), entry::to_json(tries));
        }
        if after.hour != before.hour {
            self.overlay.put(keys::HOUR.to_vec(), entry::to_json(&after.hour));
        }
        Ok(())
    }
}
