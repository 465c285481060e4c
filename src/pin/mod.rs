//! PINs of the people who may refund.

mod desk;
mod hash;

pub use desk::{Denied, Desk};
pub use hash::PinHash;

/// How many digits a PIN has.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=12;

/// Whether a new PIN will do.
///
/// # Errors
/// What was expected.
pub fn check_new(pin: &str) -> Result<(), &'static str> {
    if DIGITS.contains(&pin.len()) && pin.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err("expected 4 to 12 digits")
    }
}

#[cfg(test)]
mod tests {
    use super::check_new;

    #[test]
    fn a_pin_is_four_to_twelve_digits() {
        for pin in ["0000", "4321", "123456789012"] {
            assert!(check_new(pin).is_ok(), "{pin}");
        }
        for pin in ["", "123", "1234567890123", "12a4", "12 4", " 1234", "１２３４", "-123", "12.4"] {
            assert!(check_new(pin).is_err(), "{pin}");
        }
    }
}
