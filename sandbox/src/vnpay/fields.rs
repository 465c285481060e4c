//! The members of a request, their patterns (2.2, 2.4), and the hashes.

use chrono::NaiveDateTime;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha512;
use std::collections::HashMap;

pub(super) const REFUND_REQUEST: &[&str] = &[
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
/// Without `vnp_TransactionNo`.
pub(super) const QUERY_REQUEST: &[&str] = &[
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
/// The last two are for querydr only.
const ANSWER: &[&str] = &[
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
];
pub(super) const REFUND_ANSWER: &[&str] = ANSWER.split_at(13).0;
pub(super) const QUERY_ANSWER: &[&str] = ANSWER;

/// Members whose values are strings or whole numbers.
#[derive(Default)]
pub(super) struct Fields(HashMap<String, String>);

impl Fields {
    /// The members of a JSON object. VNPAY takes values as strings and as numbers (2.1). None: not such an object.
    pub(super) fn read(body: &[u8]) -> Option<Fields> {
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else { return None };
        let text = |(key, value)| match value {
            Value::String(text) => Some(Some((key, text))),
            Value::Number(number) if number.is_u64() => Some(Some((key, number.to_string()))),
            Value::Null => Some(None),
            _ => None,
        };
        let members = members.into_iter().map(text).collect::<Option<Vec<_>>>()?;
        Some(Fields(members.into_iter().flatten().collect()))
    }

    /// A member; empty: it is absent.
    pub(super) fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// The values that a hash is made of.
    pub(super) fn values(&self, order: &[&str]) -> String {
        order.iter().map(|key| self.get(key)).collect::<Vec<_>>().join("|")
    }

    /// Whether every member is as a call needs it.
    pub(super) fn are_well_formed(&self, refund: bool) -> bool {
        let is = |key, least, most, allowed: fn(&u8) -> bool| {
            let value = self.get(key);
            (least..=most).contains(&value.len()) && value.bytes().all(|byte| allowed(&byte))
        };
        let date = |key| {
            let value = self.get(key);
            is(key, 14, 14, u8::is_ascii_digit) && NaiveDateTime::parse_from_str(value, "%Y%m%d%H%M%S").is_ok()
        };
        let common = is("vnp_RequestId", 1, 32, u8::is_ascii_alphanumeric)
            && self.get("vnp_Version") == "2.1.0"
            && is("vnp_TmnCode", 8, 8, u8::is_ascii_alphanumeric)
            && is("vnp_TxnRef", 1, 100, |byte| byte.is_ascii_graphic() && *byte != b'|')
            && is("vnp_OrderInfo", 1, 255, is_plain)
            && is("vnp_TransactionNo", 0, 15, u8::is_ascii_digit)
            && date("vnp_TransactionDate")
            && date("vnp_CreateDate")
            && is("vnp_IpAddr", 7, 45, |byte| byte.is_ascii_hexdigit() || b".:".contains(byte))
            && is("vnp_SecureHash", 32, 256, u8::is_ascii_hexdigit);
        common
            && (!refund
                || (["02", "03"].contains(&self.get("vnp_TransactionType"))
                    && is("vnp_Amount", 1, 12, u8::is_ascii_digit)
                    && self.dong().is_some_and(|amount| amount > 0)
                    && is("vnp_CreateBy", 1, 245, is_plain)))
    }

    /// `vnp_Amount` in đồng; it is sent x100.
    pub(super) fn dong(&self) -> Option<u64> {
        let amount = self.get("vnp_Amount").parse::<u64>().ok()?;
        amount.is_multiple_of(100).then_some(amount / 100)
    }
}

/// Printable ASCII without the separator of the hashes. VNPAY may take more; what it then hashes is not documented.
fn is_plain(byte: &u8) -> bool {
    (byte.is_ascii_graphic() || *byte == b' ') && *byte != b'|'
}

/// HMAC-SHA512 in lower-case hex.
pub(super) fn hash(secret: &str, values: &str) -> String {
    match Hmac::<Sha512>::new_from_slice(secret.as_bytes()) {
        Ok(mac) => hex::encode(mac.chain_update(values).finalize().into_bytes()),
        // An HMAC takes a key of any length.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: &str = "VNPAYTESTSECRETKEY0123456789ABCD";

    #[test]
    fn the_hashes_are_those_of_the_protocol_facts() {
        for (key, values, expected) in [
            ("Jefe", "what do ya want for nothing?", "164b7a7bfcf819e2"),
            ("secret", "data", "6274071d33dec272"),
            // VR1 to VR5
            (
                K,
                "rf0000000000000000000000000001|2.1.0|refund|DEMOTMN1|02|ORDER20240521001|10000000|14422574|20240521091731|refundd|20240526103000|203.0.113.10|Hoan tien don hang ORDER20240521001",
                "d1b47f1548e53dda",
            ),
            (
                K,
                "rf0000000000000000000000000002|2.1.0|refund|DEMOTMN1|03|ORDER20240521001|2500000||20240521091731|refundd|20240526103000|203.0.113.10|Hoan tien mot phan",
                "5c0012e8131b8e70",
            ),
            (
                K,
                "rf0000000000000000000000000003|2.1.0|refund|DEMOTMN1|03|ORDER20240521001|100|0|20240521091731|nguyễn văn a|20241231235959|2001:db8::10|Hoàn tiền đơn hàng #42: khách yêu cầu",
                "60e0b6d6724b5883",
            ),
            (
                K,
                "123456|2.1.0|refund|DEMOTMN1|02|123456|1000000|0|20240521000000|giang|20240526000000|127.0.0.1|Test order",
                "1993f61b2eb9ee01",
            ),
            (
                "test_secret",
                "REFUND123456|2.1.0|refund|TEST_TMN_CODE|02|TXN123456789|1000000|14422574|20231221103000|merchant_user|20231221103000|127.0.0.1|Test refund order",
                "1b0d3f82bc64cda1",
            ),
            // VS1 to VS4
            (
                K,
                "5e1f0c2ab3d94c56a7e8f90123456789|refund|00|Refund success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|05|Hoan tien don hang ORDER20240521001",
                "182b507436c95ab8",
            ),
            (
                K,
                "5e1f0c2ab3d94c56a7e8f90123456790|refund|94|Too many refund count (>0)|DEMOTMN1|ORDER20240521001|10000000|NCB|||||Hoan tien don hang ORDER20240521001",
                "c33acdb9d14ffc2d",
            ),
            (
                K,
                "5e1f0c2ab3d94c56a7e8f90123456791|refund|91|Transaction not found|DEMOTMN1|NOSUCHORDER|10000000||||||",
                "bc3c2bc92bcf4bd0",
            ),
            (
                K,
                "5e1f0c2ab3d94c56a7e8f90123456792|refund|00|Yêu cầu thành công|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|09|Hoan tien don hang ORDER20240521001",
                "d949771aca8cd854",
            ),
            // VQ1, VQ2
            (
                K,
                "qd0000000000000000000000000001|2.1.0|querydr|DEMOTMN1|ORDER20240521001|20240521091731|20240526104000|203.0.113.10|Truy van hoan tien ORDER20240521001",
                "63ef705d1d9146fe",
            ),
            (
                "test_secret",
                "REQUEST123456|2.1.0|querydr|TEST_TMN_CODE|TXN123456789|20231221103000|20231221103000|127.0.0.1|Test order query",
                "ac23f7e0db3fc8bc",
            ),
            // VQS1 to VQS5
            (
                K,
                "486ba7e84d9246de82248122e95cdc6c|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240521091806|14422574|01|00|Thanh toan don hang ORDER20240521001||",
                "4e391d70cb83f878",
            ),
            (
                K,
                "486ba7e84d9246de82248122e95cdc6d|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240526103001|14836054|02|06|Hoan tien don hang ORDER20240521001||",
                "e11e134f5bef87e3",
            ),
            (
                K,
                "486ba7e84d9246de82248122e95cdc6e|querydr|00|QueryDR Success|DEMOTMN1|ORDER20240521001|10000000|NCB|20240521091806|14422574|01|00|Thanh toan don hang ORDER20240521001|PROMO1|1000000",
                "2c2e0a4691a89e93",
            ),
            (
                K,
                "486ba7e84d9246de82248122e95cdc6f|querydr|91|Transaction_not_found|DEMOTMN1|NOSUCHORDER|||||||||",
                "5fec679b141107e6",
            ),
            (
                "test_secret",
                "RESPONSE123456|querydr|00|Success|TEST_TMN_CODE|TXN123456789|1000000|NCB|20231221103000|14422574|01|00|Test order query||",
                "8c879c6277a89ab4",
            ),
        ] {
            assert_eq!(hash(key, values).get(..16), Some(expected), "{values}");
        }
    }

    #[test]
    fn the_values_of_a_request_are_hashed_as_they_were_sent() {
        let vr2 = r#"{"vnp_RequestId":"rf0000000000000000000000000002","vnp_Version":"2.1.0","vnp_Command":"refund","vnp_TmnCode":"DEMOTMN1","vnp_TransactionType":"03","vnp_TxnRef":"ORDER20240521001","vnp_Amount":"2500000","vnp_TransactionDate":"20240521091731","vnp_CreateBy":"refundd","vnp_CreateDate":"20240526103000","vnp_IpAddr":"203.0.113.10","vnp_OrderInfo":"Hoan tien mot phan","vnp_SecureHash":"5c0012e8131b8e70bab2c7e55b32240704c00bd89a7ceff6479e9dccc87477f35e6c4d79a113e0172168185494a35f4e2386c6a43a53365df550d07fc14d21e1"}"#;
        for body in [vr2.to_string(), vr2.replace("\"2500000\"", "2500000")] {
            let fields = Fields::read(body.as_bytes()).unwrap();
            assert!(fields.are_well_formed(true));
            assert_eq!(hash(K, &fields.values(REFUND_REQUEST)), fields.get("vnp_SecureHash"));
            assert_eq!(fields.dong(), Some(25_000));
        }
    }
}
