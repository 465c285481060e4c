//! Events as they leave in a bundle: listed fields, nothing else. A type or field of a later version is left out until it is listed.

use serde_json::{Map, Value, json};
use vietqr_edge_core::mask;

/// Of every refund event.
const REFUND: &[&str] = &["refund", "request_id", "amount", "currency", "operator", "approved_by"];

/// The fields of a type that are kept. `a.b` is the member `b` of the member `a`. Not here, on purpose: the bank's `content`, what
/// people and providers wrote (`reason`, `message`, `reference` of a refund), hashes of bodies.
fn kept(kind: &str) -> &'static [&'static str] {
    match kind {
        "device.started" => &["version", "clean"],
        "device.stopped" => &["reason"],
        "link.up" => &["broker", "session_present"],
        "link.down" => &["broker", "reason"],
        "link.session_lost" => &["broker"],
        "message.quarantined" => &["reason", "count", "ring", "size", "detail"],
        "payment.received" | "payment.debited" => &[
            "id",
            "terminal",
            "bank_account",
            "reference_number",
            "trans_type",
            "amount",
            "paid_at",
            "future_time",
            "received_at",
            "source",
            "flags",
            "age",
        ],
        "announcement.started" => &["payments", "refund", "kind", "sentence"],
        "announcement.finished" => &["started", "took_ms"],
        "announcement.failed" => &["started", "reason"],
        "announcement.skipped" => &["payments", "refunds", "reason"],
        "refund.requested" => &[
            "provider",
            "multi_times",
            "payment",
            "door.kind",
            "door.terminal",
            "door.issued_at",
            "original.bank_account",
            "original.bank_code",
            "original.reference_number",
            "original.tmn_code",
            "original.txn_ref",
            "original.transaction_date",
            "original.transaction_no",
            "original.app_code",
            "original.syssn",
            "original.original_amount",
        ],
        "refund.awaiting_approval" => &["expires_at"],
        "refund.approved" => &["by"],
        "refund.refused" => &["code", "by"],
        "refund.queued" => &["expires_at", "pause_ms", "attempt.outcome", "attempt.code"],
        "refund.sending" => &["attempt", "baseline"],
        "refund.pending" | "refund.unknown" => &["code", "attempt.outcome", "attempt.code", "pause_ms", "review_at"],
        "refund.review" => {
            &["code", "attempt.outcome", "attempt.code", "before", "after", "sent", "settles", "pause_ms", "until"]
        }
        "refund.succeeded" => &["evidence.kind", "evidence.before", "evidence.after", "evidence.by"],
        "refund.failed" => &["code", "sent"],
        "refund.resolved" => &["verdict", "by"],
        "refund.contradicted" => &["verdict", "evidence.kind", "evidence.before", "evidence.after", "evidence.by"],
        "operator.locked" => &["operator", "caller", "wrong", "pause_ms", "until"],
        "clock.corrected" => &["from", "to"],
        "store.rebuilt" => &["reason", "set_aside", "lines"],
        "journal.damaged" => &["segment", "offset", "first_missing", "last_missing", "reason"],
        "journal.dropped" => &["segments", "first", "last", "held_since", "reason"],
        _ => &[],
    }
}

/// A CloudEvents document, reduced: number, time, type and the kept fields.
pub(super) fn reduce(document: &Value) -> Value {
    let kind = document["type"].as_str().unwrap_or_default();
    let of_refunds = if kind.starts_with("refund.") { REFUND } else { &[] };
    let mut data = Map::new();
    for path in of_refunds.iter().chain(kept(kind)) {
        let (outer, inner) = path.split_once('.').map_or((*path, None), |(outer, inner)| (outer, Some(inner)));
        let found = document["data"].get(outer);
        match inner {
            None => copy(outer, found, &mut data),
            Some(inner) => {
                let mut within = data.remove(outer).and_then(|value| value.as_object().cloned()).unwrap_or_default();
                copy(inner, found.and_then(|value| value.get(inner)), &mut within);
                if !within.is_empty() {
                    data.insert(outer.to_owned(), Value::Object(within));
                }
            }
        }
    }
    json!({"sequence": document["sequence"], "time": document["time"], "type": kind, "data": data})
}

fn copy(name: &str, value: Option<&Value>, to: &mut Map<String, Value>) {
    let Some(value) = value else { return };
    let value = match value.as_str() {
        Some(account) if name == "bank_account" && !account.starts_with("***") => json!(mask::account(account)),
        Some(_) => value.clone(),
        None if figures(value) => value.clone(),
        None => return,
    };
    to.insert(name.to_owned(), value);
}

/// Numbers, flags and lists of words. A text within an object was not listed.
fn figures(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.values().all(|value| !value.is_string() && figures(value)),
        Value::Array(items) => items.iter().all(|item| item.is_string() || item.is_number()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(kind: &str, data: Value) -> Value {
        reduce(&json!({"type": kind, "sequence": "000000000001", "time": "t", "data": data}))["data"].clone()
    }

    #[test]
    fn what_is_not_listed_is_left_out_also_of_types_that_are_not_known() {
        assert_eq!(
            data("payment.received", json!({"id": "p1", "content": "x", "raw_sha256": "y", "new": 1})),
            json!({"id": "p1"})
        );
        assert_eq!(data("some.later", json!({"id": "p1"})), json!({}));
        assert_eq!(data("refund.review", json!({"before": {"count": 1, "words": "x"}})), json!({}));
    }

    #[test]
    fn what_people_and_providers_wrote_is_left_out() {
        let attempt = json!({"outcome": "refused", "code": "E45", "message": "words", "reference": "FT1"});
        let queued = data("refund.queued", json!({"refund": "r1", "attempt": attempt, "reason": "words"}));
        assert_eq!(queued, json!({"refund": "r1", "attempt": {"outcome": "refused", "code": "E45"}}));
        assert_eq!(
            data("refund.refused", json!({"code": "cancelled", "by": "lan", "reason": "words"})),
            json!({"code": "cancelled", "by": "lan"})
        );
    }

    #[test]
    fn an_account_is_masked_whoever_forgot_it() {
        let original = json!({"bank_account": "1234567890", "reference_number": "FT1"});
        let kept = data("refund.requested", json!({"original": original}));
        assert_eq!(kept, json!({"original": {"bank_account": "***7890", "reference_number": "FT1"}}));
        assert_eq!(data("payment.received", json!({"bank_account": "***7890"})), json!({"bank_account": "***7890"}));
    }
}
