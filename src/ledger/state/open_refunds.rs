//! Refunds in the snapshot: what is open, and what must outlive the lines that are dropped.

use super::{State, entry, refund, snapshot::each};
use crate::ledger::{
    index::{Index, IndexError, keys},
    journal::Open,
};
use vietqr_edge_core::refund::{Refund, RefundId};

/// Makes an entry of the store an item of the snapshot.
type Item = fn(&[u8], &[u8]) -> Result<Option<Open>, IndexError>;

/// All of it.
///
/// # Errors
/// [`IndexError`].
pub(super) fn take(index: &dyn Index, mut push: impl FnMut(Open)) -> Result<(), IndexError> {
    let mut all = |kind: u8, item: Item| {
        let (from, to) = keys::all(kind);
        each(index, from, &to, |key, value| {
            if let Some(item) = item(key, value)? {
                push(item);
            }
            Ok(())
        })
    };
    all(b'r', |_, value| Ok(Some(Open::Refund { refund: Box::new(entry::from_json(value)?) })))?;
    all(b'u', |key, value| {
        let identity = hex::encode(key.get(1..).unwrap_or_default());
        Ok(Some(Open::Sums { identity, entry: entry::from_json(value)? }))
    })?;
    all(b'j', |key, value| {
        let digest = hex::encode(key.get(1..).unwrap_or_default());
        Ok(Some(Open::RequestId { digest, bound: entry::from_json(value)? }))
    })?;
    all(b'y', |key, value| {
        let day = String::from_utf8_lossy(key.get(1..).unwrap_or_default()).into_owned();
        Ok(Some(Open::RefundDay { day, sum: entry::from_json(value)? }))
    })?;
    all(b'w', |key, value| {
        let Some(number) = keys::number(key) else { return Ok(None) };
        Ok(Some(Open::RefundToSay { refund: RefundId(number), to_say: entry::from_json(value)? }))
    })
}

/// Puts one of them back.
pub(super) fn restore(state: &mut State<'_>, item: &Open) {
    let key = |kind: u8, digest: &str| {
        let mut key = vec![kind];
        // What is not hex is not a key of ours: it finds nothing and disturbs nothing.
        key.extend(hex::decode(digest).unwrap_or_default());
        key
    };
    match item {
        Open::Refund { refund } => state.put_refund(refund),
        Open::Sums { identity, entry } => state.overlay.put(key(b'u', identity), entry::to_json(entry)),
        Open::RequestId { digest, bound } => state.overlay.put(key(b'j', digest), entry::to_json(bound)),
        Open::RefundDay { day, sum } => {
            let mut key = vec![b'y'];
            key.extend_from_slice(day.as_bytes());
            state.overlay.put(key, entry::to_json(sum));
        }
        Open::RefundToSay { refund, to_say } => {
            state.overlay.put(keys::refund_to_say(*refund), entry::to_json(to_say));
        }
        Open::Counters { .. }
        | Open::Due { .. }
        | Open::Unfinished { .. }
        | Open::Quarantined { .. }
        | Open::PinTries { .. }
        | Open::PinHour { .. }
        | Open::Dropped { .. } => {}
    }
}

/// After lines that could not be read: what waited to be said may have been said in them.
///
/// # Errors
/// [`IndexError`].
pub(super) fn forget_to_say(state: &mut State<'_>) -> Result<(), IndexError> {
    let (from, to) = keys::all(b'w');
    for (key, _) in state.overlay.range(&from, &to, usize::MAX)? {
        state.overlay.remove(key);
    }
    Ok(())
}

impl State<'_> {
    /// The refunds in flight.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn refunds_in_flight(&self) -> Result<Vec<Refund>, IndexError> {
        let (from, to) = keys::all(b'r');
        let all = self.overlay.range(&from, &to, usize::MAX)?;
        let all = all.into_iter().map(|(_, value)| entry::from_json::<Refund>(&value));
        all.filter(|refund| refund.as_ref().is_ok_and(|refund| refund.state.in_flight()) || refund.is_err()).collect()
    }

    /// A refund, open or ended.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn refund(&self, id: RefundId) -> Result<Option<Refund>, IndexError> {
        refund::get(&self.overlay, id)
    }
}
