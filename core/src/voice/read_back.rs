//! The way back, for tests: words to a number by the reading rules, written without the reader. Whatever bends a rule is `None`.

use super::Dialect;

/// The number that was read, or `None` where `text` is not a correct reading.
pub(super) fn read_back(text: &str, dialect: Dialect) -> Option<u64> {
    let tokens: Vec<&str> = text.split(' ').collect();
    if tokens == ["không"] { Some(0) } else { number(&tokens, dialect) }
}

/// What stands before the last tỷ counts milliards and is a number itself.
fn number(tokens: &[&str], dialect: Dialect) -> Option<u64> {
    match tokens.iter().rposition(|token| *token == "tỷ") {
        None => millions(tokens, false, dialect),
        Some(at) => {
            let above = number(&tokens[..at], dialect)?.checked_mul(1_000_000_000)?;
            above.checked_add(match &tokens[at + 1..] {
                [] => 0,
                below => millions(below, true, dialect)?,
            })
        }
    }
}

/// Up to three groups, each with its own name, in falling order.
fn millions(tokens: &[&str], mut padded: bool, dialect: Dialect) -> Option<u64> {
    let thousand = if dialect == Dialect::North { "nghìn" } else { "ngàn" };
    let (mut rest, mut value) = (tokens, 0);
    for (name, worth) in [("triệu", 1_000_000), (thousand, 1_000)] {
        if let Some(at) = rest.iter().position(|token| *token == name) {
            value += group(&rest[..at], padded, dialect)? * worth;
            rest = &rest[at + 1..];
            padded = true;
        }
    }
    match rest {
        [] if value > 0 => Some(value),
        _ => Some(value + group(rest, padded, dialect)?),
    }
}

/// Three digits, not all zero; `padded` ones name their hundreds.
fn group(tokens: &[&str], padded: bool, dialect: Dialect) -> Option<u64> {
    let zero = if dialect == Dialect::North { "linh" } else { "lẻ" };
    match tokens {
        ["không", "trăm", rest @ ..] if padded => below_hundred(rest, Some(zero)),
        [hundreds, "trăm"] => Some(100 * digit(hundreds)?),
        [hundreds, "trăm", rest @ ..] => Some(100 * digit(hundreds)? + below_hundred(rest, Some(zero))?),
        _ if padded => None,
        _ => below_hundred(tokens, None),
    }
}

/// 1 to 99. After hundreds, `zero` stands for an empty tens place.
fn below_hundred(tokens: &[&str], zero: Option<&str>) -> Option<u64> {
    match tokens {
        [unit] if zero.is_none() && *unit != "mười" => digit(unit),
        [word, unit] if zero == Some(*word) => digit(unit),
        ["mười"] => Some(10),
        ["mười", "lăm"] => Some(15),
        ["mười", unit] if *unit != "năm" => Some(10 + digit(unit)?),
        [tens, "mươi"] => ten(tens),
        [tens, "mươi", unit] => Some(
            ten(tens)?
                + match *unit {
                    "mốt" => 1,
                    "tư" => 4,
                    "lăm" => 5,
                    "một" | "bốn" | "năm" => return None,
                    unit => digit(unit)?,
                },
        ),
        _ => None,
    }
}

fn ten(token: &str) -> Option<u64> {
    digit(token).filter(|tens| *tens >= 2).map(|tens| tens * 10)
}

/// 1 to 9 in its plain form.
fn digit(token: &str) -> Option<u64> {
    Some(match token {
        "một" => 1,
        "hai" => 2,
        "ba" => 3,
        "bốn" => 4,
        "năm" => 5,
        "sáu" => 6,
        "bảy" => 7,
        "tám" => 8,
        "chín" => 9,
        _ => return None,
    })
}

#[test]
fn a_reading_that_bends_a_rule_is_not_read_back() {
    for wrong in [
        "một nghìn mốt",
        "một triệu năm",
        "một nghìn linh năm",
        "một trăm năm",
        "hai mươi năm",
        "mười năm",
        "một trăm linh mười",
        "không trăm",
        "không nghìn",
        "một tỷ không",
        "một nghìn triệu",
        "một trăm lẻ một",
        "",
    ] {
        assert_eq!(read_back(wrong, Dialect::North), None, "{wrong}");
    }
}
