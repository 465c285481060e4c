//! Which values are hashed, in which order (vnpay-qfpay.md 2.2 to 2.5).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

/// Of a refund request, 13 values.
pub(super) const REFUND: &[&str] = &[
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// Of a querydr request, 9 values: `vnp_TransactionNo` is not among them.
pub(super) const QUERY: &[&str] = &[
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// What an answer may hold that counts: what is hashed, in order, and the hash.
pub(super) const RECEIVED: &[&str] = &[
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
    "vnp_SecureHash",
];

/// Of the answer to a refund, the first 13; of one to querydr, all 15.
pub(super) const ANSWER: &[&str] = RECEIVED.split_at(15).0;

/// How many of [`ANSWER`] the answer to a refund hashes.
pub(super) const REFUND_ANSWER: usize = 13;

/// The values as they are hashed: joined with `|`, an absent one is empty and its pipe stays.
pub(super) fn joined<'a>(order: &[&str], value: impl Fn(&str) -> Option<&'a str>) -> String {
    order.iter().map(|name| value(name).unwrap_or_default()).collect::<Vec<_>>().join("|")
}

/// The keyed hash over joined values.
pub(super) fn mac(secret: &[u8], joined: &str) -> Hmac<Sha512> {
    let mut mac = match Hmac::<Sha512>::new_from_slice(secret) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => unreachable!("HMAC refused a key"),
    };
    mac.update(joined.as_bytes());
    mac
}
