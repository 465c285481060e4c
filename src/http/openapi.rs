//! `GET /v1/openapi.json`: the document kept beside this file. `tests/openapi.rs` proves it true.

use super::{Problem, params::Params};
use axum::{http::header, response::IntoResponse};

/// The document.
pub(super) const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn get(params: Params) -> Result<impl IntoResponse, Problem> {
    params.only(&[])?;
    Ok(([(header::CONTENT_TYPE, "application/json")], DOCUMENT))
}
