//! JSON bodies: of bounded size and time, of known fields only.

use super::{BODY_LIMIT, Problem};
use axum::{
    body::{Bytes, HttpBody, to_bytes},
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The longest that a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A decoded body. No body at all counts as `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Body<T>, Problem> {
        let bytes = read(request).await?;
        decode(if bytes.is_empty() { b"{}" } else { &bytes })
    }
}

/// A body as it came.
pub(super) struct Raw(pub(super) Bytes);

impl<S: Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Raw, Problem> {
        read(request).await.map(Raw)
    }
}

/// The whole body, empty or JSON by its header.
async fn read(request: Request) -> Result<Bytes, Problem> {
    let length = request.body().size_hint();
    if length.lower() > BODY_LIMIT as u64 {
        return Err(Problem::too_large());
    }
    let json = request.headers().get(header::CONTENT_TYPE).is_some_and(|kind| is_json(kind.as_bytes()));
    let bytes = match tokio::time::timeout(BODY_TIMEOUT, to_bytes(request.into_body(), BODY_LIMIT)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(broken(&error)),
        Err(_) => return Err(Problem::body("the body did not arrive within 10 s")),
    };
    if json || bytes.is_empty() { Ok(bytes) } else { Err(Problem::not_json()) }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    vietqr_edge_core::json::from_bytes(bytes)
        .map(Body)
        .map_err(|e| Problem::body(format!("the body is not what was expected: {e}")))
}

fn broken(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(e) = cause {
        if e.to_string().contains("length limit exceeded") {
            return Problem::too_large();
        }
        cause = e.source();
    }
    Problem::body("the body broke off")
}

/// `application/json`, with or without parameters.
fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|b| *b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn only_json_is_taken_as_json() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", " application/json ;q"] {
            assert!(is_json(kind.as_bytes()), "{kind}");
        }
        for kind in ["", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"] {
            assert!(!is_json(kind.as_bytes()), "{kind}");
        }
    }
}
