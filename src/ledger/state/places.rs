//! Where the keys of one payment are in the store, or would be: looked up once, to decide and to book.

use super::known::{self, By, Slot};
use crate::ledger::index::{IndexError, Look, Overlay};
use vietqr_edge_core::payment::{Key, Keys, Known};

/// A payment's keys with their places, as long as nothing else is put there.
pub struct Places {
    reference: Option<Slot>,
    others: Vec<(Key, Slot)>,
}

impl Places {
    /// Looks them up.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn look<L: Look + ?Sized>(state: &L, keys: Keys) -> Result<Places, IndexError> {
        let reference = keys.reference.map(|key| known::slot(state, By::Reference, &key)).transpose()?;
        let other = |key| Ok((key, known::slot(state, By::Other, &key)?));
        let others = keys.others.into_iter().map(other).collect::<Result<_, _>>()?;
        Ok(Places { reference, others })
    }

    /// Whether it has a reference.
    pub fn has_reference(&self) -> bool {
        self.reference.is_some()
    }

    /// The payment under [`Keys::reference`].
    pub fn by_reference(&self) -> Option<Known> {
        self.reference.as_ref()?.known()
    }

    /// The first payment under any of [`Keys::others`].
    pub fn by_other(&self) -> Option<Known> {
        self.others.iter().find_map(|(_, slot)| slot.known())
    }

    /// Those of [`Keys::others`] that a payment is under. No other one has a payment without a reference: that would be under both.
    pub fn taken(&self) -> impl Iterator<Item = &Key> {
        self.others.iter().filter(|(_, slot)| slot.known().is_some()).map(|(key, _)| key)
    }

    /// Puts a payment there: under its reference in place of any other, under the other keys where none is yet.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put(self, state: &mut Overlay<'_>, payment: Known) -> Result<(), IndexError> {
        let without_reference = !self.has_reference();
        if let Some(slot) = self.reference {
            slot.fill(state, payment);
        }
        let mut filled: Vec<Vec<u8>> = Vec::new();
        for (key, slot) in self.others {
            // Its entry is not what it was where the key before went into the same one.
            let slot = if filled.contains(&slot.entry) { known::slot(state, By::Other, &key)? } else { slot };
            if slot.known().is_none() {
                filled.push(slot.entry.clone());
                slot.fill(state, payment);
            }
            if without_reference {
                known::set(state, By::WithoutReference, &key, payment)?;
            }
        }
        Ok(())
    }
}
