//! `api/transactions/check-order` (3.4): what is known of a payment.

use super::Refusal;
use super::bank::{Payment, Statement};
use super::checksum;
use super::settings::{HttpQuirk, Settings};
use crate::provider::Answer;
use serde_json::{Map, Value, json};

pub(super) fn answer(body: &[u8], username: &str, settings: &Settings, bank: Statement) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "E46")?;
    let text = |key: &str| body[key].as_str().filter(|text| !text.is_empty()).ok_or("E46");
    let (account, value, check_sum) = (text("bankAccount")?, text("value")?, text("checkSum")?);
    settings.standing(account).ok_or("E77")?;
    if check_sum != checksum(&[account, username]) {
        return Err("E39");
    }
    // A number, or its digits as a string: both are documented, and the server takes both.
    let by_order = match (&body["type"], body["type"].as_u64()) {
        (_, Some(0)) => true,
        (_, Some(1)) => false,
        (Value::String(text), _) if text == "0" => true,
        (Value::String(text), _) if text == "1" => false,
        _ => return Err("E95"),
    };
    let mut found = Vec::new();
    for payment in bank.payments.iter().filter(|payment| payment.account == account) {
        if value != if by_order { &payment.order } else { &payment.reference } {
            continue;
        }
        found.push(transaction(payment));
        if settings.has(HttpQuirk::RefundsListed) {
            let refunds = bank.movements.iter().filter(|m| m.account == account && m.reference == payment.reference);
            found.extend(refunds.map(|refund| {
                let mut row = transaction(payment);
                let at = refund.at.timestamp();
                let changes = json!({"referenceNumber": refund.refund, "amount": refund.amount, "transType": "D", "type": 6,
                    "timeCreated": at, "timePaid": at, "refundCount": 0, "amountRefunded": 0});
                row.extend(changes.as_object().cloned().unwrap_or_default());
                row
            }));
        }
    }
    if found.is_empty() {
        return Err("E96");
    }
    if settings.has(HttpQuirk::TextFigures) {
        for value in found.iter_mut().flat_map(|row| row.values_mut()).filter(|value| value.is_number()) {
            *value = json!(value.to_string());
        }
    }
    let rows = found.into_iter().map(Value::Object).collect::<Vec<_>>();
    Ok(Answer::ok(match &rows[..] {
        [only] if settings.has(HttpQuirk::ObjectAnswer) => only.to_string(),
        _ => Value::Array(rows).to_string(),
    }))
}

/// The answer without what it says of refunds.
pub(super) fn without_figures(answer: Answer) -> Answer {
    let Ok(mut json) = serde_json::from_str::<Value>(&answer.body) else { return answer };
    let rows = match &mut json {
        Value::Array(rows) => rows.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
        row.remove("refundCount");
        row.remove("amountRefunded");
    }
    Answer { body: json.to_string(), ..answer }
}

fn transaction(payment: &Payment) -> Map<String, Value> {
    let paid = payment.paid_at.timestamp();
    let row = json!({
        "referenceNumber": payment.reference,
        "orderId": payment.order,
        "amount": payment.amount,
        "content": payment.content,
        "transType": "C",
        "status": 1,
        // With an order it was a dynamic code, else a static one.
        "type": u8::from(payment.order.is_empty()),
        "timeCreated": paid,
        "timePaid": paid,
        "terminalCode": payment.terminal,
        "note": "",
        "refundCount": payment.refunds,
        "amountRefunded": payment.refunded,
    });
    row.as_object().cloned().unwrap_or_default()
}
