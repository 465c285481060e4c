//! The OpenAPI document is true: every documented operation answers as documented, with every documented field and no other.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    receive,
    served::{Served, answer, operator},
};
use vietqr_edge::{
    config,
    http::{Role, SpeakError},
    ledger::Command,
};
use vietqr_edge_core::{payment::PaymentId, provider::LookUp, refund::Input};

/// Looks a `$ref` up.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).expect(reference),
        None => schema,
    }
}

/// Whether a value is what a schema says; why not, with the place. Knows the keywords that the document uses.
fn matches(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| matches(document, choice, value, place).is_ok()).count();
        let whys: Vec<_> = choices.iter().filter_map(|c| matches(document, c, value, place).err()).collect();
        return if fitting == 1 { Ok(()) } else { Err(format!("{place}: fits {fitting} choices: {whys:?}")) };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&kind) {
        return Err(format!("{place}: {value} is not {types:?}"));
    }
    if let (Some(allowed), false) = (schema["enum"].as_array(), value.is_null())
        && !allowed.contains(value)
    {
        return Err(format!("{place}: {value} is not one of {allowed:?}"));
    }
    if schema["minimum"].as_i64().is_some_and(|least| value.as_i64().is_some_and(|n| n < least)) {
        return Err(format!("{place}: {value} is too small"));
    }
    if schema["format"] == "date-time" && value.as_str().is_some_and(|text| text.len() != 24 || !text.ends_with('Z')) {
        return Err(format!("{place}: {value} is not a time in UTC with milliseconds"));
    }
    if let Value::Array(items) = value {
        for (i, item) in items.iter().enumerate() {
            matches(document, &schema["items"], item, &format!("{place}[{i}]"))?;
        }
    }
    if let Value::Object(fields) = value {
        let none = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                return Err(format!("{place}: {required} is missing"));
            }
        }
        for (name, field) in fields {
            let place = format!("{place}.{name}");
            match (properties.get(name), &schema["additionalProperties"]) {
                (Some(schema), _) => matches(document, schema, field, &place)?,
                (None, Value::Bool(true)) => {}
                (None, Value::Object(schema)) => matches(document, &json!(schema), field, &place)?,
                (None, _) => return Err(format!("{place}: is not documented")),
            }
        }
    }
    Ok(())
}

/// What the document says of this answer.
fn documented<'a>(document: &'a Value, method: &str, path: &str, status: u16, kind: &str) -> Result<&'a Value, String> {
    let operation = &document["paths"][path][method];
    let response = resolved(document, &operation["responses"][status.to_string()]);
    let kind = kind.split(';').next().unwrap();
    let schema = &response["content"][kind]["schema"];
    if schema.is_null() { Err(format!("{method} {path}: {status} {kind} is not documented")) } else { Ok(schema) }
}

fn ask(request_id: &str, amount: u64) -> Value {
    json!({"request_id": request_id, "provider": "vietqr", "payment": "p1", "amount": amount,
        "reason": "khách trả hàng", "operator": "lan"})
}

fn change(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

fn verdict(verdict: &str) -> Value {
    json!({"verdict": verdict, "reason": "đã xem sao kê", "operator": "lan"})
}

#[tokio::test]
async fn every_operation_answers_as_documented() {
    let served = Served::with(|options| {
        options.rules.refund.operators = vec![("lan".into(), false), ("boss".into(), true)];
        options.rules.refund.limits.as_mut().unwrap().approval_above = 15_000;
    });
    let document: Value = served.get("/v1/openapi.json").await.2;
    served.book(1, 3).await;
    served.say(PaymentId(1)).await;
    served.record().await;
    for wrong in ["{", r#"{"bankAccount":"999","amount":1,"transType":"C"}"#] {
        served.ledger.commands.send(receive(wrong.as_bytes().to_vec())).await.unwrap();
    }
    let refund = |rest: &str| format!("/v1/refunds/r{}{rest}", served.last() + 1);
    let calls = [
        ("get", "/healthz", "/healthz", Value::Null, 200),
        ("get", "/healthz", "/healthz?x=1", Value::Null, 400),
        ("get", "/metrics", "/metrics", Value::Null, 200),
        ("get", "/metrics", "/metrics?x=1", Value::Null, 400),
        ("get", "/v1/status", "/v1/status", Value::Null, 200),
        ("get", "/v1/status", "/v1/status?x=1", Value::Null, 400),
        ("get", "/v1/payments", "/v1/payments?limit=2", Value::Null, 200),
        ("get", "/v1/payments", "/v1/payments?after=p1&limit=100", Value::Null, 200),
        ("get", "/v1/payments", "/v1/payments?limit=no", Value::Null, 400),
        ("get", "/v1/payments/{id}", "/v1/payments/p1", Value::Null, 200),
        ("get", "/v1/payments/{id}", "/v1/payments/p2", Value::Null, 200),
        ("get", "/v1/payments/{id}", "/v1/payments/p99", Value::Null, 404),
        ("get", "/v1/payments/{id}", "/v1/payments/p1?x=1", Value::Null, 400),
        ("post", "/v1/refunds", "/v1/refunds", ask("r-1", 10_000), 202),
        ("post", "/v1/refunds", "/v1/refunds", ask("r-1", 10_000), 200),
        ("post", "/v1/refunds", "/v1/refunds", ask("r-1", 10_001), 409),
        ("post", "/v1/refunds", "/v1/refunds", ask("r-2", 10_000), 422),
        ("post", "/v1/refunds", "/v1/refunds", json!({"request_id": "no spaces", "pin": 1, "typo": 1}), 400),
        ("post", "/v1/refunds", "/v1/refunds", json!({"reason": "x".repeat(70_000)}), 413),
        ("get", "/v1/refunds", "/v1/refunds?state=queued&limit=1", Value::Null, 200),
        ("get", "/v1/refunds", "/v1/refunds?state=lost", Value::Null, 400),
        ("get", "/v1/refunds/{id}", &*refund(""), Value::Null, 200),
        ("get", "/v1/refunds/{id}", &refund("?x=1"), Value::Null, 400),
        ("get", "/v1/refunds/{id}", "/v1/refunds/r99", Value::Null, 404),
        ("post", "/v1/refunds/{id}/resolve", &refund("/resolve"), verdict("succeeded"), 409),
        ("post", "/v1/refunds/{id}/resolve", &refund("/resolve"), verdict("perhaps"), 400),
        ("post", "/v1/refunds/{id}/resolve", "/v1/refunds/r99/resolve", verdict("failed"), 404),
        ("post", "/v1/refunds/{id}/approve", &refund("/approve"), json!({"operator": "boss"}), 409),
        ("post", "/v1/refunds/{id}/approve", &refund("/approve"), json!({"x": 1}), 400),
        ("post", "/v1/refunds/{id}/approve", "/v1/refunds/r99/approve", json!({}), 404),
        ("post", "/v1/refunds/{id}/cancel", &refund("/cancel"), json!({"operator": "lan"}), 400),
        ("post", "/v1/refunds/{id}/cancel", "/v1/refunds/x/cancel", json!({"reason": "nhầm"}), 404),
        ("post", "/v1/refunds/{id}/cancel", &refund("/cancel"), json!({"reason": "nhầm"}), 200),
        ("post", "/v1/refunds/{id}/cancel", &refund("/cancel"), json!({"reason": "nhầm"}), 409),
        ("get", "/v1/events", "/v1/events", Value::Null, 200),
        ("get", "/v1/events", "/v1/events?after=x", Value::Null, 400),
        ("get", "/v1/events", "/v1/events?after=999", Value::Null, 410),
        ("post", "/v1/voice/replay", "/v1/voice/replay", json!({"payment": "p1"}), 200),
        ("post", "/v1/voice/replay", "/v1/voice/replay", json!({}), 200),
        ("post", "/v1/voice/replay", "/v1/voice/replay", json!({"x": 1}), 400),
        ("post", "/v1/voice/replay", "/v1/voice/replay", json!({"payment": "x".repeat(70_000)}), 413),
        ("post", "/v1/voice/test", "/v1/voice/test", json!({"amount": 1}), 200),
        ("post", "/v1/voice/test", "/v1/voice/test", json!({"amount": 0}), 400),
        ("post", "/v1/voice/test", "/v1/voice/test", json!({"x": "x".repeat(70_000)}), 413),
        ("get", "/v1/openapi.json", "/v1/openapi.json", Value::Null, 200),
        ("get", "/v1/openapi.json", "/v1/openapi.json?x=1", Value::Null, 400),
    ];
    let mut called = BTreeSet::new();
    let mut check = |method: &str, path: &str, expected: u16, (status, kind, body): (u16, String, Value)| {
        assert_eq!(status, expected, "{method} {path}: {body}");
        let schema = documented(&document, method, path, status, &kind).unwrap();
        matches(&document, schema, &body, path).unwrap();
        called.insert((path.to_owned(), method.to_owned(), status.to_string()));
    };
    for (method, path, address, body, expected) in calls {
        let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = served.request(name, address);
        let request = if body.is_null() { request } else { request.json(&body) };
        check(method, path, expected, answer(request).await);
    }
    let post = |path: &str| served.request(Method::POST, path);
    let refuse = |error: SpeakError| *served.fake.refusal.lock().unwrap() = Some(error);
    for path in ["/v1/voice/replay", "/v1/voice/test"] {
        check("post", path, 415, answer(post(path).body("x")).await);
        refuse(SpeakError::QuietHours);
        check("post", path, 422, answer(post(path)).await);
        refuse(SpeakError::Busy);
        check("post", path, 503, answer(post(path)).await);
    }
    let waiting = answer(post("/v1/refunds").json(&change(ask("r-3", 16_000), "payment", json!("p2")))).await.2;
    let address = |refund: &Value, action: &str| format!("/v1/refunds/{}/{action}", refund["id"].as_str().unwrap());
    for (by, status) in [("lan", 403), ("boss", 200)] {
        let request = post(&address(&waiting, "approve")).json(&json!({"operator": by}));
        check("post", "/v1/refunds/{id}/approve", status, answer(request).await);
    }
    let begin = Input::Begin { attempt: "a1".into(), body: "{}".into(), look_up: LookUp::NoFigures };
    let refund = waiting["id"].as_str().unwrap().parse().unwrap();
    served.ledger.commands.send(Command::Refund { refund, input: Box::new(begin) }).await.unwrap();
    let request = post(&address(&waiting, "resolve")).json(&verdict("failed"));
    check("post", "/v1/refunds/{id}/resolve", 200, answer(request).await);
    let request = post("/v1/refunds").json(&change(ask("r-9", 1), "operator", json!("nobody")));
    check("post", "/v1/refunds", 403, answer(request).await);
    for action in ["approve", "cancel", "resolve"] {
        let address = format!("/v1/refunds/r1/{action}");
        let path = format!("/v1/refunds/{{id}}/{action}");
        check("post", &path, 415, answer(post(&address).body("x")).await);
        check("post", &path, 413, answer(post(&address).json(&json!({"reason": "x".repeat(70_000)}))).await);
    }
    let desk = served.desk(vec![operator("lan", config::Role::Cashier, "4321")]);
    let till = served.also_for(Role::Console, Some(&desk), "till");
    for n in 0..6 {
        let wrong = change(change(ask("r-9", 1), "payment", json!("p3")), "pin", json!("1234"));
        let status = if n < 5 { 403 } else { 429 };
        check("post", "/v1/refunds", status, answer(till.post("http://localhost/v1/refunds").json(&wrong)).await);
    }
    for (action, body) in [
        ("approve", json!({"operator": "lan", "pin": "1234"})),
        ("cancel", json!({"operator": "lan", "pin": "1234", "reason": "x"})),
        ("resolve", change(verdict("failed"), "pin", json!("1234"))),
    ] {
        let path = format!("/v1/refunds/{{id}}/{action}");
        let request = till.post(format!("http://localhost/v1/refunds/r1/{action}"));
        check("post", &path, 429, answer(request.json(&body)).await);
    }
    for action in ["cancel", "resolve"] {
        let path = format!("/v1/refunds/{{id}}/{action}");
        let body = match action {
            "cancel" => json!({"operator": "lan", "reason": "x"}),
            _ => verdict("failed"),
        };
        let request = till.post(format!("http://localhost/v1/refunds/r1/{action}"));
        check("post", &path, 403, answer(request.json(&body)).await);
    }
    check("post", "/v1/refunds", 415, answer(post("/v1/refunds").body("x")).await);
    refuse(SpeakError::NothingYet);
    check("post", "/v1/voice/replay", 404, answer(post("/v1/voice/replay")).await);
    *served.fake.ill.lock().unwrap() = Some("the ledger makes no progress".into());
    check("get", "/healthz", 503, served.get("/healthz").await);

    let mut every = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for status in operation["responses"].as_object().unwrap().keys() {
                // A journal that can not be read or written, a device too busy, and limits that shrank since the request are
                // not staged here.
                let busy =
                    status == "503" && path != "/healthz" && (method == "get" || path.starts_with("/v1/refunds"));
                let shrank = status == "422" && path.ends_with("/approve");
                if !(method == "get" && status == "500" || busy || shrank) {
                    every.insert((path.clone(), method.clone(), status.clone()));
                }
            }
        }
    }
    assert_eq!(called, every, "every documented answer is called for, and no other");
}

#[test]
fn the_check_itself_finds_what_is_missing_wrong_or_too_much() {
    let document = json!({"components": {"schemas": {"A": {
        "type": "object", "required": ["n"], "additionalProperties": false,
        "properties": {"n": {"type": ["integer", "null"], "minimum": 0}, "k": {"type": "string", "enum": ["a"]}},
    }}}});
    let schema = json!({"$ref": "#/components/schemas/A"});
    let fits = |value: Value| matches(&document, &schema, &value, "it").is_ok();
    assert!(fits(json!({"n": 1})) && fits(json!({"n": null, "k": "a"})));
    for wrong in
        [json!({}), json!({"n": "1"}), json!({"n": -1}), json!({"n": 1, "k": "b"}), json!({"n": 1, "z": 1}), json!([])]
    {
        assert!(!fits(wrong.clone()), "{wrong}");
    }
}
