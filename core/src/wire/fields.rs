//! A JSON object read field by field, lenient where VietQR was seen to vary (vietqr.md 11).
//!
//! Names are compared without regard to case; null and blank text are absent; unknown fields are ignored. Numbers stay text:
//! `25000.0` and `2.5e4` are the same binary float, and no binary float may touch money.

use crate::event::Reason;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{error::Category, value::RawValue};
use std::fmt;

/// The most characters an account, a reference or an order id may have. Observed ones have at most 40.
const MAX_ID: usize = 64;

/// A body that is not a message to be acted on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Rejected {
    /// Why.
    pub reason: Reason,
    /// Field and expectation, for people; no value that could be personal.
    pub detail: String,
}

impl Rejected {
    pub(super) fn new(reason: Reason, detail: impl Into<String>) -> Rejected {
        Rejected { reason, detail: detail.into() }
    }

    fn unparsable(detail: impl Into<String>) -> Rejected {
        Rejected::new(Reason::Unparsable, detail)
    }
}

/// The value of a field that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text, not blank.
    Text(String),
    /// A number as it was written.
    Number(&'a str),
    /// true, false, an array or an object.
    Other,
}

/// The wanted fields of an object.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    found: Vec<(&'static str, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Reads the fields named in `wanted`.
    ///
    /// # Errors
    /// Unparsable: not UTF-8, not one JSON object, or a wanted field is there twice with different values.
    pub(crate) fn read(body: &'a [u8], wanted: &'static [&'static str]) -> Result<Fields<'a>, Rejected> {
        let text = std::str::from_utf8(body).map_err(|_| Rejected::unparsable("body: expected UTF-8"))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let read = Object(wanted).deserialize(&mut json).and_then(|read| json.end().map(|()| read));
        let Collected { found, twice } = read.map_err(|error| match error.classify() {
            // The library's own words quote values.
            Category::Data => Rejected::unparsable("body: expected a JSON object"),
            _ => Rejected::unparsable(format!(
                "body: expected one JSON object, broken at line {} column {}",
                error.line(),
                error.column()
            )),
        })?;
        match twice {
            Some(name) => Err(Rejected::unparsable(format!("{name}: expected one value, there are two"))),
            None => Ok(Fields { found }),
        }
    }

    /// The value of a field; `None` where it is absent, null or blank.
    ///
    /// # Errors
    /// Unparsable: text with a broken escape.
    pub(crate) fn token(&self, name: &str) -> Result<Option<Token<'a>>, Rejected> {
        let Some((_, raw)) = self.found.iter().find(|(found, _)| *found == name) else {
            return Ok(None);
        };
        Ok(match raw.as_bytes().first() {
            Some(b'"') => {
                let text: String = serde_json::from_str(raw)
                    .map_err(|_| Rejected::unparsable(format!("{name}: expected text of whole characters")))?;
                (!text.trim().is_empty()).then_some(Token::Text(text))
            }
            Some(b'-' | b'0'..=b'9') => Some(Token::Number(raw)),
            Some(b'n') | None => None,
            Some(_) => Some(Token::Other),
        })
    }

    /// The JSON of a field, as it was written; `None` where it is absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.found.iter().find(|(found, _)| *found == name).map(|(_, raw)| *raw)
    }

    /// The text of a field, or the digits of a whole number.
    ///
    /// # Errors
    /// Unparsable: anything else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Rejected> {
        match self.token(name)? {
            None => Ok(None),
            Some(Token::Text(text)) => Ok(Some(text)),
            Some(Token::Number(number)) if number.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(number.to_owned())),
            Some(_) => Err(Rejected::unparsable(format!("{name}: expected text"))),
        }
    }

    /// As [`Fields::text`], for an identifier: at most 64 characters, none of them a control character.
    ///
    /// # Errors
    /// Unparsable: anything else.
    pub(crate) fn id(&self, name: &str) -> Result<Option<String>, Rejected> {
        let text = self.text(name)?;
        if let Some(text) = &text {
            if text.chars().count() > MAX_ID {
                return Err(Rejected::unparsable(format!("{name}: expected at most {MAX_ID} characters")));
            }
            if text.chars().any(char::is_control) {
                return Err(Rejected::unparsable(format!("{name}: expected no control characters")));
            }
        }
        Ok(text)
    }
}

struct Object(&'static [&'static str]);

struct Collected<'a> {
    found: Vec<(&'static str, &'a str)>,
    twice: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Collected<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Collected<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Collected<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Collected<'de>, A::Error> {
        let mut read = Collected { found: Vec::new(), twice: None };
        while let Some(key) = map.next_key::<String>()? {
            let Some(name) = self.0.iter().find(|name| name.eq_ignore_ascii_case(&key)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw = map.next_value::<&RawValue>()?.get();
            match read.found.iter_mut().find(|(found, _)| found == name) {
                None => read.found.push((name, raw)),
                Some((_, first)) if says_nothing(first) => *first = raw,
                Some((_, first)) if says_nothing(raw) || *first == raw => {}
                Some(_) => read.twice = Some(name),
            }
        }
        Ok(read)
    }
}

/// Null or empty: the other spelling of the same field counts.
fn says_nothing(raw: &str) -> bool {
    raw == "null" || raw == "\"\""
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["bankAccount", "note"];

    fn id(body: &str) -> Result<Option<String>, String> {
        Fields::read(body.as_bytes(), WANTED).and_then(|fields| fields.id("bankAccount")).map_err(|r| r.detail)
    }

    #[test]
    fn null_blank_and_absent_are_the_same() {
        for body in ["{}", r#"{"bankAccount":null}"#, r#"{"bankAccount":""}"#, r#"{"bankAccount":"  "}"#] {
            assert_eq!(id(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn an_id_given_as_a_number_is_its_text() {
        assert_eq!(id(r#"{"bankAccount":1234567890}"#), Ok(Some("1234567890".to_owned())));
        for body in
            [r#"{"bankAccount":1.0}"#, r#"{"bankAccount":-1}"#, r#"{"bankAccount":true}"#, r#"{"bankAccount":[]}"#]
        {
            assert_eq!(id(body), Err("bankAccount: expected text".to_owned()), "{body}");
        }
    }

    #[test]
    fn two_spellings_with_one_value_are_one_field_and_with_two_values_are_refused() {
        let one = Ok(Some("1".to_owned()));
        assert_eq!(id(r#"{"bankAccount":"1","bankaccount":"1"}"#), one);
        assert_eq!(id(r#"{"bankAccount":null,"bankaccount":"1"}"#), one);
        assert_eq!(id(r#"{"bankAccount":"1","bankaccount":""}"#), one);
        let two = id(r#"{"bankAccount":"1","bankaccount":"2","BANKACCOUNT":null}"#);
        assert_eq!(two, Err("bankAccount: expected one value, there are two".to_owned()));
    }

    #[test]
    fn an_error_never_quotes_the_body() {
        for body in [r#""9876543210""#, "[9876543210]", "9876543210", r#"{"a":9876543210"#, r#"{} 9876543210"#, ""] {
            let detail = id(body).unwrap_err();
            assert!(detail.starts_with("body: expected") && !detail.contains("9876543210"), "{body}: {detail}");
        }
    }

    #[test]
    fn deep_nesting_in_an_unknown_field_is_skipped() {
        let deep = format!(r#"{{"x":{}{},"bankAccount":"1"}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(id(&deep), Ok(Some("1".to_owned())));
    }

    #[test]
    fn an_id_has_bounds() {
        let id_of = |text: &str| id(&format!(r#"{{"bankAccount":"{text}"}}"#));
        assert!(id_of(&"ắ".repeat(64)).is_ok());
        assert_eq!(id_of(&"ắ".repeat(65)), Err("bankAccount: expected at most 64 characters".to_owned()));
        assert_eq!(id_of(r"1\u0000"), Err("bankAccount: expected no control characters".to_owned()));
        assert_eq!(id_of(r"1\ud800"), Err("bankAccount: expected text of whole characters".to_owned()));
    }
}
