//! A refund as the interfaces show it (DESIGN 3.4).

use super::Refund;
use crate::{
    mask,
    provider::{self, form::Kind},
};
use serde_json::{Map, Value, json};

impl Refund {
    /// The refund resource; account numbers are whole only where `whole` is set.
    pub fn resource(&self, whole: bool) -> Value {
        let request = &self.request;
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("id", json!(self.id));
        put("request_id", json!(request.request_id));
        put("provider", json!(request.original.provider()));
        put("state", json!(self.state));
        put("amount", json!(request.amount));
        put("currency", json!(request.currency));
        put("reason", json!(request.reason));
        put("operator", json!(request.operator));
        put("approved_by", json!(self.approved_by));
        put("payment", json!(request.payment));
        put("original", json!(request.original));
        put("attempts", json!(self.attempts));
        put("attempt_count", json!(self.attempt_count));
        put("baseline", json!(self.baseline));
        put("seen", json!(self.seen));
        put("looked_up", json!(self.looked_up));
        put("evidence", json!(self.evidence));
        put("contradicted", json!(self.contradicted));
        put("code", json!(self.code));
        put("created_at", json!(self.created_at));
        put("updated_at", json!(self.updated_at));
        if !whole {
            mask_original(&mut fields);
        }
        Value::Object(fields)
    }
}

/// Masks the account in the member `original`; takes the provider's name out of it into a member of its own.
pub(crate) fn mask_original(fields: &mut Map<String, Value>) {
    let Some(Value::Object(original)) = fields.get_mut("original") else { return };
    let provider = original.get("provider").cloned();
    let form = provider.as_ref().and_then(Value::as_str).and_then(provider::form);
    let accounts =
        form.map_or(&[][..], |form| form.fields).iter().filter(|field| matches!(field.kind, Kind::Account(_)));
    for field in accounts {
        if let Some(account) = original.get_mut(field.name) {
            *account = json!(mask::account(account.as_str().unwrap_or_default()));
        }
    }
    if let Some(provider) = provider {
        fields.insert("provider".into(), provider);
    }
}
