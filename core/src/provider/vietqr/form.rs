//! What names a payment at VietQR (vietqr.md 3.5).

use crate::{
    money::MAX_AMOUNT,
    provider::form::{Field, Form, Kind, Money, digits, visible},
};

/// VietQR's table.
pub static FORM: Form = Form {
    name: "vietqr",
    title: "VietQR",
    fields: &[
        Field {
            name: "bank_account",
            kind: Kind::Account(|text| digits(text, 32)),
            expected: "1 to 32 digits, or payment instead",
            option: "account",
            help: "A VietQR payment: the account that was paid",
        },
        Field {
            name: "reference_number",
            kind: Kind::Text(|text| visible(text, 64)),
            expected: "1 to 64 visible ASCII characters, or payment instead",
            option: "reference",
            help: "The bank's reference of that payment",
        },
    ],
    identity: ["bank_account", "reference_number"],
    own: "bank_code",
    money: Money::Dong { most: MAX_AMOUNT },
    ledger: true,
};
