//! The keys of the store: one letter for the kind, then numbers in big-endian, so that order is the order of time.

use crate::ledger::state::known::By;
use sha2::{Digest, Sha256};
use vietqr_edge_core::{
    event::Reason,
    lockout::Who,
    payment::{Age, PaymentId},
    refund::{Identity, RefundId},
};

/// Where the state stands: [`super::super::state::Meta`]. It has another name in each version of the store's format, so that a store
/// of another version is taken for one that was not built to its end, and is built again.
pub const META: &[u8] = b"m2";
/// The journal that the store was begun for: without it an empty store is one that was lost.
pub const BEGUN: &[u8] = b"n";
/// Totals: [`super::super::view::Counters`].
pub const COUNTERS: &[u8] = b"c";
/// Lines are missing that may have told of refunds, and no line says so yet: the last number that a store which was set aside had
/// seen, or 0.
pub const LOST: &[u8] = b"f";

/// Payments by the keys up to this one.
pub fn known(by: By, last: &[u8]) -> Vec<u8> {
    let kind = match by {
        By::Reference => b'k',
        By::Other => b'a',
        By::WithoutReference => b'o',
    };
    prefixed(kind, last)
}

/// What the speaker made of the payments of one block of numbers.
pub fn speech(payment: PaymentId) -> Vec<u8> {
    prefixed(b'p', &(payment.0 >> SPEECH_BITS).to_be_bytes())
}

/// Payments share an entry by the upper bits of their number: fewer, larger entries keep the store's memory small. With two bits of
/// what happened the lower ones fill a byte.
pub const SPEECH_BITS: u32 = 6;

/// What few payments have: repeats, a reference that came later.
pub fn extra(payment: PaymentId) -> Vec<u8> {
    prefixed(b'x', &payment.0.to_be_bytes())
}

/// A payment that waits to be announced.
pub fn due(age: Age, payment: PaymentId) -> Vec<u8> {
    let mut key = due_from(age);
    key.extend_from_slice(&payment.0.to_be_bytes());
    key
}

/// Where the waiting payments of this age begin; they end where the next age begins.
pub fn due_from(age: Age) -> Vec<u8> {
    vec![b'd', age_number(age)]
}

/// Just behind the waiting payments of this age.
pub fn due_to(age: Age) -> Vec<u8> {
    vec![b'd', age_number(age) + 1]
}

fn age_number(age: Age) -> u8 {
    match age {
        Age::Fresh => 0,
        Age::Late => 1,
        Age::Old => 2,
    }
}

/// A part of the payments named by an announcement that has not ended.
pub fn unfinished(started: u64, part: u16) -> Vec<u8> {
    let mut key = prefixed(b's', &started.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Just behind all parts of an announcement.
pub fn unfinished_to(started: u64) -> Vec<u8> {
    prefixed(b's', &started.saturating_add(1).to_be_bytes())
}

/// Where the line with this number begins. Later lines come first: from a number's key on, the first one is its own line or the
/// nearest one before it.
pub fn position(seq: u64) -> Vec<u8> {
    prefixed(b'i', &(!seq).to_be_bytes())
}

/// The number in the key of a position.
pub fn position_number(key: &[u8]) -> Option<u64> {
    number(key).map(|descending| !descending)
}

/// A segment of the journal.
pub fn segment(number: u32) -> Vec<u8> {
    prefixed(b'g', &number.to_be_bytes())
}

/// The last `message.quarantined` for a reason.
pub fn quarantined(reason: Reason) -> Vec<u8> {
    prefixed(b'q', reason.as_str().as_bytes())
}

/// A reported unreadable place.
pub fn damage(segment: &str, offset: u64) -> Vec<u8> {
    let mut key = prefixed(b'z', segment.as_bytes());
    key.push(b'/');
    key.extend_from_slice(&offset.to_be_bytes());
    key
}

/// The first of the event numbers that a reported place lost.
pub fn missing(first: u64) -> Vec<u8> {
    // No file name begins with this.
    let mut key = b"z#".to_vec();
    key.extend_from_slice(&first.to_be_bytes());
    key
}

/// A refund to be kept at hand: in flight, or watched.
pub fn open_refund(refund: RefundId) -> Vec<u8> {
    prefixed(b'r', &refund.0.to_be_bytes())
}

/// A refund that has ended.
pub fn ended_refund(refund: RefundId) -> Vec<u8> {
    prefixed(b'e', &refund.0.to_be_bytes())
}

/// The number of an event about a refund.
pub fn history(refund: RefundId, seq: u64) -> Vec<u8> {
    let mut key = prefixed(b'h', &refund.0.to_be_bytes());
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// What the refunds of one original payment come to.
pub fn sums(identity: Identity) -> Vec<u8> {
    prefixed(b'u', &identity.0)
}

/// The refund that a `request_id` made.
pub fn request_id(request_id: &str) -> Vec<u8> {
    prefixed(b'j', &Sha256::digest(request_id)[..16])
}

/// What went back in refunds of these limits that were requested on this day.
pub fn refund_day(day: &str, limits: &str) -> Vec<u8> {
    let mut key = prefixed(b'y', day.as_bytes());
    key.push(b'/');
    key.extend_from_slice(limits.as_bytes());
    key
}

/// A refund of which something waits to be said.
pub fn refund_to_say(refund: RefundId) -> Vec<u8> {
    prefixed(b'w', &refund.0.to_be_bytes())
}

/// Wrong PINs of an operator at a caller.
pub fn tries(who: Who) -> Vec<u8> {
    prefixed(b'l', &who.to_bytes())
}

/// Wrong PINs of the last hour.
pub const HOUR: &[u8] = b"v";

/// Whose wrong PINs stand under a key.
pub fn who(key: &[u8]) -> Option<Who> {
    key.get(1..)?.try_into().ok().map(Who::from_bytes)
}

/// The first and the end key of a kind.
pub fn all(kind: u8) -> (Vec<u8>, Vec<u8>) {
    (vec![kind], vec![kind + 1])
}

/// The number behind the letter.
pub fn number(key: &[u8]) -> Option<u64> {
    key.get(1..9)?.try_into().ok().map(u64::from_be_bytes)
}

fn prefixed(kind: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + rest.len());
    key.push(kind);
    key.extend_from_slice(rest);
    key
}
