//! VietQR, and a partner of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub(crate) use crate::wire::{LIMIT, Seen, until};

use crate::wire;
use base64::Engine;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;
use vietqr_edge_sandbox::certs::Certs;
use vietqr_edge_sandbox::vietqr::Bdsd;
use vietqr_edge_sandbox::vietqr::http::{HttpOptions, Payment, Settings, VietQrHttp};

pub(crate) const TOKEN: &str = "/vqr/api/token_generate";
pub(crate) const CHECK_ORDER: &str = "/vqr/api/transactions/check-order";
pub(crate) const REFUND: &str = "/vqr/api/transaction/refund";
pub(crate) const ACCOUNT: &str = "1234567890";

/// VietQR, and a partner's login.
pub(crate) struct Partner {
    _dir: TempDir,
    pub(crate) http: VietQrHttp,
    pub(crate) token: String,
}

impl Partner {
    /// With the settings of the documents, but nothing holds a payment for 30 s and nothing is late by seconds.
    pub(crate) async fn start() -> Partner {
        let settings = Settings {
            refund_window: Duration::ZERO,
            answer_late: Duration::from_millis(50),
            execute_late: Duration::from_millis(50),
            drip: Duration::from_millis(1),
            ..Settings::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path(), &[]).unwrap();
        let http = VietQrHttp::start(HttpOptions { settings, ..HttpOptions::new(&certs) }).await.unwrap();
        let mut partner = Partner { _dir: dir, http, token: String::new() };
        partner.log_in().await;
        partner
    }

    pub(crate) async fn log_in(&mut self) -> Value {
        let answer = self.call(TOKEN, &basic("customer-demo-user01", "pw_demo"), "{}").await.json();
        self.token = answer["access_token"].as_str().unwrap().to_string();
        answer
    }

    /// A payment that the bank knows; its reference.
    pub(crate) fn paid(&self, amount: u64) -> String {
        let payment = Payment::from(&Bdsd::credit(amount).order("HD0001"));
        let reference = payment.reference.clone();
        self.http.bank().pay(payment);
        reference
    }

    pub(crate) async fn check_order(&self, body: &Value) -> Seen {
        self.call(CHECK_ORDER, &format!("Bearer {}", self.token), &body.to_string()).await
    }

    pub(crate) async fn refund(&self, body: &Value) -> Seen {
        self.call(REFUND, &format!("Bearer {}", self.token), &body.to_string()).await
    }

    /// `refundCount` and `amountRefunded`.
    pub(crate) async fn figures(&self, reference: &str) -> (Value, Value) {
        let found = self.check_order(&by_reference(reference)).await.json();
        (found[0]["refundCount"].clone(), found[0]["amountRefunded"].clone())
    }

    /// How often money moved for a payment.
    pub(crate) fn moved(&self, reference: &str) -> usize {
        self.http.bank().movements().iter().filter(|movement| movement.reference == reference).count()
    }

    pub(crate) async fn call(&self, path: &str, authorization: &str, body: &str) -> Seen {
        let text = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(&text).await
    }

    /// Sends bytes, and reads to the end of the connection.
    pub(crate) async fn send(&self, text: &str) -> Seen {
        wire::send(self.http.addr(), self.http.ca(), text).await
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}")))
}

pub(crate) fn md5(text: &str) -> String {
    hex::encode(Md5::digest(text))
}

pub(crate) fn by_reference(reference: &str) -> Value {
    json!({"bankAccount": ACCOUNT, "type": 1, "value": reference, "checkSum": md5("1234567890customer-demo-user01")})
}

/// A refund request that is right.
pub(crate) fn refund_of(reference: &str, amount: u64) -> Value {
    json!({"bankAccount": ACCOUNT, "referenceNumber": reference, "amount": amount.to_string(), "content": "tra hang",
        "checkSum": md5(&format!("sk_demo_1{reference}{amount}{ACCOUNT}")), "bankCode": "MB"})
}

/// The same with other members.
pub(crate) fn with(mut body: Value, members: Value) -> Value {
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}
