//! QFPay's side: a refund has a row by its out_trade_no.

use super::{
    bank::{Bank, Movement, Seen, Send, State, When},
    which::answer as http,
};
use serde_json::{Value, json};
use vietqr_edge_core::provider::{
    Call, Provider, Wire,
    qfpay::{Merchant, Qfpay, SignType, Verify},
};

pub const SYSSN: &str = "20261118000200020061752831";
const KEY: &str = "0123456789ABCDEF0123456789ABCDEF";

pub const SENDS: [Send; 22] = [
    ("honest", When::Now, Seen::Success, false),
    ("accepted, executed later", When::Later, Seen::Pending, true),
    ("refused connection", When::Never, Seen::NotSent, true),
    ("closed before reading", When::Never, Seen::Broken, true),
    ("closed after processing", When::Now, Seen::Broken, true),
    ("closed, executed later", When::Later, Seen::Broken, true),
    ("500 before processing", When::Never, Seen::Status(500), true),
    ("500 after processing", When::Now, Seen::Status(500), true),
    ("garbage after processing", When::Now, Seen::Garbage, true),
    ("429", When::Never, Seen::Status(429), true),
    ("1265", When::Never, Seen::Code("1265", "not now"), true),
    ("1269", When::Never, Seen::Code("1269", "balance"), true),
    ("another one runs", When::Never, Seen::Code("1205", "You still have prosessing requests"), true),
    ("1251, the first was executed", When::Now, Seen::Code("1251", "out_trade_no is used"), true),
    ("1297 before processing", When::Never, Seen::Code("1297", "busy"), true),
    ("1297 after processing", When::Now, Seen::Code("1297", "busy"), true),
    ("2011, executed later", When::Later, Seen::Code("2011", "repeats"), true),
    ("1136", When::Never, Seen::Code("1136", "missing"), true),
    ("1264, another's", When::Never, Seen::Code("1264", "wrong cancel"), true),
    ("1264, ours", When::Now, Seen::Code("1264", "wrong cancel"), true),
    ("a success without a signature, executed", When::Now, Seen::Unsigned("0000", ""), true),
    ("a success without a signature", When::Never, Seen::Forged, true),
];

pub const LOOK_UPS: [(&str, bool); 6] = [
    ("honest", false),
    ("no answer", true),
    ("no rows", true),
    ("1298", true),
    ("unsigned", true),
    ("cancelled", true),
];

pub fn open() -> Box<dyn Provider> {
    let verify = Verify::Require;
    Box::new(Qfpay::new(Merchant {
        app_code: "A".into(),
        mchid: None,
        client_key: KEY.into(),
        sign: SignType::Md5,
        verify,
    }))
}

pub fn told(seen: Seen, call: &Call, movement: Movement) -> Wire {
    let sent = String::from_utf8(call.body.clone()).expect("a form");
    let number = sent.split('&').find_map(|pair| pair.strip_prefix("out_trade_no=")).expect("a number");
    let body = |code: &str, words: &str| {
        json!({"respcd": code, "respmsg": words, "orig_syssn": SYSSN, "out_trade_no": number,
            "txamt": movement.amount.to_string(), "txcurrcd": "HKD"})
    };
    match seen {
        Seen::Success => signed(&body("0000", "")),
        Seen::Pending => signed(&body("1143", "")),
        Seen::Code(code, words) => signed(&body(code, words)),
        Seen::Unsigned(code, words) => http(200, None, body(code, words).to_string()),
        Seen::Forged => http(200, Some("00".into()), body("0000", "").to_string()),
        Seen::Status(status) => http(status, None, String::new()),
        other => panic!("QFPay has no {other:?}"),
    }
}

pub fn answer(bank: &Bank, call: &Call, choice: &str, intent: usize) -> Wire {
    let sent = String::from_utf8(call.body.clone()).expect("a form");
    let number = sent.split('&').find_map(|pair| pair.strip_prefix("out_trade_no="));
    let rows: Vec<Value> = match number {
        Some(number) => {
            let ours = bank.records().filter(|(record, _)| record.intent == Some(intent));
            ours.map(|(record, state)| row(number, record, state)).collect()
        }
        None => {
            let cancel = match bank.total() {
                _ if choice == "cancelled" => "2",
                0 => "0",
                total if total < bank.paid => "5",
                _ => "3",
            };
            vec![json!({"syssn": SYSSN, "out_trade_no": "P1", "order_type": "payment", "txamt": bank.paid.to_string(),
                "txcurrcd": "HKD", "respcd": "0000", "cancel": cancel})]
        }
    };
    let body = |code: &str, rows: Vec<Value>| json!({"respcd": code, "resperr": "", "data": rows});
    match choice {
        "no answer" => Wire::Broken { reason: "closed".into() },
        "no rows" => signed(&body("0000", vec![])),
        "1298" => signed(&body("1298", rows)),
        "unsigned" => http(200, None, body("0000", rows).to_string()),
        _ => signed(&body("0000", rows)),
    }
}

fn row(number: &str, record: &Movement, state: State) -> Value {
    let code = match state {
        State::Done => "0000",
        State::UnderWay => "1145",
        State::Rejected => "1155",
    };
    json!({"syssn": "20261118000300020061752999", "out_trade_no": number, "origssn": SYSSN, "order_type": "refund",
        "txamt": record.amount.to_string(), "txcurrcd": "HKD", "respcd": code, "errmsg": ""})
}

fn signed(body: &Value) -> Wire {
    let body = body.to_string();
    let sign = hex::encode_upper(<md5::Md5 as md5::Digest>::digest(format!("{body}{KEY}")));
    http(200, Some(sign), body)
}
