//! Compact JSON Web Signatures (RFC 7515) with HS256 and nothing else: refund requests over MQTT and their answers (DESIGN 3.3).
//!
//! A token is believed only where its header says `HS256` once, names no key of its own and no extension, and the MAC is right by
//! one of our keys. [`Window::check`] then looks at what time and which terminal it was made for.

mod header;
#[cfg(test)]
mod tests;

use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::fmt;

/// The longest token that is looked at, in bytes.
pub const TOKEN_MAX: usize = 16 * 1024;
/// The longest life of a token, in seconds: `exp` - `iat`.
pub const LIFE_MAX_S: i64 = 300;
/// How far two clocks may be apart, in seconds.
pub const SKEW_S: i64 = 60;

/// A shared key with the name that `kid` gives it: the stem of its file.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// Its name.
    pub id: &'a str,
    /// Its bytes; at least 32, which the configuration sees to.
    pub secret: &'a [u8],
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?}, ***)", self.id)
    }
}

/// Why a token is not believed. Nobody is answered; it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Not three parts of unpadded base64url, or longer than [`TOKEN_MAX`].
    #[error("expected a compact JWS: three parts of base64url without padding, at most {TOKEN_MAX} bytes")]
    Form,
    /// The header is not a JSON object, or has a member twice.
    #[error("header: expected a JSON object with each member once")]
    Header,
    /// `alg` is not HS256.
    #[error("alg: expected HS256")]
    Algorithm,
    /// `crit`, `jwk`, `jku`, `x5u` or `b64`.
    #[error("header: expected none of crit, jwk, jku, x5u, b64")]
    Extension,
    /// `kid` names none of our keys.
    #[error("kid: expected the stem of a configured key's file")]
    UnknownKey,
    /// The MAC is wrong.
    #[error("the signature is not by a configured key")]
    Signature,
    /// The payload is not a JSON object, or has a member twice.
    #[error("payload: expected a JSON object with each member once")]
    Payload,
    /// `iat` or `exp` is missing or no number of seconds.
    #[error("iat, exp: expected seconds since 1970")]
    NoTime,
    /// `exp` is not after `iat`, or too long after it.
    #[error("exp: expected at most {LIFE_MAX_S} s after iat")]
    Life,
    /// `exp` has passed.
    #[error("exp: has passed")]
    Expired,
    /// `iat` lies in the future.
    #[error("iat: lies in the future; is a clock wrong?")]
    Future,
    /// `aud` is another terminal, or none.
    #[error("aud: expected the terminal of the topic")]
    Audience,
}

/// The claims of a token, whose MAC was right.
pub type Claims = Map<String, Value>;

/// Signs these claims.
pub fn sign(claims: &Claims, key: Key<'_>) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": key.id}).to_string();
    let payload = Value::Object(claims.clone()).to_string();
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mac = mac(key, token.as_bytes()).finalize().into_bytes();
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(mac));
    token
}

/// The claims, and the name of the one of `keys` that made the token. With `kid` only the key of that name is tried, else each.
///
/// # Errors
/// [`Distrust`], without a word about what the token says.
pub fn verify<'k>(token: &[u8], keys: &[Key<'k>]) -> Result<(Claims, &'k str), Distrust> {
    let token = std::str::from_utf8(token).map_err(|_| Distrust::Form)?;
    if token.len() > TOKEN_MAX {
        return Err(Distrust::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Distrust::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(Distrust::Form)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Distrust::Form);
    let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let kid = header::key_id(&header)?;
    let mut tried = keys.iter().filter(|key| kid.as_ref().is_none_or(|kid| kid == key.id)).peekable();
    if tried.peek().is_none() {
        return Err(Distrust::UnknownKey);
    }
    // `verify_slice` compares in constant time.
    let by = tried.find(|key| mac(**key, signed.as_bytes()).verify_slice(&signature).is_ok());
    let by = by.ok_or(Distrust::Signature)?.id;
    Ok((header::object(&payload).ok_or(Distrust::Payload)?, by))
}

fn mac(key: Key<'_>, signed: &[u8]) -> Hmac<Sha256> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key.secret) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes a key of any length"),
    };
    mac.update(signed);
    mac
}

/// For whom and when a token counts.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The terminal of the topic.
    pub audience: &'a str,
    /// Now.
    pub now: Timestamp,
}

impl Window<'_> {
    /// Whether these claims are for this terminal and this time.
    ///
    /// # Errors
    /// [`Distrust`].
    pub fn check(&self, claims: &Claims) -> Result<(), Distrust> {
        let (iat, exp) = (seconds(claims, "iat")?, seconds(claims, "exp")?);
        if exp <= iat || exp - iat > LIFE_MAX_S {
            return Err(Distrust::Life);
        }
        if claims.get("aud").and_then(Value::as_str) != Some(self.audience) {
            return Err(Distrust::Audience);
        }
        let now = self.now.secs();
        if now >= exp + SKEW_S {
            return Err(Distrust::Expired);
        }
        if iat > now + SKEW_S {
            return Err(Distrust::Future);
        }
        Ok(())
    }
}

/// When the token was issued, in seconds since 1970: `iat`.
///
/// # Errors
/// [`Distrust::NoTime`].
pub fn issued_at(claims: &Claims) -> Result<u64, Distrust> {
    u64::try_from(seconds(claims, "iat")?).map_err(|_| Distrust::NoTime)
}

/// A NumericDate (RFC 7519 section 2); a fraction of a second is dropped.
fn seconds(claims: &Claims, name: &str) -> Result<i64, Distrust> {
    // The years 1970 to 9999: no sum of these leaves the range of i64.
    const LAST: i64 = 253_402_300_799;
    let number = claims.get(name).ok_or(Distrust::NoTime)?;
    let whole = number.as_i64().or_else(|| number.as_f64().map(|float| float as i64));
    whole.filter(|seconds| (0..=LAST).contains(seconds)).ok_or(Distrust::NoTime)
}
