//! `GET /v1/openapi.json`: the document kept beside this file, with what each provider's table adds. `tests/openapi.rs` proves it true.

mod providers;

use super::{Problem, params::Params};
use axum::{http::header, response::IntoResponse};
use serde_json::Value;

/// The document without what differs from provider to provider.
const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn get(params: Params) -> Result<impl IntoResponse, Problem> {
    params.only(&[])?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document().to_string()))
}

fn document() -> Value {
    let mut document = serde_json::from_str(DOCUMENT).unwrap_or_default();
    providers::add(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use super::document;
    use crate::http::routes;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_documented_and_nothing_else_is() {
        let document = document();
        let mut documented = BTreeSet::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                documented.insert((method.as_str(), path.as_str()));
            }
        }
        assert_eq!(routes().iter().map(|(method, path, _)| (*method, *path)).collect::<BTreeSet<_>>(), documented);
    }

    #[test]
    fn the_document_is_of_this_version() {
        assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
