//! An answer and its hash, and what faults make of it.

use super::fault::Fault;
use super::fields::{Fields, QUERY_ANSWER, REFUND_ANSWER, hash};
use crate::json;
use crate::provider::Answer;
use crate::random;

/// The members of an answer in the order of the hash; absent ones are not sent and hash as empty.
#[derive(Clone, Default)]
pub(super) struct Reply(Vec<(String, String)>);

impl Reply {
    /// An answer to a request, with what of it is repeated always.
    pub(super) fn to(request: &Fields, code: &str, message: &str) -> Reply {
        let mut reply = Reply::default();
        reply.set("vnp_ResponseId", &hex::encode(random::bytes::<16>().unwrap_or_default()));
        reply.set("vnp_Command", request.get("vnp_Command"));
        reply.set("vnp_ResponseCode", code);
        reply.set("vnp_Message", message);
        for key in ["vnp_TmnCode", "vnp_TxnRef", "vnp_Amount"] {
            reply.set(key, request.get(key));
        }
        reply
    }

    /// Reads an answer again, without its hash.
    fn read(answer: &Answer) -> Option<Reply> {
        let fields = Fields::read(answer.body.as_bytes())?;
        let mut reply = Reply::default();
        QUERY_ANSWER.iter().for_each(|key| reply.set(key, fields.get(key)));
        Some(reply)
    }

    /// Sets a member; empty: it is absent.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.0.retain(|(known, _)| known != key);
        if !value.is_empty() {
            self.0.push((key.to_string(), value.to_string()));
        }
    }

    fn get(&self, key: &str) -> &str {
        self.0.iter().find(|(known, _)| known == key).map_or("", |(_, value)| value)
    }

    fn hash(&self, secret: &str) -> String {
        let order = if self.get("vnp_Command") == "querydr" { QUERY_ANSWER } else { REFUND_ANSWER };
        hash(secret, &order.iter().map(|key| self.get(key)).collect::<Vec<_>>().join("|"))
    }

    pub(super) fn unsigned(&self) -> Answer {
        self.written(|_, value| json::string(value))
    }

    pub(super) fn signed(&self, secret: &str) -> Answer {
        self.with_hash(&self.hash(secret)).unsigned()
    }

    fn with_hash(&self, hash: &str) -> Reply {
        let mut reply = self.clone();
        reply.set("vnp_SecureHash", hash);
        reply
    }

    fn written(&self, write: impl Fn(&str, &str) -> String) -> Answer {
        let mut fields = json::Fields::default();
        for (key, value) in &self.0 {
            fields.set(key, Some(write(key, value)));
        }
        Answer::ok(fields.text())
    }
}

/// The answer to a duplicate: nothing more is in it (2.8).
pub(super) fn duplicate() -> Answer {
    let mut reply = Reply::default();
    reply.set("vnp_ResponseCode", "94");
    reply.set("vnp_Message", "Request is duplicated");
    reply.unsigned()
}

/// What a fault makes of the right answer; of the request where it was not processed.
pub(super) fn spoilt(fault: Fault, request: &Fields, right: Answer, secret: &str) -> Answer {
    let code = |code, message| Reply::to(request, code, message).signed(secret);
    match fault {
        Fault::Error99Before | Fault::Error99After => return code("99", "Unexpected error"),
        Fault::Error98Before | Fault::Error98After => return code("98", "Timeout exception"),
        Fault::DuplicateBefore | Fault::DuplicateAfter => return duplicate(),
        // The text of VNPAY's page on refunds (2.6).
        Fault::Processing => {
            let text = "Giao dịch đã được gửi yêu cầu hoàn tiền trước đó. Yêu cầu này VNPAY đang xử lý";
            return code("94", text);
        }
        _ => {}
    }
    let Some(mut reply) = Reply::read(&right) else { return right };
    let good = reply.hash(secret);
    match fault {
        Fault::CorruptHash => {
            let (first, rest) = good.split_at(1);
            reply.with_hash(&format!("{}{rest}", if first == "0" { "1" } else { "0" })).unsigned()
        }
        Fault::NoHash => reply.unsigned(),
        Fault::UpperCaseHash => reply.with_hash(&good.to_uppercase()).unsigned(),
        Fault::NumberFields => reply.with_hash(&good).written(|key, value| match key {
            "vnp_Amount" | "vnp_PayDate" | "vnp_TransactionNo" => value.to_string(),
            _ => json::string(value),
        }),
        Fault::ExtraFields => {
            let mut more = reply.with_hash(&good);
            more.set("vnp_Trace", "1747879");
            more.set("vnp_FeeAmount", "0");
            more.set("vnp_CardNumber", "9704198526191432198");
            more.set("vnp_CardHolder", "NGUYEN VAN A");
            more.unsigned()
        }
        Fault::WrongAmount => {
            let amount = reply.get("vnp_Amount").parse::<u64>().unwrap_or_default();
            reply.set("vnp_Amount", &(amount + 100).to_string());
            reply.signed(secret)
        }
        Fault::WrongReference => {
            let other = format!("{}X", reply.get("vnp_TxnRef"));
            reply.set("vnp_TxnRef", &other);
            reply.signed(secret)
        }
        _ => right,
    }
}
