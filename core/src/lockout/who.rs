//! Who tried a PIN: an operator through a caller, by digests, so that a name that is none is kept nowhere.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};

/// The beginning of a SHA-256.
pub(super) type Digest = u64;

/// An operator through a caller. In JSON 32 hex digits: the caller's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who {
    pub(super) caller: Digest,
    pub(super) operator: Digest,
}

/// Text that is not 32 lower hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 hex digits")]
pub struct NotAWho;

impl Who {
    /// By the operator's name as given, and the caller's name.
    pub fn new(operator: &str, caller: &str) -> Who {
        Who { caller: digest(caller), operator: digest(operator) }
    }

    /// As bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.caller) << 64 | u128::from(self.operator)).to_be_bytes()
    }

    /// From bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Who {
        let both = u128::from_be_bytes(bytes);
        Who { caller: (both >> 64) as u64, operator: both as u64 }
    }
}

fn digest(name: &str) -> Digest {
    let whole: [u8; 32] = Sha256::digest(name).into();
    whole.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.caller, self.operator)
    }
}

impl FromStr for Who {
    type Err = NotAWho;

    fn from_str(text: &str) -> Result<Who, NotAWho> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAWho)?;
        Ok(Who::from_bytes(bytes))
    }
}

impl Serialize for Who {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Who, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
