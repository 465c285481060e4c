//! Requests and answers as people see them: card data is dropped before anything is stored, hashes are masked when shown.

use super::Wire;
use crate::mask;
use serde_json::Value;

/// The most bytes that are kept of an answer.
const ANSWER_MAX: usize = 1500;
/// The most characters that are kept of an answer that is not JSON.
const TEXT_MAX: usize = 200;
/// Digits in a row that may be a card's or an account's number.
const LONG_NUMBER: usize = 12;

/// What was answered to a refund, without card data, cut to what is kept.
pub fn answered(wire: &Wire) -> String {
    match wire {
        Wire::NotSent { reason } => cut(format!("no byte was written: {reason}")),
        Wire::Broken { reason } => cut(format!("no whole answer: {reason}")),
        Wire::Answer { status, body, .. } => match crate::json::from_bytes::<Value>(body) {
            Ok(mut value) => {
                each(&mut value, &mut |name, value| {
                    if is_hash(name) {
                        *value = Value::from("…");
                    } else if is_account(name) {
                        *value = Value::from(mask::account(value.as_str().unwrap_or_default()));
                    }
                    !is_card(name)
                });
                cut(format!("HTTP {status} {value}"))
            }
            Err(_) => {
                let text: String = String::from_utf8_lossy(body).chars().take(4 * TEXT_MAX).collect();
                let text: String = masked(&text).chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
                cut(format!("HTTP {status}, {} bytes: {text}", body.len()))
            }
        },
    }
}

/// The body of a request with its hash masked, and with account numbers masked unless they are to be `whole`. A form body holds neither.
pub fn sent(body: &str, whole: bool) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    each(&mut value, &mut |name, value| {
        if is_hash(name) {
            *value = Value::from("…");
        } else if !whole && is_account(name) {
            *value = Value::from(mask::account(value.as_str().unwrap_or_default()));
        }
        true
    });
    value.to_string()
}

fn is_card(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    small.contains("card") || small.contains("clisn")
}

fn is_hash(name: &str) -> bool {
    let small = name.to_ascii_lowercase();
    small.contains("hash") || small.contains("checksum") || small.contains("token")
}

fn is_account(name: &str) -> bool {
    name.to_ascii_lowercase().contains("account")
}

/// Visits each member of each object; one that is not to be kept is taken out.
fn each(value: &mut Value, keep: &mut impl FnMut(&str, &mut Value) -> bool) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| keep(name, value));
            members.values_mut().for_each(|value| each(value, keep));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, keep)),
        _ => {}
    }
}

/// Long numbers in text of unknown form are cut to their last four digits.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        match digits.len().checked_sub(4) {
            Some(hidden) if digits.len() >= LONG_NUMBER => {
                masked.push_str("***");
                masked.push_str(&digits[hidden..]);
            }
            _ => masked.push_str(&digits),
        }
        digits.clear();
        if c != '\0' {
            masked.push(c);
        }
    }
    masked
}

fn cut(mut text: String) -> String {
    if text.len() > ANSWER_MAX {
        let end = (0..=ANSWER_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Wire {
        Wire::Answer { status: 200, header: None, body: body.into() }
    }

    #[test]
    fn card_data_is_dropped_wherever_it_is() {
        let text = answered(&answer(
            r#"{"vnp_CardNumber":"9704198526191432198","vnp_CardHolder":"A","data":[{"cardcd":"2088802362210279","clisn":"1","txamt":"10"}],"vnp_SecureHash":"ab12"}"#,
        ));
        assert_eq!(text, r#"HTTP 200 {"data":[{"txamt":"10"}],"vnp_SecureHash":"…"}"#);
    }

    #[test]
    fn what_is_no_json_is_cut_and_its_long_numbers_are_masked() {
        let text = answered(&answer("<html>9704198526191432198 \u{7}1234</html>"));
        assert_eq!(text, "HTTP 200, 38 bytes: <html>***2198 1234</html>");
        assert!(answered(&answer(&"ắ".repeat(5000))).len() < 700);
        assert!(answered(&answer(&format!(r#"{{"a":"{}"}}"#, "ắ".repeat(5000)))).len() <= 1503);
    }

    #[test]
    fn the_hash_of_a_request_is_not_shown_and_an_account_only_where_it_may_be() {
        let body = r#"{"bankAccount":"1234567890","checkSum":"ab"}"#;
        assert_eq!(sent(body, false), r#"{"bankAccount":"***7890","checkSum":"…"}"#);
        assert!(sent(body, true).contains("1234567890"));
        assert_eq!(sent(r#"{"a":"1","checkSum":"ab"}"#, true), r#"{"a":"1","checkSum":"…"}"#);
        assert_eq!(sent("out_trade_no=1&txamt=10", false), "out_trade_no=1&txamt=10");
    }
}
