//! Amounts in the forms they were seen in (vietqr.md 11), read digit by digit.

use super::fields::Token;
use crate::money::{Dong, MAX_AMOUNT};

/// Reads `25000`, `25000.0`, `"50000"` or `"25,000"`; `None` for anything else, zero and more than 13 digits included.
pub(super) fn amount(token: &Token<'_>) -> Option<Dong> {
    match token {
        Token::Number(text) => match text.split_once('.') {
            None => whole(text),
            Some((digits, fraction)) => whole(digits).filter(|_| fraction.bytes().all(|b| b == b'0')),
        },
        Token::Text(text) if text.contains(',') => grouped(text),
        Token::Text(text) => whole(text),
        Token::Other => None,
    }
}

fn whole(digits: &str) -> Option<Dong> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|amount| plain && (1..=MAX_AMOUNT).contains(amount)).map(Dong)
}

/// Groups of three after a first one of one to three, parted by commas.
fn grouped(text: &str) -> Option<Dong> {
    let mut groups = text.split(',');
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    (first && groups.all(|group| group.len() == 3)).then(|| whole(&text.replace(',', ""))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Option<u64> {
        amount(&Token::Number(text)).map(|a| a.0)
    }

    fn text(text: &str) -> Option<u64> {
        amount(&Token::Text(text.to_owned())).map(|a| a.0)
    }

    #[test]
    fn the_observed_forms_are_read() {
        assert_eq!(number("25000"), Some(25_000));
        assert_eq!(number("25000.0"), Some(25_000));
        assert_eq!(text("50000"), Some(50_000));
        assert_eq!(text("25,000"), Some(25_000));
        assert_eq!(text("1,234,567"), Some(1_234_567));
        assert_eq!(number("9999999999999"), Some(MAX_AMOUNT));
    }

    #[test]
    fn no_other_form_is_guessed_at() {
        for form in ["2.5e4", "2.5E4", "25000e0", "25000.5", "25000.01", "-25000", "-0", "0", "0.0", "10000000000000"] {
            assert_eq!(number(form), None, "{form}");
        }
        for form in [
            "25.000",
            "25000.0",
            "*****",
            "0",
            "00025",
            "+25000",
            "-25000",
            " 25000",
            "25000 ",
            "25 000",
            "25000đ",
            "2,5000",
            "25,00",
            ",250",
            "250,",
            "25,,000",
            "0,250",
            "1000,000",
            "25,000.0",
            "2.5e4",
            "٢٥",
            "99999999999999999999999",
            "9,999,999,999,999,999",
        ] {
            assert_eq!(text(form), None, "{form}");
        }
        assert_eq!(amount(&Token::Other), None);
    }

    proptest! {
        #[test]
        fn every_amount_comes_back_exact_from_each_form(value in 1..=MAX_AMOUNT) {
            let digits = value.to_string();
            let commas = Dong(value).to_string().replace('.', ",");
            prop_assert_eq!(number(&digits), Some(value));
            prop_assert_eq!(number(&format!("{digits}.0")), Some(value));
            prop_assert_eq!(text(&digits), Some(value));
            prop_assert_eq!(text(&commas), Some(value));
        }
    }
}
