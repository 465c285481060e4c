//! Draws that a seed repeats, and what is given by the environment.
#![allow(dead_code)]

use std::{str::FromStr, time::Duration};

/// A number from the environment.
pub fn given<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: expected a number")))
}

/// Seeded choices (SplitMix64).
pub struct Seeded(pub u64);

impl Seeded {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of the first `n` numbers, from 0.
    pub fn one_of(&mut self, n: u64) -> u64 {
        self.draw() % n
    }

    /// Less than so many milliseconds.
    pub fn ms(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.one_of(below))
    }
}
