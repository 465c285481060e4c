//! A refund that the shop's own system asks of a device by MQTT: what is signed, with which key, and what comes back. The
//! device executes it only where the signature, the times and the terminal are right; VietQR has no part in it.

mod answers;
pub mod jws;

pub use answers::Answers;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::path::Path;

/// The key that the device and the shop's system share: HS256, at least 32 bytes.
#[derive(Clone)]
pub struct RequestKey {
    /// Its name, which the device compares with the stem of its own key file.
    pub kid: String,
    secret: Vec<u8>,
}

impl RequestKey {
    /// Reads a key file. One line end at its end is not part of the key.
    ///
    /// # Errors
    /// Where the file cannot be read, or the key is too short.
    pub fn read(file: &Path) -> Result<RequestKey> {
        let mut secret = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        if secret.ends_with(b"\n") {
            secret.pop();
            if secret.ends_with(b"\r") {
                secret.pop();
            }
        }
        if secret.len() < 32 {
            bail!("{}: expected a key of at least 32 bytes, got {}", file.display(), secret.len());
        }
        let kid = file.file_stem().and_then(|stem| stem.to_str()).context("key file: expected a name in UTF-8")?;
        Ok(RequestKey { kid: kid.to_string(), secret })
    }

    /// Signs claims as a device expects them.
    ///
    /// # Errors
    /// As for [`jws::sign`].
    pub fn sign(&self, claims: &Value) -> Result<String> {
        jws::sign(&json!({"alg": "HS256", "kid": self.kid}), claims, &self.secret)
    }

    /// Checks what a device answered, and gives its claims.
    ///
    /// # Errors
    /// As for [`jws::verify`].
    pub fn verify(&self, text: &str) -> Result<Value> {
        Ok(jws::verify(text, &self.secret)?.1)
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// Whoever repeats a request repeats its id: one id is one refund.
    pub request_id: String,
    /// The terminal whose device is to do it.
    pub terminal: String,
    /// The account that the payment came into.
    pub account: String,
    /// The bank's reference of the payment.
    pub reference: String,
    /// Đồng.
    pub amount: u64,
    /// Why.
    pub reason: String,
    /// Who; where the device knows operators, one of them.
    pub operator: Option<String>,
    /// Whether further refunds of this payment are to be possible.
    pub multi_times: bool,
}

impl RefundRequest {
    /// The claims: `jti`, `aud`, `iat`, `exp`, and the fields of a refund. A device takes a request for at most 5 minutes.
    pub fn claims(&self, now: DateTime<Utc>, life: TimeDelta) -> Value {
        let mut claims = json!({
            "jti": self.request_id,
            "aud": self.terminal,
            "iat": now.timestamp(),
            "exp": (now + life).timestamp(),
            "provider": "vietqr",
            "bank_account": self.account,
            "reference_number": self.reference,
            "amount": self.amount,
            "reason": self.reason,
        });
        if let Some(operator) = &self.operator {
            claims["operator"] = json!(operator);
        }
        if self.multi_times {
            claims["multi_times"] = json!(true);
        }
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_gives_the_key_without_its_line_end_and_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("till-2026.key");
        std::fs::write(&file, format!("{}\r\n", "k".repeat(32))).unwrap();
        let key = RequestKey::read(&file).unwrap();
        assert_eq!(key.kid, "till-2026");
        assert!(jws::verify(&key.sign(&json!({})).unwrap(), "k".repeat(32).as_bytes()).is_ok());
        std::fs::write(&file, "short").unwrap();
        assert!(RequestKey::read(&file).err().unwrap().to_string().contains("32 bytes, got 5"));
    }

    #[test]
    fn the_claims_are_those_of_the_contract() {
        let request = RefundRequest {
            request_id: "r-1".into(),
            terminal: "VVB123456".into(),
            account: "1234567890".into(),
            reference: "FT1".into(),
            amount: 25_000,
            reason: "khách trả hàng".into(),
            operator: Some("lan".into()),
            multi_times: false,
        };
        let now = DateTime::from_timestamp(1_763_700_000, 0).unwrap();
        assert_eq!(
            request.claims(now, TimeDelta::seconds(120)),
            json!({"jti": "r-1", "aud": "VVB123456", "iat": 1_763_700_000, "exp": 1_763_700_120, "provider": "vietqr",
                "bank_account": "1234567890", "reference_number": "FT1", "amount": 25_000, "reason": "khách trả hàng",
                "operator": "lan"})
        );
    }
}
