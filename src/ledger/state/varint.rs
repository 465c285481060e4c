//! Numbers in as few bytes as they need: LEB128, seven bits a byte, the lowest first.

/// Appends a number.
pub(super) fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the front; `None` where it is cut or too large.
pub(super) fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// A signed number as an unsigned one, small where it is near zero.
pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The signed number again.
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_comes_back(numbers in prop::collection::vec(any::<u64>(), 0..20), signed: i64, cut in 0usize..200) {
            let edges = [0, 0x7f, 0x80, u64::MAX];
            let mut bytes = Vec::new();
            for number in numbers.iter().chain(&edges) {
                push(&mut bytes, *number);
            }
            let mut rest = bytes.as_slice();
            for number in numbers.iter().chain(&edges) {
                prop_assert_eq!(pull(&mut rest), Some(*number));
            }
            prop_assert_eq!(pull(&mut rest), None);
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
            let mut short = &bytes[..cut.min(bytes.len())];
            while pull(&mut short).is_some() {}
        }
    }

    #[test]
    fn more_bits_than_there_are_is_no_number() {
        assert_eq!(pull(&mut [0xff; 10].as_slice()), None);
        assert_eq!(pull(&mut [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2].as_slice()), None);
    }
}
