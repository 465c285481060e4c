//! Refunds in the state: the records, and what must outlive them.
//!
//! | entry | until |
//! |---|---|
//! | the record, open or ended | its last line is dropped |
//! | the numbers of its events | the same |
//! | the sums of its payment, its `request_id` | `ledger_days` after the last change, also where its lines were dropped for room |
//! | what went back on a day | that day and the next are over |
//! | what waits to be said | an `announcement.*` names it |

use super::{State, entry};
use crate::ledger::index::{IndexError, Look, keys};
use serde::{Deserialize, Serialize};
use vietqr_edge_core::{
    event::{Event, Note},
    refund::{self, Fingerprint, Identity, Refund, RefundId, Speech, Sums},
    time::Timestamp,
};

/// The sums of one original payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SumsEntry {
    /// The sums.
    #[serde(flatten)]
    pub sums: Sums,
    /// Their last change.
    pub at: Timestamp,
}

/// What a `request_id` made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Which refund.
    pub refund: RefundId,
    /// Of which content.
    pub fingerprint: Fingerprint,
    /// When.
    pub at: Timestamp,
}

/// What waits to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToSay {
    /// What.
    pub speech: Speech,
    /// How much was refunded, in đồng.
    pub amount: u64,
    /// Since when.
    pub at: Timestamp,
}

/// A refund, open or ended.
///
/// # Errors
/// [`IndexError`].
pub fn get<L: Look + ?Sized>(state: &L, id: RefundId) -> Result<Option<Refund>, IndexError> {
    for key in [keys::open_refund(id), keys::ended_refund(id)] {
        if let Some(bytes) = state.look(&key)? {
            return entry::from_json(&bytes).map(Some);
        }
    }
    Ok(None)
}

/// The sums of a payment.
///
/// # Errors
/// [`IndexError`].
pub fn sums<L: Look + ?Sized>(state: &L, identity: Identity) -> Result<Sums, IndexError> {
    Ok(read::<_, SumsEntry>(state, &keys::sums(identity))?.map(|entry| entry.sums).unwrap_or_default())
}

/// What went back on a day, in đồng or minor units.
///
/// # Errors
/// [`IndexError`].
pub fn went_back<L: Look + ?Sized>(state: &L, day: &str, limits: &str) -> Result<u64, IndexError> {
    Ok(read(state, &keys::refund_day(day, limits))?.unwrap_or(0))
}

/// An entry that is JSON.
///
/// # Errors
/// [`IndexError`].
pub fn read<L: Look + ?Sized, T: serde::de::DeserializeOwned>(state: &L, key: &[u8]) -> Result<Option<T>, IndexError> {
    state.look(key)?.map(|bytes| entry::from_json(&bytes)).transpose()
}

impl State<'_> {
    /// Applies an event about a refund.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn refund_event(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), IndexError> {
        let Some(id) = event.refund(seq) else { return Ok(()) };
        let before = get(&self.overlay, id)?;
        // One whose beginning was lost: what it was about is not known.
        let Some(after) = refund::apply(before.clone(), seq, at, event) else { return Ok(()) };
        self.overlay.put(keys::history(id, seq), Vec::new());
        self.refund_changed(before.as_ref(), &after, at)
    }

    /// Applies a note about a refund.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn refund_note(&mut self, at: Timestamp, note: &Note) -> Result<(), IndexError> {
        let Some(id) = note.refund() else { return Ok(()) };
        let Some(before) = get(&self.overlay, id)? else { return Ok(()) };
        let mut after = before.clone();
        refund::apply_note(&mut after, at, note);
        self.refund_changed(Some(&before), &after, at)
    }

    fn refund_changed(&mut self, before: Option<&Refund>, after: &Refund, at: Timestamp) -> Result<(), IndexError> {
        self.put_refund(after);
        if before.is_none() {
            let Refund { id, request, .. } = after;
            let bound = Bound { refund: *id, fingerprint: request.fingerprint.clone(), at };
            self.overlay.put(keys::request_id(&request.request_id), entry::to_json(&bound));
        }
        let key = keys::sums(after.request.original.identity());
        let mut sums = read::<_, SumsEntry>(&self.overlay, &key)?.map(|entry| entry.sums).unwrap_or_default();
        sums.change(before, after);
        self.overlay.put(key, entry::to_json(&SumsEntry { sums, at }));
        self.count_day(before, after)?;
        self.count_states(before, after);
        let (said, to_say) = (before.and_then(Speech::of), Speech::of(after));
        if to_say != said {
            let key = keys::refund_to_say(after.id);
            match to_say {
                Some(speech) => {
                    self.overlay.put(key, entry::to_json(&ToSay { speech, amount: after.request.amount, at }))
                }
                None => self.overlay.remove(key),
            }
        }
        Ok(())
    }

    /// Puts a record in its place.
    pub(super) fn put_refund(&mut self, refund: &Refund) {
        let (here, not) = match refund.is_open() {
            true => (keys::open_refund(refund.id), keys::ended_refund(refund.id)),
            false => (keys::ended_refund(refund.id), keys::open_refund(refund.id)),
        };
        self.overlay.put(here, entry::to_json(refund));
        self.overlay.remove(not);
    }

    /// Nothing of it is to be said any more.
    pub(super) fn refund_said(&mut self, id: RefundId) {
        self.overlay.remove(keys::refund_to_say(id));
    }

    fn count_day(&mut self, before: Option<&Refund>, after: &Refund) -> Result<(), IndexError> {
        let ended_well = |refund: &Refund| refund.state.counts() && !refund.state.in_flight();
        let (had, has) = (before.is_some_and(ended_well), ended_well(after));
        if had == has {
            return Ok(());
        }
        let key = keys::refund_day(&after.created_at.vietnam_day(), after.request.original.form().limits());
        let sum: u64 = read(&self.overlay, &key)?.unwrap_or(0);
        // Beyond the range the day's limit is long passed.
        let amount = after.request.amount;
        let sum = if has { sum.saturating_add(amount) } else { sum.saturating_sub(amount) };
        self.overlay.put(key, entry::to_json(&sum));
        Ok(())
    }

    fn count_states(&mut self, before: Option<&Refund>, after: &Refund) {
        let states = &mut self.counters.refunds;
        if let Some(count) = before.and_then(|before| states.get_mut(&before.state)) {
            *count = count.saturating_sub(1);
        }
        *states.entry(after.state).or_default() += 1;
        states.retain(|_, count| *count > 0);
    }
}
