//! One refund for people: what it is, what happened to it, what to do now.

use super::{
    refund_words::{self, figures},
    refunds::amount,
    table,
};
use serde_json::Value;
use std::io::{self, Write};
use vietqr_edge_core::time::Timestamp;

/// The most characters of a call that are shown.
const CALL_MAX: usize = 2000;

/// Writes the resource. A line without a value is left out.
///
/// # Errors
/// Of writing.
pub(super) fn write(out: &mut dyn Write, refund: &Value) -> io::Result<()> {
    let text = |name: &str, most| refund[name].as_str().map(|text| table::plain(text, most));
    let original = &refund["original"];
    let reference = ["reference_number", "txn_ref", "syssn"].iter().find_map(|name| original[*name].as_str());
    let currency = refund["currency"].as_str().unwrap_or("VND");
    let verdict = (!refund["evidence"].is_null()).then(|| refund_words::evidence(&refund["evidence"], refund));
    // After an answer nothing is looked up: what was seen is from before.
    let later = refund["evidence"]["kind"] != "answer";
    let seen = (later && !refund["seen"].is_null()).then(|| {
        let seen = &refund["seen"];
        let at = seen["at"].as_str().and_then(|at| at.parse().ok()).map_or_else(String::new, table::time);
        format!("{} of this payment, {at}", figures(&seen["figures"], refund))
    });
    let attempts = match refund["attempt_count"].as_u64() {
        Some(0) | None => "not yet".to_owned(),
        Some(1) => "once".to_owned(),
        Some(n) => format!("{n} times, at most one of them may have been carried out"),
    };
    let lines = [
        ("refund", text("id", 24)),
        ("state", text("state", 24)),
        ("code", text("code", 80)),
        ("amount", Some(amount(refund["amount"].as_u64().unwrap_or(0), currency))),
        ("provider", text("provider", 24)),
        ("payment", Some(text("payment", 24).unwrap_or_else(|| "not known here".to_owned()))),
        ("reference", reference.map(|text| table::plain(text, 60))),
        ("request", text("request_id", 64)),
        ("operator", text("operator", 64)),
        ("approved", text("approved_by", 64)),
        ("reason", text("reason", 200)),
        ("tried", Some(attempts)),
        ("shown by", verdict),
        ("seen there", seen),
    ];
    for (name, value) in lines {
        if let Some(value) = value {
            writeln!(out, "{name:<10} {value}")?;
        }
    }
    writeln!(out)?;
    for change in all(refund, "history") {
        let kind = table::plain(change["type"].as_str().unwrap_or("-"), 40);
        let line = format!("{}  {kind:<24} {}", time(&change["at"]), refund_words::event(&kind, &change["data"]));
        writeln!(out, "{}", line.trim_end())?;
    }
    for (nth, call) in all(refund, "calls").enumerate() {
        if nth == 0 {
            writeln!(out, "\nwhat was sent and answered")?;
        }
        let text = |name: &str, most| table::plain(call[name].as_str().unwrap_or("-"), most);
        writeln!(out, "{}  {:<8} {}", time(&call["at"]), text("kind", 16), text("text", CALL_MAX))?;
    }
    for (nth, told) in all(refund, "looked_up").enumerate() {
        if nth == 0 {
            writeln!(out, "\nwhat look-ups told that settled nothing")?;
        }
        writeln!(out, "{}  {}", time(&told["from"]), looked_up(told, refund))?;
    }
    match next(refund) {
        Some(hint) => writeln!(out, "\n{hint}"),
        None => Ok(()),
    }
}

fn all<'a>(refund: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    refund[name].as_array().into_iter().flatten()
}

fn time(at: &Value) -> String {
    let at = at.as_str().unwrap_or("-");
    at.parse::<Timestamp>().map_or_else(|_| table::plain(at, 30), table::exact_time)
}

/// `no refund, not_found, 3 times until …`
fn looked_up(told: &Value, of: &Value) -> String {
    let seen = (!told["figures"].is_null()).then(|| figures(&told["figures"], of));
    let code = told["code"].as_str().map(|code| table::plain(code, 40));
    let often = told["count"].as_u64().filter(|count| *count > 1);
    let often = often.map(|count| format!("{count} times until {}", time(&told["to"])));
    let words: Vec<String> = [seen, code, often].into_iter().flatten().collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

/// Whether bytes of it may have reached the provider, as its review tells.
fn sent(refund: &Value) -> bool {
    let review = all(refund, "history").filter(|change| change["type"] == "refund.review").last();
    review.is_none_or(|review| review["data"]["sent"] != false)
}

/// What happens next, or is to be done.
fn next(refund: &Value) -> Option<String> {
    let id = table::plain(refund["id"].as_str().unwrap_or("-"), 24);
    let resolve = format!("vietqr-edge refund resolve {id} --verdict succeeded|failed --reason …");
    Some(match refund["state"].as_str()? {
        "awaiting_approval" => format!("A manager has to approve it: vietqr-edge refund approve {id} --operator NAME"),
        "queued" => format!(
            "It goes out when the provider is reached. To call it off before that: \
             vietqr-edge refund cancel {id} --reason …"
        ),
        "unknown" | "pending" => {
            "Whether it was carried out is not known yet: it is looked up, and not sent again.".to_owned()
        }
        "review" if !sent(refund) => {
            format!("It was not sent, and will not be. Look at the bank's statement, then: {resolve}")
        }
        "review" => format!(
            "It was sent, and nothing shows whether it was carried out. It is not sent again. \
             Look at the bank's statement, then: {resolve}"
        ),
        _ if refund["contradicted"] == true => {
            "The provider shows something else than the verdict: look at the bank's statement.".to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sheet(refund: &Value) -> String {
        let mut out = Vec::new();
        write(&mut out, refund).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_refund_in_review_says_whether_it_was_sent_and_how_it_is_decided() {
        let review = |sent: bool| {
            let history = json!([{"at": "2026-11-21T02:30:00.000Z", "type": "refund.review",
                "data": {"code": "no_figures", "sent": sent}}]);
            json!({"id": "r7", "state": "review", "code": "no_figures", "attempt_count": 1, "history": history})
        };
        let unsent = sheet(&review(false));
        assert!(unsent.contains("It was not sent, and will not be."), "{unsent}");
        assert!(unsent.ends_with("vietqr-edge refund resolve r7 --verdict succeeded|failed --reason …\n"), "{unsent}");
        assert!(sheet(&review(true)).contains("nothing shows whether it was carried out"));
    }

    #[test]
    fn what_was_sent_and_looked_up_is_shown_where_the_daemon_tells_it() {
        let at = "2026-11-21T02:30:00.000Z";
        let refund = json!({"id": "r7", "state": "unknown", "currency": "VND",
            "calls": [{"at": at, "kind": "request", "attempt": "a1", "text": "{\"amount\":\"1\"}\u{1b}[2J"}],
            "looked_up": [{"from": at, "to": at, "count": 3, "code": "no_answer",
                "figures": {"refund_count": 0, "amount_refunded": 0}}]});
        let shown = sheet(&refund);
        assert!(shown.contains("21/11/2026 09:30:00.000  request  {\"amount\":\"1\"}·[2J\n"), "{shown}");
        assert!(shown.contains("no refund, no_answer, 3 times until 21/11/2026 09:30:00.000\n"), "{shown}");
    }

    #[test]
    fn text_of_strangers_can_not_move_the_cursor() {
        let shown =
            sheet(&json!({"id": "r7\u{1b}", "state": "failed", "reason": "a\nb", "history": [{"type": "x\r"}]}));
        assert!(!shown.contains(['\u{1b}', '\r']) && shown.contains("a·b"), "{shown}");
    }
}
