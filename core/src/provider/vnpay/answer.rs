//! An answer, its hash checked (vnpay-qfpay.md 2.3 and 2.5).

use super::{Terminal, fields};
use crate::{
    provider::{REFERENCE_MAX, Told, name},
    wire::fields::{Fields, Token},
};
use hmac::Mac;

/// What is known of who made an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The hash is right.
    Signed,
    /// There is no hash.
    Unsigned,
    /// The hash is wrong.
    Wrong,
}

/// The values of an answer, as they were received.
#[derive(Debug)]
pub(super) struct Answer {
    values: Vec<(&'static str, String)>,
    pub(super) proof: Proof,
}

impl Answer {
    /// Reads the body of an answer to a request for `hashed` of [`fields::ANSWER`]; `None` where it is not one.
    pub(super) fn read(body: &[u8], terminal: &Terminal, hashed: usize) -> Option<Answer> {
        let fields = Fields::read(body, fields::RECEIVED).ok()?;
        let mut values = Vec::new();
        for name in fields::RECEIVED {
            match fields.token(name).ok()? {
                None => {}
                // A number counts as it is written: the hash is over what was received.
                Some(Token::Text(text)) => values.push((*name, text)),
                Some(Token::Number(number)) => values.push((*name, number.to_owned())),
                Some(Token::Other) => return None,
            }
        }
        let mut answer = Answer { values, proof: Proof::Unsigned };
        answer.value("vnp_ResponseCode")?;
        if let Some(hash) = answer.value("vnp_SecureHash") {
            let joined = fields::joined(fields::ANSWER.get(..hashed)?, |name| answer.value(name));
            let hash = hex::decode(hash.trim()).unwrap_or_default();
            // In constant time, and without regard to the case of the digits.
            let right = fields::mac(&terminal.hash_secret, &joined).verify_slice(&hash).is_ok();
            answer.proof = if right { Proof::Signed } else { Proof::Wrong };
        }
        Some(answer)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn code(&self) -> &str {
        self.value("vnp_ResponseCode").unwrap_or_default()
    }

    /// The code and the words, and why they prove nothing.
    pub(super) fn told(&self) -> Told {
        let message = self.value("vnp_Message").unwrap_or_default();
        match self.proof {
            Proof::Signed => Told::with(self.code(), message),
            Proof::Unsigned => Told::with(self.code(), &format!("unsigned: {message}")),
            Proof::Wrong => Told::with(self.code(), &format!("wrong signature: {message}")),
        }
    }

    /// It speaks of our terminal, this command and this payment.
    pub(super) fn echoes(&self, terminal: &Terminal, command: &str, txn_ref: &str) -> bool {
        self.value("vnp_Command") == Some(command)
            && self.value("vnp_TmnCode") == Some(&terminal.tmn_code)
            && self.value("vnp_TxnRef") == Some(txn_ref)
    }

    /// VNPAY's number of the record, as far as it is kept.
    pub(super) fn reference(&self) -> Option<String> {
        self.value("vnp_TransactionNo").map(|number| name(number, REFERENCE_MAX))
    }

    /// `vnp_Amount` in đồng.
    pub(super) fn amount(&self) -> Option<u64> {
        let digits = self.value("vnp_Amount").filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse::<u64>().ok().filter(|amount| amount % 100 == 0).map(|amount| amount / 100)
    }
}
