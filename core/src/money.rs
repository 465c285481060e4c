//! Money: whole đồng, exact. There is no smaller unit in circulation and no fraction on the wire.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest amount a message may name, in đồng: 13 digits, as the QR standard (tag 54) allows.
pub const MAX_AMOUNT: u64 = 9_999_999_999_999;

/// An amount of money in whole đồng.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dong(pub u64);

/// A sum left the range of `u64`. Nothing was computed; the caller refuses what asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of these amounts does not fit in 64 bits")]
pub struct Overflow;

impl Dong {
    /// No money.
    pub const ZERO: Dong = Dong(0);

    /// The exact sum.
    ///
    /// # Errors
    /// [`Overflow`] where it does not fit.
    pub fn plus(self, other: Dong) -> Result<Dong, Overflow> {
        self.0.checked_add(other.0).map(Dong).ok_or(Overflow)
    }

    /// The exact difference, or `None` where `other` is more.
    pub fn minus(self, other: Dong) -> Option<Dong> {
        self.0.checked_sub(other.0).map(Dong)
    }

    /// The exact sum of many.
    ///
    /// # Errors
    /// [`Overflow`] where it does not fit.
    pub fn sum(amounts: impl IntoIterator<Item = Dong>) -> Result<Dong, Overflow> {
        amounts.into_iter().try_fold(Dong::ZERO, Dong::plus)
    }
}

impl fmt::Display for Dong {
    /// As written in Vietnam: `1.234.567`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(".")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_does_not_fit_is_an_error_and_not_a_smaller_number() {
        assert_eq!(Dong(u64::MAX).plus(Dong(1)), Err(Overflow));
        assert_eq!(Dong::sum([Dong(u64::MAX), Dong(0), Dong(1)]), Err(Overflow));
        assert_eq!(Dong(1).minus(Dong(2)), None);
    }

    #[test]
    fn an_amount_is_written_with_points_between_thousands() {
        for (amount, text) in [(0, "0"), (200, "200"), (1_000, "1.000"), (25_000, "25.000"), (1_234_567, "1.234.567")] {
            assert_eq!(Dong(amount).to_string(), text);
        }
    }
}
