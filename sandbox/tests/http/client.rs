//! A client that sees the bytes, and a sandbox for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use base64::Engine;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use vietqr_edge_sandbox::certs::Certs;
use vietqr_edge_sandbox::mqtt::tls_client;
use vietqr_edge_sandbox::vietqr::Bdsd;
use vietqr_edge_sandbox::vietqr::http::{HttpOptions, Payment, Settings, VietQrHttp};

pub(crate) const LIMIT: Duration = Duration::from_secs(15);
pub(crate) const TOKEN: &str = "/vqr/api/token_generate";
pub(crate) const CHECK_ORDER: &str = "/vqr/api/transactions/check-order";
pub(crate) const REFUND: &str = "/vqr/api/transaction/refund";
pub(crate) const ACCOUNT: &str = "1234567890";

/// What a client saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// No TLS: not a byte of the call was written.
    NoConnection,
    /// The connection ended without a whole answer; what came of one.
    Cut(String),
    Answer {
        status: u16,
        head: String,
        body: String,
    },
}

impl Seen {
    pub(crate) fn status(&self) -> Option<u16> {
        if let Seen::Answer { status, .. } = self { Some(*status) } else { None }
    }

    /// The JSON of an answer.
    pub(crate) fn json(&self) -> Value {
        let Seen::Answer { body, .. } = self else { panic!("no answer: {self:?}") };
        serde_json::from_str(body).unwrap()
    }

    /// The same; null for what is no JSON.
    pub(crate) fn json_or_null(&self) -> Value {
        let Seen::Answer { body, .. } = self else { return Value::Null };
        serde_json::from_str(body).unwrap_or_default()
    }

    /// The code of a failure, which is HTTP 400 and FAILED.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert_eq!((self.status(), &json["status"]), (Some(400), &json!("FAILED")), "{self:?}");
        json["message"].as_str().unwrap().to_string()
    }
}

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
        tokio::time::timeout(LIMIT, self.exchange(text)).await.expect("the end of the connection")
    }

    async fn exchange(&self, text: &str) -> Seen {
        let tcp = TcpStream::connect(self.http.addr()).await.unwrap();
        let tls = TlsConnector::from(Arc::clone(&tls_client(self.http.ca(), None).unwrap()));
        let Ok(mut stream) = tls.connect("localhost".try_into().unwrap(), tcp).await else { return Seen::NoConnection };
        let mut bytes = Vec::new();
        // A write may already meet the reset; what matters is what can be read.
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.flush().await;
        let ended = stream.read_to_end(&mut bytes).await;
        let answer = String::from_utf8(bytes).unwrap();
        // An answer ends with the close of TLS.
        let (Some((head, body)), true) = (answer.split_once("\r\n\r\n"), ended.is_ok()) else {
            return Seen::Cut(answer);
        };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), body.len());
        Seen::Answer { status, head: head.to_string(), body: body.to_string() }
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

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
