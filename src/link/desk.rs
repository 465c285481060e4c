//! Refund requests over MQTT: which are believed, what they ask, and how they are answered (DESIGN 3.3).
//!
//! Only what the shop's own key signed, for this terminal and this time, is believed. What is not believed is counted and gets no
//! answer, so that a stranger learns nothing. What is believed is answered, also where it is refused.

use super::outbox::Publish;
use crate::config::{Config, Secret};
use serde_json::{Value, json};
use std::fmt;
use vietqr_edge_core::{
    jws::{self, Claims, Distrust, Key, Window},
    refund::{Ask, AskError, RefundId},
    time::Timestamp,
};

/// The claims of the envelope; the others are the request's. `iss` and `nbf` say nothing that counts here.
const ENVELOPE: [&str; 4] = ["jti", "aud", "iat", "exp"];

/// Reads requests and writes answers.
#[derive(Clone)]
pub struct Desk {
    device: String,
    /// With `{terminal}`.
    response_topic: String,
    /// Name and key, the one in use first.
    keys: Vec<(String, Secret)>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.keys.iter().map(|(id, _)| id.as_str()).collect();
        f.debug_struct("Desk").field("keys", &keys).finish_non_exhaustive()
    }
}

/// What a message is.
#[derive(Debug)]
pub enum Heard {
    /// A request.
    Asked {
        /// What for.
        ask: Box<Ask>,
        /// Name of the key that signed it.
        key: String,
        /// When it was signed, in seconds since 1970: `iat`.
        issued_at: u64,
    },
    /// A request by our key that can not be understood or decided now: to be answered.
    Wrong(Publish),
    /// To be counted and not answered.
    Untrusted(Distrust),
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// The caller's id.
    pub request_id: &'a str,
    /// The refund, where there is one.
    pub refund: Option<RefundId>,
    /// Where it stands; `refused` where there is none.
    pub state: &'a str,
    /// Why.
    pub code: Option<&'a str>,
    /// Why, for people.
    pub detail: Option<&'a str>,
}

impl Desk {
    /// With these keys: name and secret, the one in use first.
    pub fn new(device: String, response_topic: String, keys: Vec<(String, Secret)>) -> Desk {
        Desk { device, response_topic, keys }
    }

    /// As the configuration has it; `None` where it has no key, so that no request is believed.
    pub fn from_config(config: &Config) -> Option<Desk> {
        let refund = config.refund.as_ref()?;
        refund.request_key.as_ref()?;
        let keys = [&refund.request_key, &refund.request_key_next].into_iter().flatten().map(|key| {
            let stem = key.file().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (stem, key.clone())
        });
        Some(Desk::new(config.device.id.clone(), refund.response_topic.clone(), keys.collect()))
    }

    /// Reads a message that came on this terminal's topic. Below `floor` the clock is wrong: nothing can be decided then.
    pub fn read(&self, terminal: &str, body: &[u8], now: Timestamp, floor: Timestamp) -> Heard {
        let keys: Vec<Key<'_>> = self.keys.iter().map(|(id, secret)| Key { id, secret: secret.expose() }).collect();
        let (claims, key) = match jws::verify(body, &keys) {
            Ok(believed) => believed,
            Err(distrust) => return Heard::Untrusted(distrust),
        };
        if let Err(distrust) = (Window { audience: terminal, now: now.max(floor) }).check(&claims) {
            return Heard::Untrusted(distrust);
        }
        let issued_at = match jws::issued_at(&claims) {
            Ok(issued_at) => issued_at,
            Err(distrust) => return Heard::Untrusted(distrust),
        };
        let request_id = claims.get("jti").and_then(Value::as_str).unwrap_or_default().to_owned();
        let refused = |code: &str, detail: &str| {
            let told = Told {
                request_id: &request_id,
                refund: None,
                state: "refused",
                code: Some(code),
                detail: Some(detail),
            };
            Heard::Wrong(self.answer(terminal, key, now, &told))
        };
        if now < floor {
            return refused("clock_behind", "this device's clock is wrong; ask again when it is right");
        }
        match ask(claims) {
            Ok(ask) => Heard::Asked { ask: Box::new(ask), key: key.to_owned(), issued_at },
            Err(error) => refused("invalid_body", &error.to_string()),
        }
    }

    /// Signs an answer with the key of this name, or with the one in use where it is gone.
    pub fn answer(&self, terminal: &str, key: &str, now: Timestamp, told: &Told<'_>) -> Publish {
        let mut claims = Claims::new();
        claims.insert("iss".into(), json!(self.device));
        claims.insert("iat".into(), json!(now.secs()));
        claims.insert("request_id".into(), json!(told.request_id));
        claims.insert("state".into(), json!(told.state));
        claims.insert("refund_id".into(), json!(told.refund));
        for (name, text) in [("code", told.code), ("detail", told.detail)] {
            if let Some(text) = text {
                claims.insert(name.into(), json!(text));
            }
        }
        let topic = self.response_topic.replace("{terminal}", terminal);
        let named = self.keys.iter().find(|(id, _)| id == key).or(self.keys.first());
        let body = named.map(|(id, secret)| jws::sign(&claims, Key { id, secret: secret.expose() }));
        Publish { topic, body: body.unwrap_or_default().into_bytes() }
    }
}

/// The request in the claims: `request_id` is `jti`. A PIN has no place there, the key stands for it: one that came is not passed on.
fn ask(mut claims: Claims) -> Result<Ask, AskError> {
    let id = claims.remove("jti");
    for name in ENVELOPE {
        claims.remove(name);
    }
    for name in ["iss", "pin"] {
        claims.remove(name);
    }
    let mut members: Vec<(String, Value)> = claims.into_iter().filter(|(name, _)| name != "request_id").collect();
    members.extend(id.map(|id| ("request_id".to_owned(), id)));
    Ask::from_members(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn desk() -> Desk {
        let key = |text: &str| Secret::new(text.repeat(32).into_bytes(), "key".into());
        let keys = vec![("now".to_owned(), key("a")), ("next".to_owned(), key("b"))];
        Desk::new("quay-1".into(), "vietqr-edge/{terminal}/refund/response".into(), keys)
    }

    fn claims(change: impl FnOnce(&mut Value)) -> Claims {
        let mut claims = json!({"jti": "r-1", "aud": "VVB123456", "iat": NOW, "exp": NOW + 60, "provider": "vietqr",
            "bank_account": "1234567890", "reference_number": "FT1", "amount": 25000, "reason": "x", "operator": "lan"});
        change(&mut claims);
        claims.as_object().unwrap().clone()
    }

    fn read_at(claims: &Claims, now: i64, floor: i64) -> Heard {
        let token = jws::sign(claims, Key { id: "next", secret: "b".repeat(32).as_bytes() });
        desk().read("VVB123456", token.as_bytes(), Timestamp::from_secs(now), Timestamp::from_secs(floor))
    }

    fn wrong(heard: Heard) -> Claims {
        let Heard::Wrong(publish) = heard else { panic!("{heard:?}") };
        assert_eq!(publish.topic, "vietqr-edge/VVB123456/refund/response");
        let secret = "b".repeat(32);
        let (claims, key) = jws::verify(&publish.body, &[Key { id: "next", secret: secret.as_bytes() }]).unwrap();
        assert_eq!((key, &claims["iss"], &claims["request_id"]), ("next", &json!("quay-1"), &json!("r-1")));
        claims
    }

    #[test]
    fn a_believed_request_is_read_as_one_over_http() {
        let Heard::Asked { ask, key, issued_at } = read_at(&claims(|_| {}), NOW, 0) else { panic!() };
        assert_eq!((ask.request_id.as_str(), ask.amount, key.as_str()), ("r-1", 25_000, "next"));
        assert_eq!(issued_at, NOW as u64);
    }

    #[test]
    fn a_believed_request_that_is_wrong_is_answered_with_what_was_expected() {
        let answer = wrong(read_at(&claims(|claims| claims["amount"] = json!("25000")), NOW, 0));
        assert_eq!((&answer["state"], &answer["code"]), (&json!("refused"), &json!("invalid_body")));
        assert!(answer["detail"].as_str().unwrap().contains("amount: expected"));
    }

    #[test]
    fn while_the_clock_is_wrong_a_request_waits() {
        let answer = wrong(read_at(&claims(|_| {}), NOW - 5_000_000, NOW - 10));
        assert_eq!(answer["code"], "clock_behind");
        assert!(matches!(read_at(&claims(|_| {}), 0, NOW + 500), Heard::Untrusted(Distrust::Expired)));
    }

    #[test]
    fn an_answer_is_no_request() {
        let told = Told { request_id: "r-1", refund: Some(RefundId(7)), state: "queued", code: None, detail: None };
        let publish = desk().answer("VVB123456", "gone", Timestamp::from_secs(NOW), &told);
        let heard = desk().read("VVB123456", &publish.body, Timestamp::from_secs(NOW), Timestamp::from_secs(0));
        assert!(matches!(heard, Heard::Untrusted(_)), "{heard:?}");
    }
}
