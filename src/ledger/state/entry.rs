//! How the entries of the store are written. Numbers are big-endian; what is rare or may grow is JSON.

use crate::ledger::{index::IndexError, journal::Hash};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use vietqr_edge_core::{money::Dong, payment::PaymentId, time::Timestamp};

/// Where the state stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Which journal.
    pub journal: String,
    /// Number of the last event applied.
    pub last: u64,
    /// Segment of the last line applied.
    pub segment: u32,
    /// Where that line begins.
    pub offset: u64,
    /// Its hash.
    pub hash: Hash,
    /// Oldest event held, where older ones were dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Oldest>,
}

/// Where the held part of the journal begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oldest {
    /// Its number.
    pub seq: u64,
    /// Time of its line.
    pub at: Timestamp,
}

/// What few payments have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// Notices that came again.
    pub repeats: u64,
    /// A reference that came later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_number: Option<String>,
}

/// A segment as the state knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// Number of its first event.
    pub first: u64,
    /// When it was begun.
    pub at: Timestamp,
}

/// A payment that waits to be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueEntry {
    /// How much.
    pub amount: Dong,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// When its notice came.
    pub received_at: Timestamp,
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// In which segment.
    pub segment: u32,
    /// At which byte.
    pub offset: u64,
}

/// Writes an entry as JSON.
pub fn to_json<T: Serialize>(value: &T) -> Vec<u8> {
    // Our own types of strings and numbers always serialise.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Reads an entry that is JSON.
///
/// # Errors
/// [`IndexError`].
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, IndexError> {
    vietqr_edge_core::json::from_bytes(bytes).map_err(|error| IndexError(format!("an entry can not be read: {error}")))
}

impl DueEntry {
    /// As bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24);
        bytes.extend_from_slice(&self.amount.0.to_be_bytes());
        bytes.extend_from_slice(&self.paid_at.millis().to_be_bytes());
        bytes.extend_from_slice(&self.received_at.millis().to_be_bytes());
        bytes
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<DueEntry, IndexError> {
        let [amount, paid_at, received_at] = numbers(bytes)?;
        Ok(DueEntry {
            amount: Dong(amount),
            paid_at: Timestamp::from_millis(amount_of_millis(paid_at)),
            received_at: Timestamp::from_millis(amount_of_millis(received_at)),
        })
    }
}

impl Position {
    /// As bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut bytes = u64::from(self.segment).to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.offset.to_be_bytes());
        bytes
    }

    /// From bytes.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Position, IndexError> {
        let [segment, offset] = numbers(bytes)?;
        let segment = u32::try_from(segment).map_err(|_| short())?;
        Ok(Position { segment, offset })
    }
}

/// Payments of an announcement.
pub fn ids_to_bytes(ids: &[PaymentId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.0.to_be_bytes()).collect()
}

/// Payments of an announcement.
pub fn ids_from_bytes(bytes: &[u8]) -> Vec<PaymentId> {
    bytes
        .chunks_exact(8)
        .filter_map(|chunk| chunk.try_into().ok())
        .map(|id| PaymentId(u64::from_be_bytes(id)))
        .collect()
}

fn numbers<const N: usize>(bytes: &[u8]) -> Result<[u64; N], IndexError> {
    let mut found = [0; N];
    if bytes.len() != N * 8 {
        return Err(short());
    }
    for (number, chunk) in found.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = u64::from_be_bytes(chunk.try_into().map_err(|_| short())?);
    }
    Ok(found)
}

fn amount_of_millis(bits: u64) -> i64 {
    i64::try_from(bits).unwrap_or(i64::MAX)
}

fn short() -> IndexError {
    IndexError("an entry has another length than it should".into())
}
