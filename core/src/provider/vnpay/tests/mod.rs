mod query;
mod refund;
mod vectors;

use super::{FORM, Terminal, fields};
use crate::{
    provider::{Moment, Wire},
    refund::{Door, Fingerprint, Original, Refund, Request, apply},
    time::Timestamp,
};
use hmac::Mac;
use serde_json::{Value, json};

const KEY: &str = "VNPAYTESTSECRETKEY0123456789ABCD";

fn terminal() -> Terminal {
    Terminal { tmn_code: "DEMOTMN1".into(), hash_secret: KEY.into(), ip: "203.0.113.10".into() }
}

fn at(text: &str) -> Moment {
    Moment { now: text.parse().unwrap(), monotonic_ms: 0, random: 7 }
}

fn a_request(amount: u64, transaction_no: Option<&str>) -> Request {
    let mut members = vec![
        ("txn_ref", "ORDER20240521001".into()),
        ("transaction_date", "20240521091731".into()),
        ("original_amount", 100_000.into()),
    ];
    members.extend(transaction_no.map(|number| ("transaction_no", number.into())));
    Request {
        request_id: "r-1".into(),
        original: Original::new(&FORM, "DEMOTMN1", members),
        amount,
        currency: "VND".into(),
        reason: "Hoàn tiền một phần".into(),
        operator: "refundd".into(),
        multi_times: false,
        payment: None,
        door: Door::Http,
        fingerprint: Fingerprint(String::new()),
    }
}

fn a_refund(amount: u64, transaction_no: Option<&str>) -> Refund {
    let requested = crate::event::Event::RefundRequested(Box::new(a_request(amount, transaction_no)));
    apply(None, 1, Timestamp::from_secs(1_716_694_200), &requested).unwrap()
}

/// An answer with these members, the hash over the first `hashed` values added.
fn signed(members: &Value, hashed: usize) -> Value {
    let joined = fields::joined(&fields::ANSWER[..hashed], |name| members.get(name).and_then(Value::as_str));
    let mut members = members.clone();
    members["vnp_SecureHash"] = json!(hex::encode(fields::mac(KEY.as_bytes(), &joined).finalize().into_bytes()));
    members
}

fn wire(body: &Value) -> Wire {
    Wire::Answer { status: 200, header: None, body: body.to_string().into_bytes() }
}

fn with(mut value: Value, name: &str, to: impl Into<Value>) -> Value {
    value[name] = to.into();
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}
