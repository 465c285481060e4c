//! What happened to a refund, in words for people.

use super::{
    refunds::amount,
    table::{self, plain},
};
use serde_json::Value;

/// The longest text of a provider or a person, in characters.
const MOST: usize = 80;

/// What an event of this type tells beside its name; empty where the name says it all.
pub(super) fn event(kind: &str, data: &Value) -> String {
    let text = |name: &str| data[name].as_str().map(|text| plain(text, MOST));
    let joined = |words: [Option<String>; 3]| words.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let by = || text("by").map(|by| format!("by {by}"));
    match kind {
        "refund.requested" => {
            let door = (data["door"]["kind"] == "mqtt").then(|| "in a signed message".to_owned());
            joined([text("operator").map(|name| format!("by {name}")), door, text("reason")])
        }
        "refund.awaiting_approval" => "a manager has to approve it".to_owned(),
        "refund.queued" => match &data["attempt"] {
            Value::Null => "to be sent".to_owned(),
            told => format!("not done, to be sent again: {}", attempt(told)),
        },
        "refund.sending" => match &data["baseline"]["figures"] {
            Value::Null => String::new(),
            before => format!("{} there before", figures(before, data)),
        },
        "refund.pending" | "refund.unknown" => match &data["attempt"] {
            Value::Null => text("code").unwrap_or_default(),
            told => attempt(told),
        },
        "refund.review" => {
            let figure = |name: &str| match &data[name] {
                Value::Null => None,
                told => Some(format!("{} {}", figures(told, data), if name == "after" { "now" } else { "before" })),
            };
            joined([text("code"), figure("before"), figure("after")])
        }
        "refund.succeeded" => evidence(&data["evidence"], data),
        "refund.failed" => joined([text("code"), text("message"), None]),
        "refund.resolved" => joined([text("verdict"), by(), text("reason")]),
        "refund.contradicted" => {
            format!(
                "the verdict was {}, but: {}",
                text("verdict").unwrap_or_default(),
                evidence(&data["evidence"], data)
            )
        }
        _ => joined([text("code"), by(), text("reason")]),
    }
}

/// What a verdict rests on; `of` has the currency.
pub(super) fn evidence(told: &Value, of: &Value) -> String {
    let text = |name: &str| told[name].as_str().map(|text| plain(text, MOST));
    let (before, after) = (&told["before"], &told["after"]);
    match told["kind"].as_str() {
        Some("answer") => {
            let reference = text("reference").map_or(String::new(), |reference| format!(", its reference {reference}"));
            format!("the provider's answer{reference}")
        }
        Some("look_up") => match text("reference").or(text("reason")) {
            Some(said) => format!("the provider's own word on it: {said}"),
            None => "the provider's own word on it".to_owned(),
        },
        Some("figures") => {
            format!("one more refund there: {} before, {} after", figures(before, of), figures(after, of))
        }
        Some("person") => {
            format!("the word of {}: {}", text("by").unwrap_or_default(), text("reason").unwrap_or_default())
        }
        _ => "-".to_owned(),
    }
}

/// `1 refund of 25.000 đ`, `2 refunds of 50.000 đ`: in all.
pub(super) fn figures(told: &Value, of: &Value) -> String {
    let (count, sum) = (told["refund_count"].as_u64().unwrap_or(0), told["amount_refunded"].as_u64().unwrap_or(0));
    if (count, sum) == (0, 0) {
        return "no refund".to_owned();
    }
    format!("{} of {}", table::count(count, "refund"), amount(sum, of["currency"].as_str().unwrap_or("VND")))
}

/// `no_answer: localhost ended the connection`.
fn attempt(told: &Value) -> String {
    let text = |name: &str| told[name].as_str().map(|text| plain(text, MOST));
    let code = text("code").or(text("outcome")).unwrap_or_default();
    let said = text("message").map_or(code.clone(), |message| format!("{code}: {message}"));
    text("reference").map_or(said.clone(), |reference| format!("{said}, its reference {reference}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_success_names_what_shows_it() {
        let (none, one) =
            (json!({"refund_count": 0, "amount_refunded": 0}), json!({"refund_count": 1, "amount_refunded": 25000}));
        let data = json!({"currency": "VND", "evidence": {"kind": "figures", "before": none, "after": one}});
        let told = "one more refund there: no refund before, 1 refund of 25.000 đ after";
        assert_eq!(event("refund.succeeded", &data), told);
        let data = json!({"currency": "VND", "evidence": {"kind": "answer", "reference": "FT1\u{1b}"}});
        assert_eq!(event("refund.succeeded", &data), "the provider's answer, its reference FT1·");
    }

    #[test]
    fn an_attempt_is_told_with_its_code_and_the_words_that_came_with_it() {
        let attempt = json!({"outcome": "unknown", "code": "no_answer", "message": "the connection ended"});
        let data = json!({"code": "no_answer", "attempt": attempt});
        assert_eq!(event("refund.unknown", &data), "no_answer: the connection ended");
        assert_eq!(event("refund.unknown", &json!({"code": "restart"})), "restart");
    }

    #[test]
    fn an_event_of_a_later_version_is_told_as_far_as_it_is_known() {
        assert_eq!(event("refund.new_kind", &json!({"code": "x", "by": "lan"})), "x, by lan");
        assert_eq!(event("refund.new_kind", &json!(null)), "");
        assert_eq!(evidence(&json!({"kind": "dream"}), &json!({})), "-");
    }
}
