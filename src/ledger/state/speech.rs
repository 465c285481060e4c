//! What the speaker made of each payment, 32 payment numbers an entry.

use crate::ledger::{
    index::{IndexError, Look, Overlay, keys},
    view::Speech,
};
use vietqr_edge_core::{payment::PaymentId, time::Timestamp};

/// One record: low bits of the number, what happened, when it began, how many milliseconds later it ended.
const RECORD: usize = 1 + 1 + 8 + 4;

const STARTED: u8 = 1;
const FINISHED: u8 = 2;
const FAILED: u8 = 3;
const SKIPPED: u8 = 4;

/// What the speaker made of a payment; `None` where nothing was recorded.
///
/// # Errors
/// [`IndexError`].
pub fn get<L: Look + ?Sized>(state: &L, payment: PaymentId) -> Result<Option<Speech>, IndexError> {
    let block = state.look(&keys::speech(payment))?.unwrap_or_default();
    Ok(find(&block, payment).and_then(|at| read(&block[at..])))
}

/// Records it.
///
/// # Errors
/// [`IndexError`].
pub fn set(state: &mut Overlay<'_>, payment: PaymentId, speech: Speech) -> Result<(), IndexError> {
    let key = keys::speech(payment);
    let mut block = state.look(&key)?.unwrap_or_default();
    let Some(record) = write(payment, speech) else { return Ok(()) };
    match find(&block, payment) {
        Some(at) => block[at..at + RECORD].copy_from_slice(&record),
        None => block.extend_from_slice(&record),
    }
    state.put(key, block);
    Ok(())
}

/// Takes back what was recorded.
///
/// # Errors
/// [`IndexError`].
pub fn clear(state: &mut Overlay<'_>, payment: PaymentId) -> Result<(), IndexError> {
    let key = keys::speech(payment);
    let mut block = state.look(&key)?.unwrap_or_default();
    if let Some(at) = find(&block, payment) {
        block.drain(at..at + RECORD);
        if block.is_empty() { state.remove(key) } else { state.put(key, block) }
    }
    Ok(())
}

fn low(payment: PaymentId) -> u8 {
    (payment.0 & ((1 << keys::SPEECH_BITS) - 1)) as u8
}

fn find(block: &[u8], payment: PaymentId) -> Option<usize> {
    block.chunks_exact(RECORD).position(|record| record[0] == low(payment)).map(|n| n * RECORD)
}

fn read(record: &[u8]) -> Option<Speech> {
    let begun = i64::from_be_bytes(record.get(2..10)?.try_into().ok()?);
    let took = u32::from_be_bytes(record.get(10..14)?.try_into().ok()?);
    let (begun, ended) = (Timestamp::from_millis(begun), Timestamp::from_millis(begun).plus_millis(u64::from(took)));
    match record[1] {
        STARTED => Some(Speech::Started(begun)),
        FINISHED => Some(Speech::Finished(begun, ended)),
        FAILED => Some(Speech::Failed(begun, ended)),
        SKIPPED => Some(Speech::Skipped(begun)),
        _ => None,
    }
}

fn write(payment: PaymentId, speech: Speech) -> Option<[u8; RECORD]> {
    let (kind, begun, ended) = match speech {
        Speech::Never | Speech::Due => return None,
        Speech::Started(at) => (STARTED, at, at),
        Speech::Finished(begun, ended) => (FINISHED, begun, ended),
        Speech::Failed(begun, ended) => (FAILED, begun, ended),
        Speech::Skipped(at) => (SKIPPED, at, at),
    };
    let took = u32::try_from(ended.millis_since(begun)).unwrap_or(u32::MAX);
    let mut record = [0; RECORD];
    record[0] = low(payment);
    record[1] = kind;
    record[2..10].copy_from_slice(&begun.millis().to_be_bytes());
    record[10..14].copy_from_slice(&took.to_be_bytes());
    Some(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::index::{Index, MemoryIndex};

    #[test]
    fn neighbours_in_an_entry_do_not_disturb_each_other() {
        let index = MemoryIndex::default();
        let at = |s| Timestamp::from_secs(1_795_000_000 + s);
        let told = |n: u64| match n % 4 {
            0 => Speech::Started(at(n as i64)),
            1 => Speech::Finished(at(n as i64), at(n as i64 + 3)),
            2 => Speech::Failed(at(n as i64), at(n as i64 + 2)),
            _ => Speech::Skipped(at(n as i64)),
        };
        for n in 1..200 {
            let mut overlay = Overlay::new(&index);
            set(&mut overlay, PaymentId(n), Speech::Started(at(0))).unwrap();
            set(&mut overlay, PaymentId(n), told(n)).unwrap();
            index.apply(overlay.into_batch()).unwrap();
        }
        for n in 1..200 {
            assert_eq!(get(&index, PaymentId(n)).unwrap(), Some(told(n)));
        }
        assert_eq!(get(&index, PaymentId(500)).unwrap(), None);
        let mut overlay = Overlay::new(&index);
        clear(&mut overlay, PaymentId(70)).unwrap();
        index.apply(overlay.into_batch()).unwrap();
        assert_eq!(get(&index, PaymentId(70)).unwrap(), None);
        assert_eq!(get(&index, PaymentId(71)).unwrap(), Some(told(71)));
    }
}
