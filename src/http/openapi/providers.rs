//! What each provider's table adds to the document: how its payments are named, in a request and in a refund.

use serde_json::{Value, json};
use vietqr_edge_core::provider::{
    FORMS,
    form::{Field, Form, Kind},
};

/// Completes the schemas of providers, originals and requests.
pub(super) fn add(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas") else { return };
    schemas["Provider"] = names(&FORMS.map(|form| form.name));
    schemas["Original"] = json!({
        "description": "The payment that money is given back for.",
        "oneOf": FORMS.map(original),
    });
    let shared = schemas["RefundRequest"].clone();
    schemas["RefundRequest"] = json!({
        "description": "A request for a refund.",
        "oneOf": FORMS.map(|form| request(form, shared.clone())),
    });
}

fn names(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn property(field: &Field) -> Value {
    match field.kind {
        Kind::Paid => json!({"type": "integer", "minimum": 1, "description": field.help}),
        Kind::Text(_) | Kind::Optional(_) | Kind::Account(_) => {
            json!({"type": "string", "description": format!("{}. {}", field.help, field.expected)})
        }
    }
}

/// Fields that may not be missing.
fn required(form: &Form) -> impl Iterator<Item = &'static str> {
    form.fields.iter().filter(|field| field.required()).map(|field| field.name)
}

fn original(form: &Form) -> Value {
    let required: Vec<_> = ["provider", form.own].into_iter().chain(required(form)).collect();
    let mut schema = json!({
        "type": "object",
        "description": format!("A payment at {}.", form.title),
        "properties": {"provider": names(&[form.name]), form.own: {"type": "string", "description": "Of this shop."}},
        "required": required,
        "additionalProperties": false,
    });
    for field in form.fields {
        schema["properties"][field.name] = property(field);
    }
    schema
}

fn request(form: &Form, mut schema: Value) -> Value {
    let mut add = |name: &str, property: Value, required: bool| {
        schema["properties"][name] = property;
        if let Some(names) = schema["required"].as_array_mut().filter(|_| required) {
            names.push(json!(name));
        }
    };
    add("provider", names(&[form.name]), true);
    for field in form.fields {
        add(field.name, property(field), !form.ledger && field.required());
    }
    if form.ledger {
        let instead = "The payment's id here, instead of the other members that name it";
        add("payment", json!({"type": "string", "description": instead}), false);
        let multi = "Several refunds of this payment are to be allowed; counts with its first refund only";
        add("multi_times", json!({"type": "boolean", "description": multi}), false);
    }
    if form.names_currency() {
        add("currency", json!({"type": "string", "description": "ISO 4217, as HKD"}), true);
    }
    schema["description"] = json!(format!("A {} payment.", form.title));
    let unit = form.money.unit();
    schema["properties"]["amount"]["description"] = json!(format!("What goes back, in {unit}."));
    schema
}
