//! What names a payment at VNPAY (vnpay-qfpay.md 2.2).

use super::{AMOUNT_MAX, is_time};
use crate::provider::form::{Field, Form, Kind, Money, ORIGINAL_AMOUNT, digits, visible};

/// VNPAY's table.
pub static FORM: Form = Form {
    name: "vnpay",
    title: "VNPAY",
    fields: &[
        Field {
            name: "txn_ref",
            kind: Kind::Text(|text| visible(text, 100) && !text.contains('|')),
            expected: "1 to 100 visible ASCII characters but |",
            option: "txn-ref",
            help: "A VNPAY payment: its vnp_TxnRef",
        },
        Field {
            name: "transaction_date",
            kind: Kind::Text(is_time),
            expected: "yyyyMMddHHmmss, vnp_CreateDate of the payment as it was sent",
            option: "transaction-date",
            help: "vnp_CreateDate of that payment, as it was sent: yyyyMMddHHmmss",
        },
        Field {
            name: "transaction_no",
            kind: Kind::Optional(|text| digits(text, 15)),
            expected: "1 to 15 digits in quotes, or nothing",
            option: "transaction-no",
            help: "VNPAY's number of that payment, vnp_TransactionNo, where it is known",
        },
        ORIGINAL_AMOUNT,
    ],
    identity: ["tmn_code", "txn_ref"],
    own: "tmn_code",
    money: Money::Dong { most: AMOUNT_MAX },
    ledger: false,
};
