//! QFPay, and a merchant of it that signs by the protocol facts, apart from the sandbox's own code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::wire::{self, Seen};
use md5::{Digest, Md5};
use serde_json::Value;
use sha2::Sha256;
use std::time::Duration;
use tempfile::TempDir;
use vietqr_edge_sandbox::certs::Certs;
use vietqr_edge_sandbox::qfpay::{APP_CODE, Payment, Qfpay, QfpayOptions, Settings};

pub(crate) const Q: &str = "0123456789ABCDEF0123456789ABCDEF";

pub(crate) struct Merchant {
    _dir: TempDir,
    pub(crate) qfpay: Qfpay,
}

/// Names and raw values.
pub(crate) type Params = Vec<(&'static str, String)>;

impl Merchant {
    /// With the settings of the documents, but nothing is late by seconds, and tests may call as often as they like.
    pub(crate) async fn start() -> Merchant {
        let settings = Settings {
            per_second: usize::MAX,
            per_minute: usize::MAX,
            answer_late: Duration::from_millis(50),
            execute_late: Duration::from_millis(50),
            drip: Duration::from_millis(1),
            ..Settings::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path(), &[]).unwrap();
        let qfpay = Qfpay::open(QfpayOptions { settings, ..QfpayOptions::new(&certs) }).await.unwrap();
        Merchant { _dir: dir, qfpay }
    }

    /// A payment of 1,000 minor units.
    pub(crate) fn paid(&self, out_trade_no: &str) -> Payment {
        self.qfpay.pay(Payment::new(out_trade_no, 1_000))
    }

    pub(crate) async fn send(&self, path: &str, headers: &str, body: &str) -> Seen {
        let form = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
        wire::post(self.qfpay.addr(), self.qfpay.ca(), path, &form, body).await
    }

    /// A call that is signed rightly, with MD5.
    pub(crate) async fn call(&self, path: &str, params: &Params) -> Seen {
        self.send(path, &headers(APP_CODE, &md5(&text(params))), &form(params)).await
    }

    pub(crate) async fn refund(&self, params: &Params) -> Seen {
        self.call("/trade/v1/refund", params).await
    }

    /// The answer to a refund, whose signature is right.
    pub(crate) async fn refunded(&self, syssn: &str, out_trade_no: &str, amount: u64) -> Value {
        let seen = self.refund(&refund_of(syssn, out_trade_no, amount)).await;
        assert!(is_signed(&seen), "{seen:?}");
        seen.json()
    }

    pub(crate) async fn query(&self, params: &[(&'static str, &str)]) -> Seen {
        let params = params.iter().map(|(name, value)| (*name, value.to_string())).collect();
        self.call("/trade/v1/query", &params).await
    }

    /// The rows of an enquiry for an `out_trade_no`.
    pub(crate) async fn rows(&self, out_trade_no: &str) -> Vec<Value> {
        let seen = self.query(&[("out_trade_no", out_trade_no)]).await;
        assert!(is_signed(&seen) && seen.json()["respcd"] == "0000", "{seen:?}");
        seen.json()["data"].as_array().unwrap().clone()
    }
}

pub(crate) fn refund_of(syssn: &str, out_trade_no: &str, amount: u64) -> Params {
    vec![
        ("syssn", syssn.to_string()),
        ("out_trade_no", out_trade_no.to_string()),
        ("txamt", amount.to_string()),
        ("txdtm", "2026-11-21 19:16:36".to_string()),
    ]
}

/// The same with another value; none: without it.
pub(crate) fn with(params: &Params, name: &'static str, value: Option<&str>) -> Params {
    let mut params = params.clone();
    params.retain(|(known, _)| *known != name);
    params.extend(value.map(|value| (name, value.to_string())));
    params
}

/// What is signed: raw values, in byte order of their names.
pub(crate) fn text(params: &Params) -> String {
    let mut params = params.clone();
    params.sort();
    params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// The body, percent-encoded throughout.
pub(crate) fn form(params: &Params) -> String {
    let encoded = |value: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        value.bytes().map(one).collect::<String>()
    };
    params.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

pub(crate) fn headers(app_code: &str, sign: &str) -> String {
    format!("X-QF-APPCODE: {app_code}\r\nX-QF-SIGN: {sign}\r\n")
}

pub(crate) fn md5(text: &str) -> String {
    hex::encode_upper(Md5::digest(format!("{text}{Q}")))
}

pub(crate) fn sha256(text: &str) -> String {
    hex::encode_upper(Sha256::digest(format!("{text}{Q}")))
}

/// Whether an answer's signature is that of its bytes (rule A of 3.4).
pub(crate) fn is_signed(seen: &Seen) -> bool {
    let Seen::Answer { body, .. } = seen else { return false };
    seen.header("X-QF-SIGN") == Some(&md5(body))
}
