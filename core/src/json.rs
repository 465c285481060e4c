//! JSON from bytes.

use serde::de::{DeserializeOwned, Error};

/// Reads JSON, which is UTF-8 (RFC 8259). Everything that is read from bytes goes through here, by way of text: serde_json's reader of
/// bytes would be the same code once more for each type.
///
/// # Errors
/// What is wrong with it.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_str(std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?)
}
