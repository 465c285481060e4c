//! Signatures of requests and answers, and form bodies (vnpay-qfpay.md 3.3 and 3.4).

use super::{Merchant, SignType};
use crate::provider::Call;
use md5::{Digest, Md5};
use sha2::Sha256;

/// Parameters with their raw values; none of them empty.
pub(super) type Params = Vec<(&'static str, String)>;

/// A request, signed over raw values and sent percent-encoded; `mchid` goes with each where one was issued.
pub(super) fn call(merchant: &Merchant, path: &'static str, mut params: Params) -> Call {
    params.extend(merchant.mchid.clone().map(|mchid| ("mchid", mchid)));
    let mut headers = vec![
        ("X-QF-APPCODE", merchant.app_code.clone()),
        ("X-QF-SIGN", signature(merchant.sign, &params, &merchant.client_key)),
    ];
    if merchant.sign == SignType::Sha256 {
        headers.push(("X-QF-SIGNTYPE", "SHA256".to_owned()));
    }
    Call {
        path,
        headers,
        content_type: "application/x-www-form-urlencoded; charset=UTF-8",
        body: form(&params).into_bytes(),
        answer_header: Some("X-QF-SIGN"),
    }
}

/// Sorted by the bytes of the names, `name=value` joined with `&`, the key appended.
pub(super) fn signature(sign: SignType, params: &Params, key: &[u8]) -> String {
    let mut sorted: Vec<_> = params.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_bytes());
    let joined: Vec<String> = sorted.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let joined = joined.join("&");
    match sign {
        SignType::Md5 => digest::<Md5>(&[joined.as_bytes(), key]),
        SignType::Sha256 => digest::<Sha256>(&[joined.as_bytes(), key]),
    }
}

/// Whether `given` signs the raw body of an answer. Rule A is MD5; whether a request with SHA-256 is answered with it is not known, so
/// both are taken there.
pub(super) fn signs(merchant: &Merchant, body: &[u8], given: &str) -> bool {
    let parts = [body, merchant.client_key.as_slice()];
    let md5 = same(&digest::<Md5>(&parts), given);
    match merchant.sign {
        SignType::Md5 => md5,
        SignType::Sha256 => md5 | same(&digest::<Sha256>(&parts), given),
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> String {
    let mut hash = D::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode_upper(hash.finalize())
}

/// Without regard to the case of the digits, and in a time that says nothing of where they differ.
fn same(ours: &str, given: &str) -> bool {
    let given = given.trim().to_ascii_uppercase();
    let differ = ours.bytes().zip(given.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    ours.len() == given.len() && std::hint::black_box(differ) == 0
}

fn form(params: &Params) -> String {
    let pairs: Vec<String> = params.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    pairs.join("&")
}

/// As HTML forms encode: `+` for a space.
pub(super) fn encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
