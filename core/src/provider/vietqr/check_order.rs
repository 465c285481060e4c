//! The look-up of a payment (vietqr.md 3.4).

use super::{
    JSON, Token, answer, checksum,
    codes::{Class, class},
};
use crate::{
    provider::{Call, Figures, LookUp, Told, Wire},
    wire::fields::{Fields, Token as Value},
};
use serde::Serialize;

const WANTED: &[&str] =
    &["referenceNumber", "amount", "transType", "status", "type", "refundCount", "amountRefunded", "message"];

/// A row for a refund, not for a payment (seen in the English pages).
const TYPE_REFUND: u64 = 6;
/// Paid, and not waiting or cancelled.
const STATUS_PAID: u64 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    bank_account: &'a str,
    #[serde(rename = "type")]
    by: u8,
    value: &'a str,
    check_sum: String,
}

/// Asks for a payment by its bank reference. `username` is the one that the token was got with.
pub fn check_order(bank_account: &str, reference_number: &str, username: &str, token: &Token) -> Call {
    let check_sum = checksum(&[bank_account.as_bytes(), username.as_bytes()]);
    let body = Body { bank_account, by: 1, value: reference_number, check_sum };
    Call {
        path: "/api/transactions/check-order",
        headers: vec![("Authorization", token.bearer())],
        content_type: JSON,
        body: serde_json::to_vec(&body).unwrap_or_default(),
        answer_header: None,
    }
}

/// Reads what was answered for `reference_number`.
pub fn read_check_order(wire: &Wire, reference_number: &str) -> LookUp {
    let (status, body) = match wire {
        Wire::NotSent { reason } => return LookUp::Unavailable(Told::with("not_sent", reason)),
        Wire::Broken { reason } => return LookUp::Unavailable(Told::with("no_answer", reason)),
        Wire::Answer { status, body, .. } => (*status, body),
    };
    match status {
        200..=299 => found(body, reference_number),
        408 | 429 | 500.. | ..200 | 300..=399 => LookUp::Unavailable(answer::failure(status, body)),
        _ => failed(status, body),
    }
}

fn failed(status: u16, body: &[u8]) -> LookUp {
    let told = answer::failure(status, body);
    match class(&told.code) {
        Class::Token => LookUp::TokenRefused,
        Class::NotFound => LookUp::NotFound,
        Class::CallerBug | Class::Setup => LookUp::Refused(told),
        Class::InProgress | Class::Refused | Class::Unknown if status == 401 => LookUp::TokenRefused,
        Class::InProgress | Class::Refused | Class::Unknown => LookUp::Unavailable(told),
    }
}

fn found(body: &[u8], reference_number: &str) -> LookUp {
    let Some(objects) = answer::objects(body) else { return LookUp::Unavailable(Told::code("unreadable")) };
    if let [object] = objects.as_slice()
        && answer::verdict(object).is_some_and(|verdict| !verdict.success)
    {
        return failed(400, body);
    }
    if objects.is_empty() {
        return LookUp::NotFound;
    }
    let rows: Option<Vec<Option<LookUp>>> = objects.into_iter().map(|object| row(object, reference_number)).collect();
    let Some(rows) = rows else { return LookUp::Unavailable(Told::code("unreadable")) };
    let mut payments = rows.into_iter().flatten();
    match (payments.next(), payments.next()) {
        (Some(payment), None) => payment,
        // Rows that are no payment of this reference, or several: which figures are ours is not told.
        _ => LookUp::NoFigures,
    }
}

/// One row; inner `None` where it is another payment, or no payment. Outer `None` where it can not be read.
fn row(object: &[u8], reference_number: &str) -> Option<Option<LookUp>> {
    let fields = Fields::read(object, WANTED).ok()?;
    let number = |name| fields.token(name).ok().flatten().and_then(|token| answer::whole(&token));
    let other = fields.text("referenceNumber").ok()?.is_some_and(|known| known != reference_number);
    let debit = fields.text("transType").ok()?.is_some_and(|kind| kind == "D");
    if other || debit || number("type") == Some(TYPE_REFUND) {
        return Some(None);
    }
    let figures = match (number("refundCount"), number("amountRefunded")) {
        (Some(refund_count), Some(amount_refunded)) => Figures { refund_count, amount_refunded },
        _ => return Some(Some(LookUp::NoFigures)),
    };
    let agree = (figures.refund_count == 0) == (figures.amount_refunded == 0);
    let Some(amount) = number("amount").filter(|_| agree) else { return Some(Some(LookUp::NoFigures)) };
    let refundable = match fields.token("status").ok()? {
        None => true,
        Some(Value::Text(text)) if text.eq_ignore_ascii_case("SUCCESS") => true,
        Some(token) => answer::whole(&token) == Some(STATUS_PAID),
    };
    Some(Some(LookUp::Found { amount, figures: Some(figures), refundable }))
}
