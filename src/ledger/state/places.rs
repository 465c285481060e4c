//! Where the keys of one payment are in the store, or would be: looked up once, to decide and to book.

use super::known::{self, By, Slot};
use crate::ledger::index::{IndexError, Look, Overlay};
use vietqr_edge_core::payment::{Key, Keys, Known};

/// The places of a payment's keys, as long as nothing else is put there.
pub struct Places {
    reference: Option<Slot>,
    others: Vec<Slot>,
}

impl Places {
    /// Looks them up.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn look<L: Look + ?Sized>(state: &L, keys: &Keys) -> Result<Places, IndexError> {
        let reference = keys.reference.as_ref().map(|key| known::slot(state, By::Reference, key)).transpose()?;
        let others = keys.others.iter().map(|key| known::slot(state, By::Other, key)).collect::<Result<_, _>>()?;
        Ok(Places { reference, others })
    }

    /// The payment under [`Keys::reference`].
    pub fn by_reference(&self) -> Option<Known> {
        self.reference.as_ref()?.known()
    }

    /// The first payment under any of [`Keys::others`].
    pub fn by_other(&self) -> Option<Known> {
        self.others.iter().find_map(Slot::known)
    }

    /// Those of [`Keys::others`] that a payment is under. No other one has a payment without a reference: that would be under both.
    pub fn taken<'a>(&'a self, keys: &'a Keys) -> impl Iterator<Item = &'a Key> {
        keys.others.iter().zip(&self.others).filter(|(_, slot)| slot.known().is_some()).map(|(key, _)| key)
    }

    /// Puts a payment there: under its reference in place of any other, under the other keys where none is yet.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn put(self, state: &mut Overlay<'_>, keys: &Keys, payment: Known) -> Result<(), IndexError> {
        if let Some(slot) = self.reference {
            slot.fill(state, payment);
        }
        let mut filled: Vec<Vec<u8>> = Vec::new();
        for (key, slot) in keys.others.iter().zip(self.others) {
            // Its entry is not what it was where the key before went into the same one.
            let slot = if filled.contains(&slot.entry) { known::slot(state, By::Other, key)? } else { slot };
            if slot.known().is_none() {
                filled.push(slot.entry.clone());
                slot.fill(state, payment);
            }
            if keys.reference.is_none() {
                known::set(state, By::WithoutReference, key, payment)?;
            }
        }
        Ok(())
    }
}
