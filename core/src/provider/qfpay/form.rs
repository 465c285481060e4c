//! What names a payment at QFPay (vnpay-qfpay.md 3.5).

use super::AMOUNT_MAX;
use crate::provider::form::{Field, Form, Kind, Money, ORIGINAL_AMOUNT};

/// QFPay's table.
pub static FORM: Form = Form {
    name: "qfpay",
    title: "QFPay",
    fields: &[
        Field {
            name: "syssn",
            kind: Kind::Text(|text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())),
            expected: "1 to 128 letters and digits",
            option: "syssn",
            help: "A QFPay payment: its syssn, QFPay's number of it",
        },
        ORIGINAL_AMOUNT,
    ],
    identity: ["app_code", "syssn"],
    own: "app_code",
    money: Money::Minor { most: AMOUNT_MAX },
    ledger: false,
};
