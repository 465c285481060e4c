//! VNPAY, and a merchant of it that signs by the protocol facts, apart from the sandbox's own code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::wire::{self, Seen};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha512;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use vietqr_edge_sandbox::certs::Certs;
use vietqr_edge_sandbox::vnpay::{Payment, Settings, Vnpay, VnpayOptions};

pub(crate) const K: &str = "VNPAYTESTSECRETKEY0123456789ABCD";
const PATH: &str = "/merchant_webapi/api/transaction";

pub(crate) struct Merchant {
    _dir: TempDir,
    pub(crate) vnpay: Vnpay,
}

impl Merchant {
    /// With the settings of the documents, but nothing is late by seconds.
    pub(crate) async fn start() -> Merchant {
        let settings = Settings {
            answer_late: Duration::from_millis(50),
            execute_late: Duration::from_millis(50),
            drip: Duration::from_millis(1),
            ..Settings::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path(), &[]).unwrap();
        let vnpay = Vnpay::open(VnpayOptions { settings, ..VnpayOptions::new(&certs) }).await.unwrap();
        Merchant { _dir: dir, vnpay }
    }

    /// A payment of 100,000 đồng.
    pub(crate) fn paid(&self, txn_ref: &str) -> Payment {
        self.vnpay.pay(Payment::new(txn_ref, 100_000))
    }

    pub(crate) async fn send(&self, body: &Value) -> Seen {
        self.text(&body.to_string()).await
    }

    pub(crate) async fn text(&self, body: &str) -> Seen {
        wire::post(self.vnpay.addr(), self.vnpay.ca(), PATH, "Content-Type: application/json\r\n", body).await
    }

    /// A refund that is right, with a fresh id.
    pub(crate) async fn refund(&self, payment: &Payment, amount: u64) -> Value {
        self.send(&refund_of(payment, amount)).await.json()
    }

    /// A look-up that is right, with a fresh id.
    pub(crate) async fn query(&self, payment: &Payment, number: &str) -> Value {
        self.send(&query_of(payment, number)).await.json()
    }
}

pub(crate) fn request_id() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("rf{:08}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A refund that is right: of all, or of a part.
pub(crate) fn refund_of(payment: &Payment, amount: u64) -> Value {
    let kind = if amount == payment.amount { "02" } else { "03" };
    signed(json!({"vnp_RequestId": request_id(), "vnp_Version": "2.1.0", "vnp_Command": "refund",
        "vnp_TmnCode": "DEMO0001", "vnp_TransactionType": kind, "vnp_TxnRef": payment.txn_ref,
        "vnp_Amount": (amount * 100).to_string(), "vnp_TransactionNo": payment.transaction_no,
        "vnp_TransactionDate": payment.transaction_date, "vnp_CreateBy": "lan",
        "vnp_CreateDate": "20261121093000", "vnp_IpAddr": "203.0.113.7", "vnp_OrderInfo": "Hoan tien"}))
}

/// A look-up that is right; an empty number is not sent.
pub(crate) fn query_of(payment: &Payment, number: &str) -> Value {
    let mut body = json!({"vnp_RequestId": request_id(), "vnp_Version": "2.1.0", "vnp_Command": "querydr",
        "vnp_TmnCode": "DEMO0001", "vnp_TxnRef": payment.txn_ref, "vnp_OrderInfo": "Truy van",
        "vnp_TransactionDate": payment.transaction_date, "vnp_CreateDate": "20261121093000",
        "vnp_IpAddr": "203.0.113.7"});
    if !number.is_empty() {
        body["vnp_TransactionNo"] = json!(number);
    }
    signed(body)
}

/// The same with other members, and signed again.
pub(crate) fn with(body: &Value, members: Value) -> Value {
    signed(unsigned(body, members))
}

/// The same with other members and the old hash; null takes a member away.
pub(crate) fn unsigned(body: &Value, members: Value) -> Value {
    let mut body = body.clone();
    for (key, value) in members.as_object().unwrap() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(key)),
            value => body[key] = value.clone(),
        }
    }
    body
}

fn signed(mut body: Value) -> Value {
    let order: &[&str] = if body["vnp_Command"] == "refund" {
        &[
            "RequestId",
            "Version",
            "Command",
            "TmnCode",
            "TransactionType",
            "TxnRef",
            "Amount",
            "TransactionNo",
            "TransactionDate",
            "CreateBy",
            "CreateDate",
            "IpAddr",
            "OrderInfo",
        ]
    } else {
        &[
            "RequestId",
            "Version",
            "Command",
            "TmnCode",
            "TxnRef",
            "TransactionDate",
            "CreateDate",
            "IpAddr",
            "OrderInfo",
        ]
    };
    body["vnp_SecureHash"] = json!(hash(body.as_object().unwrap(), order));
    body
}

/// Whether the hash of an answer is right, in any case.
pub(crate) fn is_signed(answer: &Value) -> bool {
    let mut order = vec![
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
    ];
    if answer["vnp_Command"] == "querydr" {
        order.extend(["PromotionCode", "PromotionAmount"]);
    }
    let expected = hash(answer.as_object().unwrap(), &order);
    answer["vnp_SecureHash"].as_str().is_some_and(|hash| hash.eq_ignore_ascii_case(&expected))
}

fn hash(body: &Map<String, Value>, order: &[&str]) -> String {
    let values = order.iter().map(|key| match body.get(&format!("vnp_{key}")) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    });
    let mac = Hmac::<Sha512>::new_from_slice(K.as_bytes()).unwrap();
    hex::encode(mac.chain_update(values.collect::<Vec<_>>().join("|")).finalize().into_bytes())
}
