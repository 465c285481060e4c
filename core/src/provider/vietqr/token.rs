//! The token (vietqr.md 3.1).

use super::{JSON, answer, basic};
use crate::{
    provider::{Call, Told, Wire},
    wire::fields,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::fmt;

/// Of a token that tells no lifetime, in seconds.
const DEFAULT_S: u64 = 300;
/// The longest that is believed, in seconds.
const LONGEST_S: u64 = 86_400;
/// A token is renewed so long before its end, in seconds; a short one at half of its life.
const EARLY_S: u64 = 30;
const TOKEN_MAX: usize = 4096;

/// A bearer token: secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(super) value: String,
    /// To be renewed so long after it was asked for, in seconds of a monotonic clock. It does not hang on this device's clock.
    pub renew_after_s: u64,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("renew_after_s", &self.renew_after_s).finish_non_exhaustive()
    }
}

impl Token {
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.value)
    }
}

/// Asks for a token.
pub fn token(username: &str, password: &str) -> Call {
    Call {
        path: "/api/token_generate",
        headers: vec![("Authorization", basic(username, password))],
        content_type: JSON,
        body: b"{}".to_vec(),
        answer_header: None,
    }
}

/// Reads the answer.
///
/// # Errors
/// [`Told`]: no token came. `http_400` and `http_401` mean that the login is not taken.
pub fn read_token(wire: &Wire) -> Result<Token, Told> {
    let body = match wire {
        Wire::NotSent { reason } => return Err(Told::with("not_sent", reason)),
        Wire::Broken { reason } => return Err(Told::with("no_answer", reason)),
        Wire::Answer { status: 200..=299, body, .. } => body,
        Wire::Answer { status, body, .. } => return Err(answer::failure(*status, body)),
    };
    let unreadable = |_| Told::code("unreadable");
    let fields = fields::Fields::read(body, &["access_token", "expires_in"]).map_err(unreadable)?;
    let Some(value) = fields.text("access_token").map_err(unreadable)? else {
        return Err(Told::with("unreadable", "access_token: expected a token"));
    };
    if value.len() > TOKEN_MAX || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Told::with("unreadable", "access_token: expected visible ASCII"));
    }
    let told = fields.token("expires_in").ok().flatten().and_then(|token| answer::whole(&token)).filter(|s| *s > 0);
    let life_s = told.or_else(|| jwt_life_s(&value)).unwrap_or(DEFAULT_S).min(LONGEST_S);
    Ok(Token { renew_after_s: life_s - EARLY_S.min(life_s.div_ceil(2)), value })
}

/// `exp` - `iat`: the difference does not hang on any clock.
fn jwt_life_s(token: &str) -> Option<u64> {
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let fields = fields::Fields::read(&claims, &["exp", "iat"]).ok()?;
    let time = |name| fields.token(name).ok().flatten().and_then(|token| answer::whole(&token));
    time("exp")?.checked_sub(time("iat")?).filter(|s| *s > 0)
}
