//! Changes to a store that are not made yet, and the store as it will be with them.

use super::{Batch, Change, Index, IndexError, Pair};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::Bound,
};

/// What a change takes in memory beside its bytes, about.
const EACH: usize = 96;

/// Changes by key.
#[derive(Default)]
pub(super) struct Changes {
    map: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Changes {
    /// A key gets this value, or is removed.
    pub(super) fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let len = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, Vec::len);
        self.bytes += len(&value);
        match self.map.entry(key) {
            Entry::Occupied(mut held) => self.bytes -= len(&held.insert(value)),
            Entry::Vacant(free) => {
                self.bytes += free.key().len() + EACH;
                free.insert(value);
            }
        }
    }

    /// What becomes of a key; `None` where nothing does.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.map.get(key)
    }

    /// Up to `limit` entries with keys in `from..to`, ascending, of this store with the changes made.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn range(
        &self,
        under: &dyn Index,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<Pair>, IndexError> {
        let (mut merged, mut from) = (Vec::new(), from.to_vec());
        while merged.len() < limit && from.as_slice() < to {
            // What was read may be removed here: then there is more behind it.
            let most = limit - merged.len();
            let held = under.range(&from, to, most)?;
            let end = match held.last() {
                Some((last, _)) if held.len() == most => [last, &[0][..]].concat(),
                _ => to.to_vec(),
            };
            let changed =
                self.map.range::<[u8], _>((Bound::Included(from.as_slice()), Bound::Excluded(end.as_slice())));
            merge(held, changed, limit, &mut merged);
            from = end;
        }
        Ok(merged)
    }

    /// The first of those entries.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn first(&self, under: &dyn Index, from: &[u8], to: &[u8]) -> Result<Option<Pair>, IndexError> {
        first(self.first_change(from, to), under, from, to, || self.range(under, from, to, 1))
    }

    /// The first change of a key in `from..to`.
    pub(super) fn first_change(&self, from: &[u8], to: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        if from >= to {
            return None;
        }
        let (key, value) = self.map.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))).next()?;
        Some((key.clone(), value.clone()))
    }

    /// As many of them as tell what up to `limit` entries of this range will be.
    pub(super) fn part(&self, from: &[u8], to: &[u8], limit: usize) -> Changes {
        let mut part = Changes::default();
        let mut more = limit;
        if from < to {
            for (key, value) in self.map.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))) {
                if more == 0 {
                    break;
                }
                more -= usize::from(value.is_some());
                part.set(key.clone(), value.clone());
            }
        }
        part
    }

    /// How many keys change.
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The changes.
    pub(super) fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        self.map.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// The changes, to be made together.
    pub(super) fn into_batch(self) -> Batch {
        self.map.into_iter().collect()
    }
}

/// The first entry of a range where this is the first change in it; `range` finds it where that removes one.
///
/// # Errors
/// [`IndexError`].
pub(super) fn first(
    change: Option<(Vec<u8>, Option<Vec<u8>>)>,
    under: &dyn Index,
    from: &[u8],
    to: &[u8],
    range: impl FnOnce() -> Result<Vec<Pair>, IndexError>,
) -> Result<Option<Pair>, IndexError> {
    let Some((key, value)) = change else { return under.first(from, to) };
    // Nothing is before the first key there is.
    let held = if key == from { None } else { under.first(from, &key)? };
    match (held, value) {
        (Some(held), _) => Ok(Some(held)),
        (None, Some(value)) => Ok(Some((key, value))),
        // More of them may be removed.
        (None, None) => Ok(range()?.pop()),
    }
}

/// Entries and changes of the same keys, both ascending, up to `limit` in all.
fn merge<'a>(
    held: Vec<Pair>,
    changed: impl Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
    limit: usize,
    merged: &mut Vec<Pair>,
) {
    let (mut held, mut changed) = (held.into_iter().peekable(), changed.peekable());
    while merged.len() < limit {
        let next = match (held.peek(), changed.peek()) {
            (Some((key, _)), Some((change, _))) if key < *change => held.next(),
            (_, Some(_)) => {
                let Some((key, value)) = changed.next() else { break };
                // In place of what is held under it.
                held.next_if(|(held, _)| held == key);
                value.clone().map(|value| (key.clone(), value))
            }
            (Some(_), None) => held.next(),
            (None, None) => break,
        };
        merged.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MemoryIndex, *};
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0u8..4, 1..3)
    }

    proptest! {
        #[test]
        fn a_range_is_what_it_will_be_when_the_changes_are_made(
            held in prop::collection::btree_map(key(), prop::collection::vec(any::<u8>(), 0..3), 0..20),
            changed in prop::collection::vec((key(), prop::option::of(prop::collection::vec(any::<u8>(), 0..3))), 0..20),
            from in key(),
            to in key(),
            limit in prop_oneof![0usize..8, Just(usize::MAX)],
        ) {
            let index = MemoryIndex::default();
            index.apply(held.into_iter().map(|(k, v)| (k, Some(v))).collect()).unwrap();
            let mut changes = Changes::default();
            for (key, value) in changed {
                changes.set(key, value);
            }
            let before = changes.range(&index, &from, &to, limit).unwrap();
            prop_assert_eq!(&before, &changes.part(&from, &to, limit).range(&index, &from, &to, limit).unwrap());
            let first = changes.first(&index, &from, &to).unwrap();
            let bytes: usize = changes.map.iter().map(|(k, v)| k.len() + EACH + v.as_ref().map_or(0, Vec::len)).sum();
            prop_assert_eq!(changes.bytes(), bytes);
            index.apply(changes.into_batch()).unwrap();
            prop_assert_eq!(before, index.range(&from, &to, limit).unwrap());
            prop_assert_eq!(first, index.first(&from, &to).unwrap());
        }
    }
}
