//! A number in words (voice.md, reading rules). Full precision: nothing is rounded or left out.

use super::Dialect;

const DIGITS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];

/// Reads `number` aloud: any u64, lower case, words joined by one space, Unicode NFC.
///
/// Only the 20 words of a clip pack occur (voice.md, clip packs).
pub fn words(number: u64, dialect: Dialect) -> String {
    if number == 0 {
        return DIGITS[0].to_owned();
    }
    let mut spoken = Vec::new();
    whole(number, dialect, &mut spoken);
    spoken.join(" ")
}

/// Every nine digits close with tỷ, also where they are zero themselves: 10^18 is "một tỷ tỷ" (rules 1 and 2).
fn whole(number: u64, dialect: Dialect, spoken: &mut Vec<&'static str>) {
    let (above, below) = (number / 1_000_000_000, number % 1_000_000_000);
    if above > 0 {
        whole(above, dialect, spoken);
        spoken.push("tỷ");
    }
    let thousand = match dialect {
        Dialect::North => "nghìn",
        Dialect::South => "ngàn",
    };
    for (value, name) in
        [(below / 1_000_000, Some("triệu")), (below / 1_000 % 1_000, Some(thousand)), (below % 1_000, None)]
    {
        if value > 0 {
            let padded = !spoken.is_empty();
            group(value, padded, dialect, spoken);
            spoken.extend(name);
        }
    }
}

/// One group of three digits, not all zero. `padded`: its hundreds are spoken even where they are zero (rule 3).
fn group(value: u64, padded: bool, dialect: Dialect, spoken: &mut Vec<&'static str>) {
    let (hundreds, tens, units) = (value / 100, value / 10 % 10, value % 10);
    let with_hundreds = padded || hundreds > 0;
    if with_hundreds {
        spoken.extend([digit(hundreds), "trăm"]);
    }
    match tens {
        0 if with_hundreds && units > 0 => spoken.push(match dialect {
            Dialect::North => "linh",
            Dialect::South => "lẻ",
        }),
        0 => {}
        1 => spoken.push("mười"),
        _ => spoken.extend([digit(tens), "mươi"]),
    }
    match (tens, units) {
        (_, 0) => {}
        (2.., 1) => spoken.push("mốt"),
        (2.., 4) => spoken.push("tư"),
        (1.., 5) => spoken.push("lăm"),
        _ => spoken.push(digit(units)),
    }
}

fn digit(value: u64) -> &'static str {
    DIGITS[(value % 10) as usize]
}

#[cfg(test)]
mod tests {
    use super::{
        super::{examples::examples, read_back::read_back},
        *,
    };
    use proptest::prelude::*;

    /// The clips of a pack without "đồng".
    const KNOWN: &str = "không một hai ba bốn năm sáu bảy tám chín mười mươi mốt tư lăm linh trăm nghìn triệu tỷ";

    /// Neighbours that no correct reading has (rules 4 to 8 and 11).
    const FORBIDDEN: [&str; 20] = [
        "linh mười",
        "linh mốt",
        "linh tư",
        "linh lăm",
        "mười mốt",
        "mười tư",
        "mười năm",
        "mười không",
        "mươi một",
        "mươi bốn",
        "mươi năm",
        "mươi không",
        "một mươi",
        "không mươi",
        "trăm không",
        "nghìn mốt",
        "nghìn linh",
        "triệu linh",
        "tỷ linh",
        "trăm trăm",
    ];

    fn as_north(text: &str) -> String {
        text.split(' ')
            .map(|word| match word {
                "lẻ" => "linh",
                "ngàn" => "nghìn",
                word => word,
            })
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[track_caller]
    fn check(number: u64) {
        let (north, south) = (words(number, Dialect::North), words(number, Dialect::South));
        assert_eq!(read_back(&north, Dialect::North), Some(number), "{north}");
        assert_eq!(read_back(&south, Dialect::South), Some(number), "{south}");
        assert!(!south.split(' ').any(|word| word == "linh" || word == "nghìn"), "{south}");
        assert_eq!(as_north(&south), north);
        assert!(north.split(' ').all(|word| KNOWN.split(' ').any(|known| known == word)), "{north}");
        let spaced = format!(" {north} ");
        for pair in FORBIDDEN {
            assert!(!spaced.contains(&format!(" {pair} ")), "{pair}: {north}");
        }
    }

    /// Numbers of every length, whose digits are often those with a rule of their own.
    fn number() -> impl Strategy<Value = u64> {
        let digit = prop_oneof![4 => Just(0_u64), 1 => Just(1), 1 => Just(4), 1 => Just(5), 3 => 0..=9_u64];
        prop::collection::vec(digit, 1..=20).prop_map(|digits| {
            // A twentieth digit that does not fit is left out.
            let append = |number: u64, digit| number.checked_mul(10)?.checked_add(digit);
            digits.into_iter().fold(0, |number, digit| append(number, digit).unwrap_or(number))
        })
    }

    #[test]
    fn every_worked_example_is_read_to_the_letter() {
        let examples = examples();
        assert_eq!(examples.len(), 124, "a row of the table is lost");
        for (number, north, south) in examples {
            assert_eq!(words(number, Dialect::North), north, "{number}");
            assert_eq!(words(number, Dialect::South), south, "{number}");
        }
    }

    #[test]
    fn every_number_up_to_a_hundred_thousand_reads_back() {
        (0..=100_000).for_each(check);
    }

    #[test]
    fn every_group_reads_back_in_every_place() {
        for group in 1..1_000 {
            for place in 0..=5 {
                let alone = group * 1_000_u64.pow(place);
                check(alone);
                check(alone + 1_000_u64.pow(6));
                check(alone + 1);
            }
        }
    }

    #[test]
    fn beyond_nine_digits_above_the_first_ty_each_nine_close_with_ty() {
        for (number, text) in [
            (1_000_000_000_000_000_000, "một tỷ tỷ"),
            (1_000_000_000_000_000_005, "một tỷ tỷ không trăm linh năm"),
            (1_000_000_005_000_000_000, "một tỷ không trăm linh năm tỷ"),
            (
                u64::MAX,
                "mười tám tỷ bốn trăm bốn mươi sáu triệu bảy trăm bốn mươi tư nghìn không trăm bảy mươi ba tỷ \
                 bảy trăm linh chín triệu năm trăm năm mươi mốt nghìn sáu trăm mười lăm",
            ),
        ] {
            assert_eq!(words(number, Dialect::North), text);
            check(number);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_number_of_any_size_reads_back_in_known_words_without_a_forbidden_form(number in number()) {
            check(number);
        }

        #[test]
        fn a_number_up_to_ten_to_the_fifteenth_reads_back(number in 0..=1_000_000_000_000_000_u64) {
            check(number);
        }
    }
}
