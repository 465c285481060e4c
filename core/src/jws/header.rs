//! JSON objects in which no member comes twice, and what a header may say.

use super::{Claims, Distrust};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

/// Members that would let a token choose its own key or change what is signed.
const REFUSED: [&str; 5] = ["crit", "jwk", "jku", "x5u", "b64"];

/// The `kid` of a header that says HS256 and nothing that is refused.
pub(super) fn key_id(header: &[u8]) -> Result<Option<String>, Distrust> {
    let header = object(header).ok_or(Distrust::Header)?;
    if header.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err(Distrust::Algorithm);
    }
    if REFUSED.iter().any(|name| header.contains_key(*name)) {
        return Err(Distrust::Extension);
    }
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) => Ok(Some(kid.clone())),
        Some(_) => Err(Distrust::UnknownKey),
    }
}

/// A JSON object whose own members come once each. Two readers of a repeated member could each see another value.
pub(super) fn object(bytes: &[u8]) -> Option<Claims> {
    crate::json::from_bytes::<Once>(bytes).ok().map(|once| once.0)
}

struct Once(Map<String, Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with each member once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Once, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member comes twice"));
            }
        }
        Ok(Once(members))
    }
}
