//! Random numbers for keys.

use anyhow::{Context, Result};
use rustls::crypto::ring;

/// `N` bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    ring::default_provider().secure_random.fill(&mut bytes).ok().context("no random numbers")?;
    Ok(bytes)
}
