//! E-codes by class (vietqr.md 7.1 to 7.3, table 1 only: the page's second table uses the same numbers for other things).

/// What a code means for the call that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The token is not valid: a new one, once.
    Token,
    /// Our request is wrong: never again.
    CallerBug,
    /// The setup is wrong: it needs VietQR or the merchant.
    Setup,
    /// No such payment.
    NotFound,
    /// A request for this payment is under way.
    InProgress,
    /// Refused for good.
    Refused,
    /// It can not be told: E05, E215, and every code that is in no list.
    Unknown,
}

/// The class of a code.
pub fn class(code: &str) -> Class {
    match code {
        "E74" => Class::Token,
        "E02" | "E03" | "E09" | "E10" | "E24" | "E26" | "E39" | "E41" | "E46" | "E51" | "E58" | "E95" => {
            Class::CallerBug
        }
        "E42" | "E67" | "E75" | "E76" | "E77" | "E104" => Class::Setup,
        "E44" | "E94" | "E96" => Class::NotFound,
        "E158" => Class::InProgress,
        "E43" | "E45" | "E216" | "E217" | "E218" => Class::Refused,
        _ => Class::Unknown,
    }
}

/// The code that a message begins with: `E` and digits, as in `E05 - text`.
pub(super) fn prefix(message: &str) -> Option<&str> {
    let message = message.trim_start();
    let digits = message.strip_prefix('E')?.bytes().take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&digits).then(|| &message[..=digits])
}
