//! `/v1/refunds`: who may ask and decide, what is answered, what is bound.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    REFUND_CODES, receive,
    served::{Served, answer, operator},
};
use vietqr_edge::{config, http::Role};

fn ask(request_id: &str, reference: &str, amount: u64) -> Value {
    json!({"request_id": request_id, "provider": "vietqr", "bank_account": "1234567890",
        "reference_number": reference, "amount": amount, "reason": "khách trả hàng", "operator": "lan"})
}

fn change(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

/// A ledger with FT00001 to FT00003, a manager and a cashier.
async fn served() -> Served {
    let served = Served::with(|options| {
        let refund = &mut options.rules.refund;
        refund.operators = vec![("lan".into(), false), ("boss".into(), true), ("chef".into(), true)];
        refund.limits.as_mut().unwrap().max_amount = 20_000;
        refund.limits.as_mut().unwrap().daily_total = 60_000;
        refund.limits.as_mut().unwrap().approval_above = 15_000;
    });
    served.book(1, 3).await;
    served
}

#[tokio::test]
async fn a_request_is_accepted_once_and_shown() {
    let served = served().await;
    let (status, _, body) = served.post("/v1/refunds", &ask("r-1", "FT00001", 10_000)).await;
    assert_eq!((status, &body["state"], &body["payment"]), (202, &json!("queued"), &json!("p1")), "{body}");
    assert_eq!(body["original"]["bank_account"], "1234567890", "whole for whoever may open the socket");
    let id = body["id"].as_str().unwrap().to_owned();
    let again = change(ask("r-1", "FT00001", 10_000), "operator", json!("boss"));
    let (status, _, body) = served.post("/v1/refunds", &again).await;
    assert_eq!((status, body["id"].as_str()), (200, Some(&*id)), "the operator aside");
    let (status, _, body) = served.get(&format!("/v1/refunds/{id}")).await;
    let types: Vec<_> = body["history"].as_array().unwrap().iter().map(|change| &change["type"]).collect();
    assert_eq!((status, types), (200, vec![&json!("refund.requested"), &json!("refund.queued")]));
    let pos = served.also_for(Role::Pos, None, "till");
    let (_, _, body) = answer(pos.get(format!("http://localhost/v1/refunds/{id}"))).await;
    assert_eq!(body["original"]["bank_account"], "***7890");
    assert!(!body.to_string().contains("1234567890") && !body.to_string().contains("fingerprint"), "{body}");
}

#[tokio::test]
async fn each_wrong_field_is_named_and_nothing_is_stored_or_bound() {
    let served = served().await;
    let before = served.last();
    let wrong = json!({"request_id": "a b", "provider": "vietqr", "bank_account": "12x", "reference_number": "",
        "amount": 2.5, "reason": "a\u{1}", "operator": "", "pin": 4321, "multi_times": "yes", "amout": 1});
    let (status, _, body) = served.post("/v1/refunds", &wrong).await;
    let named: BTreeSet<&str> =
        body["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    let all = wrong.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "provider").collect();
    assert_eq!((status, named), (400, all), "{body}");
    assert!(!body.to_string().contains("4321"), "{body}");
    let text = ask("r-1", "FT00001", 10_000).to_string();
    let twice = text.replacen('{', r#"{"amount":1,"#, 1);
    for (wrong, code) in [("{", "invalid_body"), ("[]", "invalid_body"), (twice.as_str(), "invalid_body")] {
        let request = served.request(reqwest::Method::POST, "/v1/refunds").header("content-type", "application/json");
        let (status, _, body) = answer(request.body(wrong.to_owned())).await;
        assert_eq!((status, body["code"].as_str()), (400, Some(code)), "{wrong}: {body}");
    }
    assert_eq!(served.last(), before, "nothing is stored");
    assert_eq!(served.post("/v1/refunds", &ask("r-1", "FT00001", 10_000)).await.0, 202);
}

#[tokio::test]
async fn two_callers_at_once_make_one_refund_and_the_other_is_told_why() {
    let served = served().await;
    let (first, second) = (ask("r-1", "FT00001", 10_000), ask("r-2", "FT00001", 10_000));
    let (a, b) = tokio::join!(served.post("/v1/refunds", &first), served.post("/v1/refunds", &second));
    let (won, lost) = if a.0 == 202 { (a, b) } else { (b, a) };
    assert_eq!((won.0, lost.0, lost.2["code"].as_str()), (202, 422, Some("in_flight")));
    assert_eq!(lost.2["refund"], won.2["id"]);
    let (first, second) = (ask("r-3", "FT00002", 1_000), change(ask("r-3", "FT00002", 1_000), "pin", json!("1")));
    let (one, same) = tokio::join!(served.post("/v1/refunds", &first), served.post("/v1/refunds", &second));
    assert_eq!(BTreeSet::from([one.0, same.0]), BTreeSet::from([200, 202]));
    assert_eq!(one.2["id"], same.2["id"]);
}

#[tokio::test]
async fn every_problem_about_refunds_has_its_code() {
    let served = served().await;
    let debit = r#"{"bankAccount":"1234567890","amount":5000,"transType":"D","referenceNumber":"FT9","content":"x","status":1}"#;
    let bare = r#"{"bankAccount":"1234567890","amount":5000,"transType":"C","content":"x","status":1}"#;
    for body in [debit, bare] {
        served.ledger.commands.send(receive(body.as_bytes().to_vec())).await.unwrap();
    }
    let by_id = |id: &str| {
        let mut body = change(ask("r-9", "", 1_000), "payment", json!(id));
        body.as_object_mut().unwrap().retain(|name, _| name != "bank_account" && name != "reference_number");
        body
    };
    let (_, _, queued) = served.post("/v1/refunds", &ask("r-1", "FT00001", 10_000)).await;
    let (_, _, waiting) = served.post("/v1/refunds", &ask("r-2", "FT00002", 16_000)).await;
    assert_eq!((&queued["state"], &waiting["state"]), (&json!("queued"), &json!("awaiting_approval")));
    let action = |refund: &Value, action: &str| format!("/v1/refunds/{}/{action}", refund["id"].as_str().unwrap());
    let reason = |name: &str| json!({"operator": name, "reason": "nhầm"});
    let mut seen = BTreeSet::new();
    let mut check = |(status, kind, body): (u16, String, Value), expected: u16, code: &str| {
        assert_eq!((status, body["code"].as_str()), (expected, Some(code)), "{body}");
        assert_eq!(kind, "application/problem+json", "{body}");
        seen.insert(code.to_owned());
    };
    for (body, status, code) in [
        (ask("r-1", "FT00001", 10_001), 409, "request_id_conflict"),
        (ask("r-9", "FT00001", 1_000), 422, "in_flight"),
        (ask("r-9", "FT00003", 20_001), 422, "above_max_amount"),
        (by_id("p99"), 422, "unknown_payment"),
        (ask("r-9", "FT9", 1_000), 422, "not_a_credit"),
        (by_id("p5"), 422, "no_reference"),
        (change(ask("r-9", "FT00003", 1_000), "bank_account", json!("99")), 422, "foreign_account"),
        (change(ask("r-9", "FT00003", 1_000), "operator", json!("someone")), 403, "unknown_operator"),
        (change(ask("r-9", "FT00003", 1_000), "provider", json!("vnpay")), 422, "provider_not_configured"),
    ] {
        check(served.post("/v1/refunds", &body).await, status, code);
    }
    check(served.get("/v1/refunds/r999").await, 404, "refund_not_found");
    check(
        served.post(&action(&queued, "resolve"), &json!({"verdict": "failed", "reason": "x"})).await,
        409,
        "wrong_state",
    );
    check(served.post(&action(&waiting, "approve"), &json!({"operator": "lan"})).await, 403, "same_person");

    let pos = served.also_for(Role::Pos, None, "till");
    let console = served.also_for(Role::Console, None, "till");
    let people = vec![operator("lan", config::Role::Cashier, "4321")];
    let asked_for_pins = served.also_for(Role::Console, Some(&served.desk(people)), "till");
    let post = |client: &reqwest::Client, path: &str, body: &Value| {
        answer(client.post(format!("http://localhost{path}")).json(body))
    };
    check(post(&pos, &action(&queued, "cancel"), &reason("lan")).await, 403, "role");
    check(post(&console, &action(&waiting, "approve"), &json!({"operator": "boss"})).await, 403, "not_a_manager");
    check(post(&console, &action(&queued, "cancel"), &reason("other")).await, 403, "not_the_requester");
    check(post(&asked_for_pins, &action(&queued, "cancel"), &reason("lan")).await, 403, "pin_required");
    let guess = change(ask("r-9", "FT00003", 1_000), "pin", json!("1234"));
    for _ in 0..5 {
        check(post(&asked_for_pins, "/v1/refunds", &guess).await, 403, "wrong_pin");
    }
    check(post(&asked_for_pins, "/v1/refunds", &guess).await, 429, "too_many_wrong_pins");

    assert_eq!(served.post(&action(&waiting, "approve"), &json!({"operator": "boss"})).await.2["state"], "queued");
    let (_, _, third) = served.post("/v1/refunds", &ask("r-3", "FT00003", 10_000)).await;
    check(served.post("/v1/refunds", &ask("r-4", "FT00004", 14_001 + 9_999)).await, 422, "above_max_amount");
    served.book(4, 5).await;
    assert_eq!(served.post("/v1/refunds", &ask("r-4", "FT00004", 14_000)).await.0, 202);
    check(served.post("/v1/refunds", &ask("r-5", "FT00005", 10_001)).await, 422, "above_daily_total");
    let (status, _, body) = post(&console, &action(&third, "cancel"), &reason("lan")).await;
    assert_eq!((status, &body["state"], &body["code"]), (200, &json!("refused"), &json!("cancelled")), "{body}");
    served.ledger.commands.send(support::notice("FT6", 500)).await.unwrap();
    check(served.post("/v1/refunds", &ask("r-6", "FT6", 501)).await, 422, "more_than_left");

    let alone = Served::with(|options| options.rules.refund.limits.as_mut().unwrap().approval_above = 0);
    alone.book(1, 1).await;
    check(alone.post("/v1/refunds", &ask("r-1", "FT00001", 1)).await, 422, "no_approver");
    let none = Served::with(|options| options.rules.refund.limits = None);
    none.book(1, 1).await;
    check(none.post("/v1/refunds", &ask("r-1", "FT00001", 1)).await, 422, "refunds_not_configured");
    assert_eq!(seen, REFUND_CODES.map(str::to_owned).into());
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended_and_can_be_of_one_state() {
    let served = Served::new();
    served.book(1, 5).await;
    for n in 1..=5 {
        let (status, ..) = served.post("/v1/refunds", &ask(&format!("r-{n}"), &format!("FT{n:05}"), 1_000)).await;
        assert_eq!(status, 202);
    }
    let (_, _, body) = served.get("/v1/refunds?limit=2").await;
    let first = body["items"].as_array().unwrap().len();
    let (_, _, rest) = served.get(&format!("/v1/refunds?after={}", body["next"].as_str().unwrap())).await;
    assert_eq!((first, rest["items"].as_array().unwrap().len(), &rest["next"]), (2, 3, &Value::Null));
    let id = rest["items"][0]["id"].as_str().unwrap();
    served.post(&format!("/v1/refunds/{id}/cancel"), &json!({"reason": "nhầm"})).await;
    let (_, _, body) = served.get("/v1/refunds?state=refused").await;
    assert_eq!((body["items"].as_array().unwrap().len(), body["items"][0]["id"].as_str()), (1, Some(id)));
    let (_, _, status) = served.get("/v1/status").await;
    assert_eq!(status["refunds"], json!({"queued": 4, "refused": 1}));
}
