//! One refund for people: what it is, what happened to it, what to do now.

use super::{
    refund_words::{self, figures},
    refunds::amount,
    table,
};
use serde_json::Value;
use std::io::{self, Write};
use vietqr_edge_core::time::Timestamp;

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
    for change in refund["history"].as_array().into_iter().flatten() {
        let at = change["at"].as_str().unwrap_or("-");
        let at = at.parse::<Timestamp>().map_or_else(|_| table::plain(at, 30), table::exact_time);
        let kind = table::plain(change["type"].as_str().unwrap_or("-"), 40);
        let line = format!("{at}  {kind:<24} {}", refund_words::event(&kind, &change["data"]));
        writeln!(out, "{}", line.trim_end())?;
    }
    match next(refund) {
        Some(hint) => writeln!(out, "\n{hint}"),
        None => Ok(()),
    }
}

/// Whether bytes of it may have reached the provider, as its review tells.
fn sent(refund: &Value) -> bool {
    let mut changes = refund["history"].as_array().into_iter().flatten().rev();
    changes.find(|change| change["type"] == "refund.review").is_none_or(|review| review["data"]["sent"] != false)
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
