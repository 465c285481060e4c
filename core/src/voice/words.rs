//! A number in words.

use super::Dialect;

/// Reads `number` aloud, in full precision (voice.md, reading rules).
pub fn words(_number: u64, _dialect: Dialect) -> String {
    todo!("reader")
}
