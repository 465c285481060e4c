//! Query parameters: every key is known, none comes twice, and a wrong value is named with what was expected.

use super::Problem;
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use std::str::FromStr;

/// Items a list has where `limit` is absent.
pub(super) const DEFAULT_LIMIT: usize = 100;

/// The most items of a list.
pub(super) const MAX_LIMIT: usize = 1000;

/// The decoded query.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Params, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        query.map(|Query(pairs)| Params(pairs)).map_err(|e| Problem::query(e.body_text()))
    }
}

impl Params {
    /// Refuses every key but these, and any key twice.
    pub(crate) fn only(self, known: &[&str]) -> Result<Params, Problem> {
        for (i, (key, _)) in self.0.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                let expected = match known {
                    [] => "this resource takes none".to_owned(),
                    known => format!("expected {}", known.join(", ")),
                };
                return Err(Problem::query(format!("unknown query parameter '{}': {expected}", shorten(key))));
            }
            if self.0[..i].iter().any(|(earlier, _)| earlier == key) {
                return Err(Problem::query(format!("query parameter '{key}' comes twice: give it once")));
            }
        }
        Ok(self)
    }

    /// The text under a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// The value under a key; `expected` says what it should be. An empty value counts as absent.
    pub(super) fn value<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(key).filter(|text| !text.is_empty()) else { return Ok(None) };
        let wrong = |_| Problem::query(format!("{key}: expected {expected}, got '{}'", shorten(text)));
        text.parse().map(Some).map_err(wrong)
    }

    /// `limit`, or its default.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let expected = format!("a whole number from 1 to {MAX_LIMIT}");
        let limit = self.value("limit", &expected)?.unwrap_or(DEFAULT_LIMIT);
        match limit {
            1..=MAX_LIMIT => Ok(limit),
            _ => Err(Problem::query(format!("limit: expected {expected}, got '{limit}'"))),
        }
    }
}

/// What a stranger sent, short enough for an answer.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn an_unknown_key_is_refused_by_its_name() {
        let problem = params(&[("after", "1"), ("size", "5")]).only(&["after", "limit"]).unwrap_err();
        assert_eq!(problem.detail, "unknown query parameter 'size': expected after, limit");
        assert_eq!((problem.status, problem.code.as_str()), (400, "invalid_query"));
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        let problem = params(&[("after", "1"), ("after", "2")]).only(&["after"]).unwrap_err();
        assert!(problem.detail.contains("'after' comes twice"), "{}", problem.detail);
    }

    #[test]
    fn a_limit_is_a_whole_number_from_1_to_1000() {
        assert_eq!(params(&[]).limit(), Ok(100));
        assert_eq!(params(&[("limit", "")]).limit(), Ok(100));
        assert_eq!(params(&[("limit", "1000")]).limit(), Ok(1000));
        for wrong in ["0", "1001", "-1", "1.5", "many", "99999999999999999999"] {
            let problem = params(&[("limit", wrong)]).limit().unwrap_err();
            assert!(
                problem.detail.starts_with("limit: expected a whole number from 1 to 1000, got"),
                "{}",
                problem.detail
            );
        }
    }
}
