//! What names a payment at QFPay (vnpay-qfpay.md 3.5).

use super::AMOUNT_MAX;
use crate::provider::form::{Field, Form, Kind, Money};

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
        Field {
            name: "original_amount",
            kind: Kind::Paid,
            expected: "",
            option: "original-amount",
            help: "What was paid; a second refund of the payment has to say the same",
        },
    ],
    identity: ["app_code", "syssn"],
    own: "app_code",
    money: Money::Minor { most: AMOUNT_MAX },
    ledger: false,
};
