//! An event on one line, for people.

use super::{
    refund_words,
    refunds::amount as sum,
    table::{amount, plain, time},
};
use serde_json::Value;
use vietqr_edge_core::{money::Dong, time::Timestamp};

/// The longest summary, in characters.
const MOST: usize = 120;

/// `    42  21/11 09:30:05  payment.received        p42 25.000 đ …`
pub(super) fn line(document: &Value) -> String {
    let text = |key: &str| document[key].as_str().unwrap_or("-");
    let seq = text("sequence").trim_start_matches('0');
    let at = text("time").parse::<Timestamp>().map_or_else(|_| text("time").to_owned(), time);
    let kind = plain(text("type"), 40);
    format!("{seq:>6}  {at}  {kind:<22}  {}", plain(&summary(&kind, &document["data"]), MOST)).trim_end().to_owned()
}

fn summary(kind: &str, data: &Value) -> String {
    let text = |key: &str| data[key].as_str().unwrap_or("-");
    match kind {
        "payment.received" | "payment.debited" => {
            let dong = amount(Dong(data["amount"].as_u64().unwrap_or(0)));
            let reference = data["reference_number"].as_str().unwrap_or("no reference");
            let sign = if kind == "payment.debited" { "-" } else { "" };
            format!("{} {sign}{dong} {} {} {}", text("id"), text("terminal"), reference, text("content"))
        }
        "announcement.started" => about(&data["payments"], text("sentence")),
        "announcement.skipped" => about(&data["payments"], text("reason")),
        "announcement.finished" => format!("of {} in {} ms", data["started"], data["took_ms"]),
        "announcement.failed" => format!("of {}: {}", data["started"], text("reason")),
        "link.down" => format!("{}: {}", text("broker"), text("reason")),
        "link.up" => {
            let kept = data["session_present"].as_bool() == Some(true);
            format!("{}{}", text("broker"), if kept { "" } else { " (a new session)" })
        }
        "link.session_lost" => format!("{}: messages may be missing", text("broker")),
        "message.quarantined" => {
            format!("{} x{} {}: {}", text("reason"), data["count"], text("topic"), text("detail"))
        }
        "device.started" => {
            let clean = data["clean"].as_bool() == Some(true);
            format!("{}{}", text("version"), if clean { "" } else { " (the run before did not end in order)" })
        }
        "operator.locked" => {
            let who = data["operator"].as_str().or(data["caller"].as_str().map(|_| "no such operator"));
            let at = data["caller"].as_str().map(|caller| format!(" at {caller}")).unwrap_or_default();
            let seconds = data["pause_ms"].as_u64().unwrap_or(0).div_ceil(1000);
            format!(
                "{}{at}: {} wrong PINs, none is checked for {seconds} s",
                who.unwrap_or("the device"),
                data["wrong"]
            )
        }
        "device.stopped" | "store.rebuilt" => text("reason").to_owned(),
        _ if kind.starts_with("refund.") => {
            let asked = sum(data["amount"].as_u64().unwrap_or(0), text("currency"));
            format!("{} {asked} {}", text("refund"), refund_words::event(kind, data))
        }
        _ => data.to_string(),
    }
}

/// A sentence about a refund or the link is about no payment.
fn about(payments: &Value, said: &str) -> String {
    match ids(payments) {
        none if none.is_empty() => said.to_owned(),
        some => format!("{some}: {said}"),
    }
}

/// `p1, p2, p3 and 17 more`
fn ids(payments: &Value) -> String {
    let all: Vec<&str> = payments.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match all.split_at_checked(3) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_fits_one_line() {
        let document = json!({
            "sequence": "000000000042", "time": "2026-11-21T02:30:05.000Z", "type": "payment.received",
            "data": {"id": "p42", "amount": 25000, "terminal": "VVB123456", "content": "tra\ntien"},
        });
        let expected = "    42  21/11 09:30:05  payment.received        p42 25.000 đ VVB123456 no reference tra·tien";
        assert_eq!(line(&document), expected);
    }

    #[test]
    fn a_refund_is_named_with_its_amount_and_what_happened() {
        let data = json!({"refund": "r7", "amount": 25000, "currency": "VND", "code": "cancelled", "by": "lan", "reason": "nhầm"});
        assert_eq!(summary("refund.refused", &data), "r7 25.000 đ cancelled, by lan, nhầm");
    }

    #[test]
    fn an_event_of_a_later_version_is_shown_as_it_is() {
        let document = json!({"sequence": "000000000001", "time": "x", "type": "new.kind", "data": {"a": 1}});
        assert_eq!(line(&document), "     1  x  new.kind                {\"a\":1}");
    }

    #[test]
    fn a_lock_tells_who_is_locked_out_where() {
        let mut data = json!({"operator": "lan", "caller": "token till", "wrong": 5, "pause_ms": 300_000});
        assert_eq!(summary("operator.locked", &data), "lan at token till: 5 wrong PINs, none is checked for 300 s");
        data["operator"].take();
        assert!(summary("operator.locked", &data).starts_with("no such operator at token till: "));
        data["caller"].take();
        assert!(summary("operator.locked", &data).starts_with("the device: "));
    }

    #[test]
    fn a_summary_names_three_payments_and_counts_the_rest() {
        assert_eq!(ids(&json!(["p1", "p2"])), "p1, p2");
        assert_eq!(ids(&json!(["p1", "p2", "p3", "p4", "p5"])), "p1, p2, p3 and 2 more");
    }
}
