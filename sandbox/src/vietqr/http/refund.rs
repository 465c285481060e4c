//! `api/transaction/refund` (3.5 and 8): money goes back.

use super::Refusal;
use super::bank::RefundOrder;
use super::checksum;
use super::settings::{HttpQuirk, Settings, Standing};
use crate::provider::Answer;
use serde_json::{Value, json};

/// Reads a request, and checks all that does not need the bank.
pub(super) fn read(body: &[u8], secret: &str, settings: &Settings) -> Result<RefundOrder, Refusal> {
    let json: Value = serde_json::from_slice(body).map_err(|_| "E46")?;
    let text = |key: &str| json[key].as_str().filter(|text| !text.is_empty()).ok_or("E46");
    let (account, reference, amount) = (text("bankAccount")?, text("referenceNumber")?, text("amount")?);
    let check_sum = text("checkSum")?;
    // Required by the current page, like bankCode; the bank has no use for them here.
    text("content")?;
    text("bankCode")?;
    let multi_times = match &json["multiTimes"] {
        Value::Null => false,
        Value::Bool(value) => *value,
        _ => return Err("E46"),
    };
    let standing = settings.standing(account).ok_or("E77")?;
    if standing == Standing::NoMerchant {
        return Err("E104");
    }
    if check_sum != checksum(&[secret, reference, amount, account]) {
        return Err(if settings.has(HttpQuirk::OldChecksumCode) { "E41" } else { "E39" });
    }
    if standing == Standing::NoPermission {
        return Err("E42");
    }
    if !amount.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("E46");
    }
    Ok(RefundOrder {
        account: account.to_string(),
        reference: reference.to_string(),
        amount: amount.parse().ok().filter(|amount| *amount > 0).ok_or("E46")?,
        multi_times,
        request: String::from_utf8_lossy(body).into_owned(),
    })
}

/// The answer to a refund that was made. `refund` is its reference.
pub(super) fn succeeded(order: &RefundOrder, refund: &str, settings: &Settings) -> Answer {
    let message = if settings.has(HttpQuirk::OriginalReference) { &order.reference } else { refund };
    Answer::ok(json!({"status": "SUCCESS", "message": message}).to_string())
}
