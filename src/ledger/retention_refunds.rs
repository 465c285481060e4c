//! What is forgotten of refunds: a record when its lines are dropped, what outlives it when it is too old to be asked for again.

use super::{
    index::{Batch, Index, IndexError, Look, keys},
    state::{
        entry::{self, Oldest},
        refund::{Bound, SumsEntry},
    },
};
use vietqr_edge_core::{
    refund::{Refund, RefundId},
    time::Timestamp,
};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Forgets. `too_old` is where `ledger_days` end.
///
/// # Errors
/// [`IndexError`].
pub(super) fn run(
    index: &dyn Index,
    oldest: Option<Oldest>,
    too_old: Timestamp,
    now: Timestamp,
) -> Result<(), IndexError> {
    let mut gone: Batch = Vec::new();
    if let Some(oldest) = oldest {
        records(index, oldest, &mut gone)?;
        let (from, to) = keys::all(b'j');
        for (key, value) in index.range(&from, &to, usize::MAX)? {
            let Bound { refund, at, .. } = entry::from_json(&value)?;
            let open = index.look(&keys::open_refund(refund))?.is_some();
            if refund.0 < oldest.seq && at < too_old && !open {
                gone.push((key, None));
            }
        }
    }
    let (from, to) = keys::all(b'u');
    for (key, value) in index.range(&from, &to, usize::MAX)? {
        let SumsEntry { sums, at } = entry::from_json(&value)?;
        if at < too_old && sums.open.is_none() {
            gone.push((key, None));
        }
    }
    // A day still counts for a refund that was asked for on it and is decided again on the next.
    let day = keys::refund_day(&now.minus_millis(2 * DAY_MS).vietnam_day(), "");
    let (from, _) = keys::all(b'y');
    gone.extend(index.range(&from, &day, usize::MAX)?.into_iter().map(|(key, _)| (key, None)));
    if gone.is_empty() { Ok(()) } else { index.apply(gone) }
}

/// Records of refunds that ended in lines that are dropped.
fn records(index: &dyn Index, oldest: Oldest, gone: &mut Batch) -> Result<(), IndexError> {
    let (from, _) = keys::all(b'e');
    for (key, value) in index.range(&from, &keys::ended_refund(RefundId(oldest.seq)), usize::MAX)? {
        let refund: Refund = entry::from_json(&value)?;
        if refund.updated_at >= oldest.at {
            continue;
        }
        gone.push((key, None));
        let (from, to) = (keys::history(refund.id, 0), keys::history(RefundId(refund.id.0 + 1), 0));
        gone.extend(index.range(&from, &to, usize::MAX)?.into_iter().map(|(key, _)| (key, None)));
    }
    Ok(())
}
