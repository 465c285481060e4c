//! A client that sees the bytes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use vietqr_edge_sandbox::mqtt::tls_client;

pub(crate) const LIMIT: Duration = Duration::from_secs(15);

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

    /// The value of a header of an answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let Seen::Answer { head, .. } = self else { return None };
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The code of a failure of VietQR's, which is HTTP 400 and FAILED.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert_eq!((self.status(), &json["status"]), (Some(400), &json!("FAILED")), "{self:?}");
        json["message"].as_str().unwrap().to_string()
    }
}

/// A POST with headers of its own, each with its line end.
pub(crate) async fn post(addr: SocketAddr, ca: &Path, path: &str, headers: &str, body: &str) -> Seen {
    let length = body.len();
    let text = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    send(addr, ca, &text).await
}

/// Sends bytes, and reads to the end of the connection.
pub(crate) async fn send(addr: SocketAddr, ca: &Path, text: &str) -> Seen {
    tokio::time::timeout(LIMIT, exchange(addr, ca, text)).await.expect("the end of the connection")
}

async fn exchange(addr: SocketAddr, ca: &Path, text: &str) -> Seen {
    let tcp = TcpStream::connect(addr).await.unwrap();
    let tls = TlsConnector::from(Arc::clone(&tls_client(ca, None).unwrap()));
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

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
