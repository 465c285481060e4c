//! What may be seen of an account number: its last four digits.

/// `1234567890` becomes `***7890`. A number of four digits or fewer shows nothing.
pub fn account(number: &str) -> String {
    let length = number.chars().count();
    if length <= 4 {
        return "***".to_owned();
    }
    let tail: String = number.chars().skip(length - 4).collect();
    format!("***{tail}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_account_shows_only_its_last_four_digits() {
        assert_eq!(super::account("1234567890"), "***7890");
        assert_eq!(super::account("7890"), "***");
        assert_eq!(super::account(""), "***");
    }
}
