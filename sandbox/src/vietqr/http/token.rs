//! `api/token_generate` (3.1): a token for a login.

use super::Refusal;
use super::settings::{HttpQuirk, Settings};
use crate::provider::Answer;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha512;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// More tokens than this are not good at a time; the one that ends first is forgotten.
const MAX_TOKENS: usize = 1000;

/// The tokens that are good.
pub(super) struct Tokens {
    /// `Basic …` of the partner.
    basic: String,
    username: String,
    secret: [u8; 64],
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    count: u64,
    good_until: HashMap<String, Instant>,
}

impl Tokens {
    pub(super) fn new(username: &str, password: &str, secret: [u8; 64]) -> Tokens {
        Tokens {
            basic: format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))),
            username: username.to_string(),
            secret,
            issued: Mutex::default(),
        }
    }

    /// The answer to a login. How a wrong one is answered is not documented; 401 with an empty body was seen.
    pub(super) fn generate(&self, authorization: Option<&str>, settings: &Settings) -> Answer {
        if authorization != Some(&self.basic) {
            return Answer::of(401, String::new());
        }
        let mut body = json!({"access_token": self.issue(settings), "token_type": "Bearer"});
        let expires_in = if settings.has(HttpQuirk::NoExpiry) {
            return Answer::ok(body.to_string());
        } else if settings.has(HttpQuirk::ZeroExpiry) {
            json!(0)
        } else if settings.has(HttpQuirk::ShortExpiry) {
            json!(59)
        } else if settings.has(HttpQuirk::TextExpiry) {
            json!(settings.token_life.as_secs().to_string())
        } else {
            json!(settings.token_life.as_secs())
        };
        body["expires_in"] = expires_in;
        Answer::ok(body.to_string())
    }

    /// Whether a call may be made: E74 otherwise.
    pub(super) fn check(&self, authorization: Option<&str>) -> Result<(), Refusal> {
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).ok_or("E74")?;
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let until = issued.good_until.get(token).ok_or("E74")?;
        if Instant::now() < *until { Ok(()) } else { Err("E74") }
    }

    /// No token is good any more.
    pub(super) fn forget(&self) {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner).good_until.clear();
    }

    /// A JWT of the form in VietQR's sample: HS512, `exp` - `iat` is its life.
    fn issue(&self, settings: &Settings) -> String {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        issued.good_until.retain(|_, until| *until > now);
        if issued.good_until.len() >= MAX_TOKENS {
            let first = issued.good_until.iter().min_by_key(|(_, until)| **until).map(|(token, _)| token.clone());
            first.map(|token| issued.good_until.remove(&token));
        }
        issued.count += 1;
        let iat = chrono::Utc::now().timestamp();
        let claims = json!({
            "authorities": ["ROLE_USER"],
            "user": BASE64_STANDARD.encode(&self.username),
            "iat": iat,
            "exp": iat.saturating_add(i64::try_from(settings.token_life.as_secs()).unwrap_or(i64::MAX)),
            // Two tokens of one second are two tokens.
            "jti": issued.count.to_string(),
        });
        let part = |json: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(json!({"alg": "HS512"})), part(claims));
        let token = match Hmac::<Sha512>::new_from_slice(&self.secret) {
            Ok(mac) => {
                let tag = mac.chain_update(&signed).finalize().into_bytes();
                format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
            }
            // An HMAC takes a key of any length.
            Err(_) => signed,
        };
        issued.good_until.insert(token.clone(), now + settings.token_life);
        token
    }
}
