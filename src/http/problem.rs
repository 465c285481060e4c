//! What is answered instead of a result: an RFC 9457 problem document with a stable `code`.

use super::BODY_LIMIT;
use crate::ledger::ReadError;
use axum::{
    body::Body,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use vietqr_edge_core::refund::{FieldError, RefundId, Refusal, RefusalKind};

/// A problem document. Programs look at `code`; `detail` is for people and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Always `about:blank`: the code tells the kind.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable name of the kind.
    pub code: String,
    /// What is wrong, what was expected, what to do.
    pub detail: String,
    /// What only some kinds have.
    #[serde(flatten)]
    pub more: Box<More>,
}

/// What only some kinds of problems have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct More {
    /// With `events_dropped`: the oldest event held.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oldest: Option<u64>,
    /// With `invalid_body` and `pin_required`: every field that is not as expected, where they are known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<WrongField>,
    /// The refund that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refund: Option<RefundId>,
    /// With 429: after so many seconds it may be tried again. The header `Retry-After` has it, too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after: Option<u64>,
}

/// A field that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongField {
    /// Its name.
    pub field: String,
    /// What was expected.
    pub expected: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Problem {
        Problem {
            kind: "about:blank".to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            more: Box::default(),
        }
    }

    fn with(self, more: More) -> Problem {
        Problem { more: Box::new(more), ..self }
    }

    pub(super) fn fields(detail: impl Into<String>, wrong: &[FieldError]) -> Problem {
        Problem::body(detail).with(More { errors: wrong_fields(wrong), ..More::default() })
    }

    pub(super) fn forbidden_field(code: &str, detail: impl Into<String>, wrong: &[FieldError]) -> Problem {
        let problem = Problem::new(StatusCode::FORBIDDEN, code, detail);
        problem.with(More { errors: wrong_fields(wrong), ..More::default() })
    }

    pub(super) fn locked(ms: u64) -> Problem {
        let seconds = ms.div_ceil(1000).max(1);
        let detail = format!("too many wrong PINs; none is checked for {seconds} s");
        let more = More { retry_after: Some(seconds), ..More::default() };
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_wrong_pins", detail).with(more)
    }

    pub(super) fn no_refund(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "refund_not_found", detail)
    }

    pub(super) fn rule(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub(super) fn refusal(refusal: &Refusal) -> Problem {
        let status = match refusal.kind {
            RefusalKind::Conflict => StatusCode::CONFLICT,
            RefusalKind::Forbidden => StatusCode::FORBIDDEN,
            RefusalKind::Rule => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let more = More { refund: refusal.other, ..More::default() };
        Problem::new(status, refusal.code, refusal.detail.clone()).with(more)
    }

    pub(super) fn query(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
    }

    pub(super) fn body(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_body", detail)
    }

    pub(super) fn too_large() -> Problem {
        let detail = format!("a body may have at most {BODY_LIMIT} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    pub(super) fn not_json() -> Problem {
        let detail = "send the body as JSON, with the header Content-Type: application/json";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    }

    pub(super) fn no_payment(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "payment_not_found", detail)
    }

    pub(super) fn dropped(oldest: u64, detail: impl Into<String>) -> Problem {
        let more = More { oldest: Some(oldest), ..More::default() };
        Problem::new(StatusCode::GONE, "events_dropped", detail).with(more)
    }

    pub(super) fn busy() -> Problem {
        Problem::unavailable("busy", "the device did not answer in time; try again in some seconds")
    }

    pub(super) fn stopping() -> Problem {
        Problem::unavailable("stopping", "the daemon is ending; try again when it runs")
    }

    pub(super) fn unavailable(code: &str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    pub(super) fn unreadable(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ledger_unreadable", detail)
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Problem {
        match error {
            ReadError::Dropped { oldest } => {
                let after = oldest.saturating_sub(1);
                let detail = format!("events up to {after} were dropped by retention; go on with after={after}");
                Problem::dropped(oldest, detail)
            }
            other => Problem::unreadable(format!("{other}; run: vietqr-edge journal verify")),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let again = self.more.retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, again, Body::from(body)).into_response()
    }
}

fn wrong_fields(wrong: &[FieldError]) -> Vec<WrongField> {
    let of = |wrong: &FieldError| WrongField { field: wrong.field.clone(), expected: wrong.expected.clone() };
    wrong.iter().map(of).collect()
}

pub(super) async fn no_such_path(uri: Uri) -> Problem {
    let detail = format!("there is nothing at {}; /v1/openapi.json lists what is there", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}

pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; the header Allow names what it takes", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
