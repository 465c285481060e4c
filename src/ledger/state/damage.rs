//! Which unreadable places of the journal were told, so that none is told twice.

use crate::ledger::index::{IndexError, Look, Overlay, keys};
use vietqr_edge_core::event::JournalDamaged;

/// Keeps that a place was told: where it is, and which numbers it lost, since a loss may be found again from another side.
pub fn record(overlay: &mut Overlay<'_>, damage: &JournalDamaged) {
    let value = damage.last_missing.map_or_else(Vec::new, |last| last.to_be_bytes().to_vec());
    if let Some(first) = damage.first_missing {
        overlay.put(keys::missing(first), value.clone());
    }
    overlay.put(keys::damage(&damage.segment, damage.offset), value);
}

/// Whether it was told, with all the numbers that it lost.
///
/// # Errors
/// [`IndexError`].
pub fn is_recorded<L: Look + ?Sized>(state: &L, damage: &JournalDamaged) -> Result<bool, IndexError> {
    let told = |key: Vec<u8>| -> Result<bool, IndexError> {
        let told = state.look(&key)?;
        Ok(told.is_some_and(|value| match (damage.last_missing, <[u8; 8]>::try_from(value)) {
            (None, _) => true,
            (Some(last), Ok(told)) => last <= u64::from_be_bytes(told),
            (Some(_), Err(_)) => false,
        }))
    };
    if told(keys::damage(&damage.segment, damage.offset))? {
        return Ok(true);
    }
    damage.first_missing.map_or(Ok(false), |first| told(keys::missing(first)))
}
