//! What the speaker made of each payment, 64 payment numbers an entry: the store takes memory by the entry and by the byte.

use super::varint;
use crate::ledger::{
    index::{IndexError, Look, Overlay, keys},
    view::Speech,
};
use vietqr_edge_core::{payment::PaymentId, time::Timestamp};

const STARTED: u8 = 0;
const FINISHED: u8 = 1;
const FAILED: u8 = 2;
const SKIPPED: u8 = 3;

/// One record: what happened and low bits of the number in a byte; when it began, in milliseconds after the record before it; how
/// many milliseconds later it ended.
#[derive(Clone, Copy)]
struct Record {
    tag: u8,
    begun: i64,
    took: u64,
}

/// What the speaker made of a payment; `None` where nothing was recorded.
///
/// # Errors
/// [`IndexError`].
pub fn get<L: Look + ?Sized>(state: &L, payment: PaymentId) -> Result<Option<Speech>, IndexError> {
    Ok(block(state, payment)?.into_iter().find(|record| record.is_of(payment)).map(Record::speech))
}

/// Records it.
///
/// # Errors
/// [`IndexError`].
pub fn set(state: &mut Overlay<'_>, payment: PaymentId, speech: Speech) -> Result<(), IndexError> {
    let mut block = block(state, payment)?;
    let Some(record) = Record::new(payment, speech) else { return Ok(()) };
    match block.iter_mut().find(|record| record.is_of(payment)) {
        Some(held) => *held = record,
        None => block.push(record),
    }
    state.put(keys::speech(payment), write(&block));
    Ok(())
}

/// Takes back what was recorded.
///
/// # Errors
/// [`IndexError`].
pub fn clear(state: &mut Overlay<'_>, payment: PaymentId) -> Result<(), IndexError> {
    let mut block = block(state, payment)?;
    if let Some(at) = block.iter().position(|record| record.is_of(payment)) {
        block.remove(at);
        let key = keys::speech(payment);
        if block.is_empty() { state.remove(key) } else { state.put(key, write(&block)) }
    }
    Ok(())
}

fn low(payment: PaymentId) -> u8 {
    (payment.0 & ((1 << keys::SPEECH_BITS) - 1)) as u8
}

fn block<L: Look + ?Sized>(state: &L, payment: PaymentId) -> Result<Vec<Record>, IndexError> {
    let bytes = state.look(&keys::speech(payment))?.unwrap_or_default();
    read(&bytes).ok_or_else(|| IndexError("an entry of announced payments can not be read".into()))
}

fn read(mut bytes: &[u8]) -> Option<Vec<Record>> {
    let (mut block, mut before) = (Vec::with_capacity(1 << keys::SPEECH_BITS), 0i64);
    while let Some((tag, rest)) = bytes.split_first() {
        bytes = rest;
        before = before.wrapping_add(varint::unzigzag(varint::pull(&mut bytes)?));
        block.push(Record { tag: *tag, begun: before, took: varint::pull(&mut bytes)? });
    }
    Some(block)
}

fn write(block: &[Record]) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::with_capacity(block.len() * 8 + 8), 0i64);
    for record in block {
        bytes.push(record.tag);
        varint::push(&mut bytes, varint::zigzag(record.begun.wrapping_sub(before)));
        varint::push(&mut bytes, record.took);
        before = record.begun;
    }
    bytes
}

impl Record {
    fn new(payment: PaymentId, speech: Speech) -> Option<Record> {
        let (kind, begun, ended) = match speech {
            Speech::Never | Speech::Due => return None,
            Speech::Started(at) => (STARTED, at, at),
            Speech::Finished(begun, ended) => (FINISHED, begun, ended),
            Speech::Failed(begun, ended) => (FAILED, begun, ended),
            Speech::Skipped(at) => (SKIPPED, at, at),
        };
        let took = ended.millis_since(begun);
        Some(Record { tag: kind << keys::SPEECH_BITS | low(payment), begun: begun.millis(), took })
    }

    fn is_of(&self, payment: PaymentId) -> bool {
        self.tag & ((1 << keys::SPEECH_BITS) - 1) == low(payment)
    }

    fn speech(self) -> Speech {
        let begun = Timestamp::from_millis(self.begun);
        let ended = begun.plus_millis(self.took);
        match self.tag >> keys::SPEECH_BITS {
            STARTED => Speech::Started(begun),
            FINISHED => Speech::Finished(begun, ended),
            FAILED => Speech::Failed(begun, ended),
            _ => Speech::Skipped(begun),
        }
    }
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
        assert!(
            index.dump().values().all(|bytes| bytes.len() <= 64 * 8 + 8),
            "seven bytes a payment, and the first time"
        );
        let mut overlay = Overlay::new(&index);
        clear(&mut overlay, PaymentId(70)).unwrap();
        index.apply(overlay.into_batch()).unwrap();
        assert_eq!(get(&index, PaymentId(70)).unwrap(), None);
        assert_eq!(get(&index, PaymentId(71)).unwrap(), Some(told(71)));
    }
}
