//! Payments under their keys, up to 16 an entry.
//!
//! The store takes memory by the entry, however small it is, and a payment has three or four keys. So an entry holds all keys of its
//! kind up to its own, down to the entry before, in order; one that grows too long is cut in two.

use super::varint;
use crate::ledger::index::{IndexError, Look, Overlay, keys};
use vietqr_edge_core::{
    money::Dong,
    payment::{Key, Known, PaymentId},
};

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Account, reference, C/D.
    Reference,
    /// Anything else; the first payment under it stays.
    Other,
    /// The same, of payments without a reference.
    WithoutReference,
}

/// The most keys of an entry.
const MOST: usize = 16;

/// As much of a key as is kept. Among a million payments two have the same 80 bits with a chance below one in a million million.
const KEPT: usize = 10;

type Hash = [u8; KEPT];

/// A key, and the payment under it.
pub type Record = (Hash, Known);

/// Where a key is in the store, or would be.
pub struct Slot {
    /// Key of its entry.
    pub entry: Vec<u8>,
    by: By,
    hash: Hash,
    records: Vec<Record>,
    at: Result<usize, usize>,
}

/// Looks up where a key is.
///
/// # Errors
/// [`IndexError`].
pub fn slot<L: Look + ?Sized>(state: &L, by: By, key: &Key) -> Result<Slot, IndexError> {
    let hash = kept(key);
    let (entry, records) = entry(state, by, &hash)?;
    let at = records.binary_search_by(|(held, _)| held.cmp(&hash));
    Ok(Slot { entry, by, hash, records, at })
}

impl Slot {
    /// The payment there.
    pub fn known(&self) -> Option<Known> {
        self.at.ok().map(|at| self.records[at].1)
    }

    /// Puts a payment there, in place of any other. An entry that is too long then is cut in two. Nothing else may have changed the
    /// entry since it was looked up.
    pub fn fill(mut self, state: &mut Overlay<'_>, known: Known) {
        match self.at {
            Ok(at) => self.records[at].1 = known,
            Err(at) => self.records.insert(at, (self.hash, known)),
        }
        if self.records.len() > MOST {
            let upper = self.records.split_off(self.records.len() / 2);
            if let Some((last, _)) = self.records.last() {
                state.put(keys::known(self.by, last), write(&self.records));
            }
            self.records = upper;
        }
        state.put(self.entry, write(&self.records));
    }

    /// Takes it away if it names this payment.
    fn clear(mut self, state: &mut Overlay<'_>, payment: PaymentId) {
        let Ok(at) = self.at else { return };
        if self.records[at].1.id == payment {
            self.records.remove(at);
            if self.records.is_empty() { state.remove(self.entry) } else { state.put(self.entry, write(&self.records)) }
        }
    }
}

/// The payment under a key.
///
/// # Errors
/// [`IndexError`].
pub fn get<L: Look + ?Sized>(state: &L, by: By, key: &Key) -> Result<Option<Known>, IndexError> {
    Ok(slot(state, by, key)?.known())
}

/// Puts a payment under a key, in place of any other.
///
/// # Errors
/// [`IndexError`].
pub fn set(state: &mut Overlay<'_>, by: By, key: &Key, known: Known) -> Result<(), IndexError> {
    slot(state, by, key)?.fill(state, known);
    Ok(())
}

/// Puts a payment under a key that has none yet.
///
/// # Errors
/// [`IndexError`].
pub fn set_first(state: &mut Overlay<'_>, by: By, key: &Key, known: Known) -> Result<(), IndexError> {
    let slot = slot(state, by, key)?;
    if slot.known().is_none() {
        slot.fill(state, known);
    }
    Ok(())
}

/// Takes a key away if it names this payment.
///
/// # Errors
/// [`IndexError`].
pub fn forget(state: &mut Overlay<'_>, by: By, key: &Key, payment: PaymentId) -> Result<(), IndexError> {
    slot(state, by, key)?.clear(state, payment);
    Ok(())
}

fn kept(key: &Key) -> Hash {
    let mut hash = [0; KEPT];
    hash.copy_from_slice(&key[..KEPT]);
    hash
}

/// The entry that this key belongs to; a new one where there is none.
fn entry<L: Look + ?Sized>(state: &L, by: By, hash: &Hash) -> Result<(Vec<u8>, Vec<Record>), IndexError> {
    let last = keys::known(by, &[u8::MAX; KEPT]);
    let end = [last.as_slice(), &[0]].concat();
    Ok(match state.look_first(&keys::known(by, hash), &end)? {
        Some((key, bytes)) => (key, read(&bytes)?),
        None => (last, Vec::new()),
    })
}

fn write(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(records.len() * (KEPT + 8));
    for (hash, known) in records {
        bytes.extend_from_slice(hash);
        varint::push(&mut bytes, known.id.0);
        varint::push(&mut bytes, known.amount.0);
    }
    bytes
}

/// The keys in the bytes of an entry, with their payments.
///
/// # Errors
/// [`IndexError`] where the bytes are not those of an entry.
pub fn read(mut bytes: &[u8]) -> Result<Vec<Record>, IndexError> {
    let mut records = Vec::with_capacity(MOST + 1);
    while let Some((hash, rest)) = bytes.split_first_chunk::<KEPT>() {
        bytes = rest;
        let id = varint::pull(&mut bytes).ok_or_else(cut)?;
        let amount = varint::pull(&mut bytes).ok_or_else(cut)?;
        records.push((*hash, Known { id: PaymentId(id), amount: Dong(amount) }));
    }
    if bytes.is_empty() { Ok(records) } else { Err(cut()) }
}

fn cut() -> IndexError {
    IndexError("an entry of payments by their keys can not be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::index::{Index, MemoryIndex};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Set(Key, Known),
        First(Key, Known),
        Forget(Key, PaymentId),
        Commit,
    }

    fn hash() -> impl Strategy<Value = Key> {
        // Few, and close to each other: entries split, empty and meet.
        prop_oneof![
            (0u8..120).prop_map(|n| {
                let mut hash = [n; 16];
                hash[0] = n % 3;
                hash
            }),
            Just([0; 16]),
            Just([0xff; 16]),
        ]
    }

    fn known() -> impl Strategy<Value = Known> {
        (prop_oneof![0u64..4, any::<u64>()], any::<u64>())
            .prop_map(|(id, amount)| Known { id: PaymentId(id), amount: Dong(amount) })
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (hash(), known()).prop_map(|(hash, known)| Step::Set(hash, known)),
            3 => (hash(), known()).prop_map(|(hash, known)| Step::First(hash, known)),
            4 => (hash(), 0u64..4).prop_map(|(hash, id)| Step::Forget(hash, PaymentId(id))),
            1 => Just(Step::Commit),
        ]
    }

    proptest! {
        #[test]
        fn entries_of_many_keys_are_a_map_of_keys(steps in prop::collection::vec(step(), 0..400)) {
            let index = MemoryIndex::default();
            let mut overlay = Overlay::new(&index);
            let mut model: BTreeMap<Key, Known> = BTreeMap::new();
            // A neighbour in the order of the store, that nothing may reach.
            let beside = Known { id: PaymentId(9), amount: Dong(9) };
            set(&mut overlay, By::Other, &[0xff; 16], beside).unwrap();
            for step in steps {
                match step {
                    Step::Set(hash, known) => {
                        set(&mut overlay, By::Reference, &hash, known).unwrap();
                        model.insert(hash, known);
                    }
                    Step::First(hash, known) => {
                        set_first(&mut overlay, By::Reference, &hash, known).unwrap();
                        model.entry(hash).or_insert(known);
                    }
                    Step::Forget(hash, id) => {
                        forget(&mut overlay, By::Reference, &hash, id).unwrap();
                        if model.get(&hash).is_some_and(|known| known.id == id) {
                            model.remove(&hash);
                        }
                    }
                    Step::Commit => {
                        index.apply(overlay.into_batch()).unwrap();
                        overlay = Overlay::new(&index);
                    }
                }
            }
            index.apply(overlay.into_batch()).unwrap();
            for n in 0..120u8 {
                let mut hash = [n; 16];
                hash[0] = n % 3;
                prop_assert_eq!(get(&index, By::Reference, &hash).unwrap(), model.get(&hash).copied());
            }
            for hash in [[0; 16], [0xff; 16]] {
                prop_assert_eq!(get(&index, By::Reference, &hash).unwrap(), model.get(&hash).copied());
            }
            prop_assert_eq!(get(&index, By::Other, &[0xff; 16]).unwrap(), Some(beside));
            prop_assert_eq!(get(&index, By::WithoutReference, &[0; 16]).unwrap(), None);
            let kept: usize = index.dump().values().map(|bytes| read(bytes).unwrap().len()).sum();
            prop_assert_eq!(kept, model.len() + 1);
            prop_assert!(index.dump().values().all(|bytes| read(bytes).unwrap().len() <= MOST));
        }
    }

    #[test]
    fn a_cut_entry_is_an_error() {
        let bytes = write(&[([7; KEPT], Known { id: PaymentId(u64::MAX), amount: Dong(300) })]);
        assert_eq!(read(&bytes).unwrap().len(), 1);
        for len in 1..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
    }
}
