//! VietQR's side.

use super::{
    bank::{Bank, Movement, Seen, Send, When},
    which::answer as http,
};
use vietqr_edge_core::provider::{Call, Provider, Wire, vietqr::VietQr};

/// The payment's reference.
pub const REFERENCE: &str = "FT1";

pub const SENDS: [Send; 19] = [
    ("honest", When::Now, Seen::Success, false),
    ("refused connection", When::Never, Seen::NotSent, true),
    ("closed before reading", When::Never, Seen::Broken, true),
    ("closed after processing", When::Now, Seen::Broken, true),
    ("closed, executed later", When::Later, Seen::Broken, true),
    ("500 before processing", When::Never, Seen::Status(500), true),
    ("500 after processing", When::Now, Seen::Status(500), true),
    ("500, executed later", When::Later, Seen::Status(500), true),
    ("garbage before processing", When::Never, Seen::Garbage, true),
    ("garbage after processing", When::Now, Seen::Garbage, true),
    ("307 to itself", When::Never, Seen::Status(307), true),
    ("E74", When::Never, Seen::Code("E74", ""), true),
    ("E158, another's", When::Never, Seen::Code("E158", ""), true),
    ("E158, ours, executed later", When::Later, Seen::Code("E158", ""), true),
    ("E215 before processing", When::Never, Seen::Code("E215", ""), true),
    ("E215 after processing", When::Now, Seen::Code("E215", ""), true),
    ("E215, executed later", When::Later, Seen::Code("E215", ""), true),
    ("E43", When::Never, Seen::Code("E43", ""), true),
    ("success, executed later", When::Later, Seen::Success, true),
];

pub const LOOK_UPS: [(&str, bool); 7] = [
    ("honest", false),
    ("no answer", true),
    ("E74", true),
    ("E96", true),
    ("E77", true),
    ("no figures", true),
    ("figures of before the last movement", true),
];

pub fn open() -> Box<dyn Provider> {
    Box::new(VietQr::new("u".into(), "p".into(), b"secret".to_vec()))
}

pub fn told(seen: Seen) -> Wire {
    match seen {
        Seen::Success => answer_of(200, r#"{"status":"SUCCESS","message":"FT2"}"#.into()),
        Seen::Status(status) => answer_of(status, r#"{"status":"FAILED","message":"E43"}"#.into()),
        Seen::Code(code, _) => failed(code),
        other => panic!("VietQR has no {other:?}"),
    }
}

pub fn answer(bank: &Bank, call: &Call, choice: &str) -> Wire {
    if call.path.ends_with("token_generate") {
        return answer_of(200, r#"{"access_token":"t","expires_in":300}"#.into());
    }
    let row = |moved: &[Movement]| {
        let (count, sum) = (moved.len(), moved.iter().map(|m| m.amount).sum::<u64>());
        let paid = bank.paid;
        answer_of(
            200,
            format!(
                r#"[{{"referenceNumber":"{REFERENCE}","amount":{paid},"transType":"C","status":1,"type":0,"refundCount":{count},"amountRefunded":{sum}}}]"#
            ),
        )
    };
    match choice {
        "honest" => row(&bank.moved),
        "no answer" => Wire::Broken { reason: "closed".into() },
        "no figures" => {
            answer_of(200, format!(r#"[{{"referenceNumber":"{REFERENCE}","amount":{},"status":1}}]"#, bank.paid))
        }
        "figures of before the last movement" => row(&bank.moved[..bank.moved.len().saturating_sub(1)]),
        code => failed(code),
    }
}

fn failed(code: &str) -> Wire {
    answer_of(400, format!(r#"{{"status":"FAILED","message":"{code}"}}"#))
}

fn answer_of(status: u16, body: String) -> Wire {
    http(status, None, body)
}
