//! What faults make of the body of an answer.

use super::books::Books;
use super::fault::Fault;
use super::query::of_payment;
use serde_json::{Value, json};

pub(super) fn spoilt(fault: Fault, mut body: Value, books: &Books) -> Value {
    match fault {
        Fault::TypeFlips => flip(&mut body),
        Fault::WrongAmount => each(&mut body, |row| {
            if let Some(amount) = row["txamt"].as_str().and_then(|text| text.parse::<u64>().ok()) {
                row["txamt"] = json!((amount + 1).to_string());
            }
        }),
        Fault::NoOrigssn => each_refund(&mut body, |row| drop(row.as_object_mut().map(|row| row.remove("origssn")))),
        Fault::NullOrigssn => each_refund(&mut body, |row| row["origssn"] = Value::Null),
        Fault::EmptySyssn => each_refund(&mut body, |row| row["syssn"] = json!("")),
        Fault::MixedRows => more_rows(&mut body, |row| {
            let origin = row["origssn"].as_str().and_then(|origin| books.payment(origin))?;
            Some(of_payment(&origin))
        }),
        Fault::TwoRows => more_rows(&mut body, |row| {
            let mut second = row.clone();
            let first = row["syssn"].as_str()?;
            second["syssn"] = json!(format!("{}9", first.get(..first.len().checked_sub(1)?)?));
            second["respcd"] = json!("1205");
            second["errmsg"] = json!(super::texts::of("1205"));
            Some(second)
        }),
        _ => {}
    }
    body
}

/// The rows of an enquiry, or the answer to a refund itself.
fn each(body: &mut Value, mut change: impl FnMut(&mut Value)) {
    match body.get_mut("data").and_then(Value::as_array_mut) {
        Some(rows) => rows.iter_mut().for_each(change),
        None => change(body),
    }
}

fn is_refund(row: &Value) -> bool {
    row["order_type"] == "refund"
}

fn each_refund(body: &mut Value, mut change: impl FnMut(&mut Value)) {
    each(body, |row| {
        if is_refund(row) {
            change(row);
        }
    });
}

/// Another row before each refund's.
fn more_rows(body: &mut Value, more: impl Fn(&Value) -> Option<Value>) {
    let Some(rows) = body.get_mut("data").and_then(Value::as_array_mut) else { return };
    let old = std::mem::take(rows);
    for row in old {
        rows.extend(Some(&row).filter(|row| is_refund(row)).and_then(&more));
        rows.push(row);
    }
}

/// Digits become numbers where JSON can write them, numbers become digits.
fn flip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(flip),
        Value::Object(members) => members.values_mut().for_each(flip),
        Value::Number(number) => *value = json!(number.to_string()),
        Value::String(text) => {
            if let Some(number) = text.parse::<u64>().ok().filter(|number| number.to_string() == *text) {
                *value = json!(number);
            }
        }
        _ => {}
    }
}
