//! Which unreadable places of the journal were told, so that none is told twice.

use crate::ledger::index::{IndexError, Look, Overlay, keys};
use vietqr_edge_core::event::JournalDamaged;

/// The first and the last number that were told to be missing.
type Told = (u64, u64);

/// Keeps that a place was told: where it is, and which numbers it lost, since a loss may be found again from another side.
///
/// # Errors
/// [`IndexError`].
pub fn record(overlay: &mut Overlay<'_>, damage: &JournalDamaged) -> Result<(), IndexError> {
    let place = keys::damage(&damage.segment, damage.offset);
    let before = told(overlay, &place)?.flatten();
    let Some((first, last)) = numbers(damage) else {
        overlay.put(place, before.map_or_else(Vec::new, to_bytes));
        return Ok(());
    };
    overlay.put(keys::missing(first), to_bytes((first, last)));
    let (from, to) = before.unwrap_or((first, last));
    overlay.put(place, to_bytes((from.min(first), to.max(last))));
    Ok(())
}

/// What of it was not told yet; `None` where all of it was.
///
/// # Errors
/// [`IndexError`].
pub fn untold<L: Look + ?Sized>(state: &L, damage: JournalDamaged) -> Result<Option<JournalDamaged>, IndexError> {
    let place = told(state, &keys::damage(&damage.segment, damage.offset))?;
    let Some((first, last)) = numbers(&damage) else { return Ok(place.is_none().then_some(damage)) };
    let same_numbers = told(state, &keys::missing(first))?.flatten();
    let mut rest = Some((first, last));
    for (from, to) in place.flatten().into_iter().chain(same_numbers) {
        rest = rest.and_then(|rest| without(rest, (from, to)));
    }
    Ok(rest.map(|(first, last)| JournalDamaged { first_missing: Some(first), last_missing: Some(last), ..damage }))
}

/// What of `rest` lies before or behind `told`; all of it where that would be two parts.
fn without(rest: Told, told: Told) -> Option<Told> {
    match (rest.0 >= told.0, rest.1 <= told.1) {
        (true, true) => None,
        (false, true) => Some((rest.0, rest.1.min(told.0 - 1))),
        (true, false) => Some((rest.0.max(told.1.saturating_add(1)), rest.1)),
        (false, false) => Some(rest),
    }
}

fn numbers(damage: &JournalDamaged) -> Option<Told> {
    damage.first_missing.zip(damage.last_missing)
}

/// What was told under a key; the inner `None` where no numbers were.
fn told<L: Look + ?Sized>(state: &L, key: &[u8]) -> Result<Option<Option<Told>>, IndexError> {
    Ok(state.look(key)?.map(|bytes| {
        let (first, last) = bytes.split_at_checked(8)?;
        Some((u64::from_be_bytes(first.try_into().ok()?), u64::from_be_bytes(last.try_into().ok()?)))
    }))
}

fn to_bytes((first, last): Told) -> Vec<u8> {
    [first.to_be_bytes(), last.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::index::MemoryIndex;

    fn place(offset: u64, missing: Option<Told>) -> JournalDamaged {
        let (first_missing, last_missing) = missing.unzip();
        JournalDamaged { segment: "00000001.jsonl".into(), offset, first_missing, last_missing, reason: "x".into() }
    }

    #[test]
    fn only_what_was_not_told_is_told() {
        let index = MemoryIndex::default();
        let mut overlay = Overlay::new(&index);
        for damage in [place(0, Some((32, 40))), place(7, None)] {
            record(&mut overlay, &damage).unwrap();
        }
        let mut left = |damage| {
            let left = untold(&overlay, damage).unwrap();
            left.iter().for_each(|left| record(&mut overlay, left).unwrap());
            left.map(|left| numbers(&left))
        };
        assert_eq!(left(place(0, Some((32, 40)))), None);
        assert_eq!(left(place(9, Some((32, 40)))), None, "the same numbers, found from another side");
        assert_eq!(left(place(0, Some((27, 40)))), Some(Some((27, 31))));
        assert_eq!(left(place(0, Some((27, 45)))), Some(Some((41, 45))));
        assert_eq!(left(place(0, Some((27, 45)))), None);
        assert_eq!(left(place(7, None)), None);
        assert_eq!(left(place(7, Some((50, 51)))), Some(Some((50, 51))), "its cost was not known before");
        assert_eq!(left(place(0, None)), None);
    }
}
