//! VNPAY's side: a record is found by its number; without one it tells the payment or the newest refund, as it likes.

use super::{
    bank::{Bank, Movement, Seen, Send, State, When},
    which::answer as http,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use vietqr_edge_core::provider::{
    Call, Provider, Wire,
    vnpay::{Terminal, Vnpay},
};

pub const TMN_CODE: &str = "DEMOTMN1";
pub const TXN_REF: &str = "HD1";
const KEY: &[u8] = b"VNPAYTESTSECRETKEY0123456789ABCD";

pub const SENDS: [Send; 20] = [
    ("honest", When::Now, Seen::Success, false),
    ("accepted, executed later", When::Later, Seen::Pending, true),
    ("refused connection", When::Never, Seen::NotSent, true),
    ("closed before reading", When::Never, Seen::Broken, true),
    ("closed after processing", When::Now, Seen::Broken, true),
    ("closed, executed later", When::Later, Seen::Broken, true),
    ("500 before processing", When::Never, Seen::Status(500), true),
    ("500 after processing", When::Now, Seen::Status(500), true),
    ("garbage after processing", When::Now, Seen::Garbage, true),
    ("307 to itself", When::Never, Seen::Status(307), true),
    ("duplicate, the first was executed", When::Now, Seen::Unsigned("94", "Request is duplicated"), true),
    ("too many refunds, another's", When::Never, Seen::Code("94", "Too many refund count (>0)"), true),
    ("another one is processed", When::Never, Seen::Code("94", "dang xu ly"), true),
    ("ours is processed", When::Later, Seen::Code("94", "dang xu ly"), true),
    ("99 before processing", When::Never, Seen::Code("99", "Unexpected error"), true),
    ("99 after processing", When::Now, Seen::Code("99", "Unexpected error"), true),
    ("97 unsigned", When::Never, Seen::Unsigned("97", "Invalid signature"), true),
    ("91", When::Never, Seen::Code("91", "Transaction not found"), true),
    ("a success of another key, executed", When::Now, Seen::Forged, true),
    ("a success of another key", When::Never, Seen::Forged, true),
];

pub const LOOK_UPS: [(&str, bool); 8] = [
    ("honest", false),
    ("the other record", true),
    ("no answer", true),
    ("94", true),
    ("91", true),
    ("97", true),
    ("97 unsigned", true),
    ("the payment, not paid", true),
];

pub fn open() -> Box<dyn Provider> {
    let terminal = Terminal { tmn_code: TMN_CODE.into(), hash_secret: KEY.to_vec(), ip: "203.0.113.7".into() };
    Box::new(Vnpay::new(terminal))
}

pub fn told(seen: Seen, call: &Call, movement: Movement) -> Wire {
    let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
    let mut members = json!({"vnp_ResponseId": "1", "vnp_Command": "refund", "vnp_TmnCode": TMN_CODE, "vnp_TxnRef": TXN_REF,
        "vnp_Amount": sent["vnp_Amount"], "vnp_TransactionType": sent["vnp_TransactionType"]});
    let mut add = |code: &str, words: &str, status: Option<&str>| {
        members["vnp_ResponseCode"] = json!(code);
        members["vnp_Message"] = json!(words);
        if let Some(status) = status {
            members["vnp_TransactionStatus"] = json!(status);
            members["vnp_TransactionNo"] = json!(number(&movement));
        }
    };
    match seen {
        Seen::Success => add("00", "Refund success", Some("00")),
        Seen::Pending => add("00", "Refund success", Some("05")),
        Seen::Code(code, words) => add(code, words, None),
        Seen::Unsigned(code, words) => {
            return http(200, None, json!({"vnp_ResponseCode": code, "vnp_Message": words}).to_string());
        }
        Seen::Forged => {
            add("00", "Refund success", Some("00"));
            return http(200, None, signed(members, 13, b"another key").to_string());
        }
        Seen::Status(status) => {
            add("91", "", None);
            return http(status, None, signed(members, 13, KEY).to_string());
        }
        other => panic!("VNPAY has no {other:?}"),
    }
    http(200, None, signed(members, 13, KEY).to_string())
}

pub fn answer(bank: &Bank, call: &Call, choice: &str) -> Wire {
    let sent: Value = serde_json::from_slice(&call.body).expect("JSON");
    let asked = sent.get("vnp_TransactionNo").and_then(Value::as_str);
    let payment = |status| record("01", bank.paid, status, None);
    let refund = |movement: &Movement, state| {
        let status = match state {
            State::Done => "00",
            State::UnderWay => "05",
            State::Rejected => "09",
        };
        let kind = if movement.amount == bank.paid { "02" } else { "03" };
        record(kind, movement.amount, status, Some(movement))
    };
    let by_number = asked.and_then(|asked| bank.records().find(|(record, _)| number(record) == asked));
    let newest = bank.records().max_by_key(|(record, _)| record.number);
    let members = match choice {
        "no answer" => return Wire::Broken { reason: "closed".into() },
        "94" => {
            return http(
                200,
                None,
                json!({"vnp_ResponseCode": "94", "vnp_Message": "Request is duplicated"}).to_string(),
            );
        }
        "97 unsigned" => return http(200, None, json!({"vnp_ResponseCode": "97", "vnp_Message": "x"}).to_string()),
        "91" | "97" => json!({"vnp_ResponseCode": choice, "vnp_Message": "x"}),
        "the payment, not paid" => payment("01"),
        _ if by_number.is_some() => by_number.map(|(movement, state)| refund(movement, state)).expect("some"),
        "honest" | "the other record" if bank.tells_refunds == (choice == "honest") => {
            newest.map_or_else(|| payment("00"), |(movement, state)| refund(movement, state))
        }
        _ => payment("00"),
    };
    http(200, None, signed(members, 15, KEY).to_string())
}

fn record(kind: &str, amount: u64, status: &str, movement: Option<&Movement>) -> Value {
    let mut record = json!({"vnp_ResponseId": "1", "vnp_Command": "querydr", "vnp_ResponseCode": "00", "vnp_Message": "QueryDR Success",
        "vnp_TmnCode": TMN_CODE, "vnp_TxnRef": TXN_REF, "vnp_Amount": (amount * 100).to_string(), "vnp_TransactionType": kind,
        "vnp_TransactionStatus": status});
    if let Some(movement) = movement {
        record["vnp_TransactionNo"] = json!(number(movement));
        let at = chrono::DateTime::from_timestamp_millis(movement.at + 7 * 3_600_000).expect("a time");
        record["vnp_PayDate"] = json!(at.format("%Y%m%d%H%M%S").to_string());
    }
    record
}

fn number(movement: &Movement) -> String {
    format!("77{}", movement.number)
}

fn signed(members: Value, hashed: usize, key: &[u8]) -> Value {
    let order = [
        "ResponseId",
        "Command",
        "ResponseCode",
        "Message",
        "TmnCode",
        "TxnRef",
        "Amount",
        "BankCode",
        "PayDate",
        "TransactionNo",
        "TransactionType",
        "TransactionStatus",
        "OrderInfo",
        "PromotionCode",
        "PromotionAmount",
    ];
    let value = |name: &&str| members.get(format!("vnp_{name}")).and_then(Value::as_str).unwrap_or_default();
    let joined: Vec<&str> = order[..hashed].iter().map(value).collect();
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(key).expect("a key");
    mac.update(joined.join("|").as_bytes());
    let hash = hex::encode(mac.finalize().into_bytes());
    let mut members: Map<String, Value> = members.as_object().expect("an object").clone();
    members.insert("vnp_SecureHash".into(), json!(hash));
    members.into()
}
