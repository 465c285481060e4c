//! `GET /v1/payments`, newest last, and `GET /v1/payments/{id}`.

use super::{
    Api, Problem, Role,
    params::{Params, shorten},
    payment::Payment,
};
use crate::ledger::{PaymentView, ReadError, Reader};
use axum::{
    Extension, Json,
    extract::{Path, State, rejection::PathRejection},
};
use serde::Serialize;
use vietqr_edge_core::payment::PaymentId;

/// What an id looks like, for people.
const AN_ID: &str = "a payment's id, as p123";

/// Payments read at once, and the text they may carry together before a list ends early, in bytes: this bounds memory.
const PAGE: usize = 100;
const BUDGET: usize = 1024 * 1024;

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List {
    items: Vec<Payment>,
    next: Option<PaymentId>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    params: Params,
) -> Result<Json<List>, Problem> {
    let params = params.only(&["after", "limit", "reference"])?;
    let (after, limit) = (params.value("after", AN_ID)?, params.limit()?);
    let (views, more) = match params.text("reference") {
        Some(_) if after.is_some() => {
            return Err(Problem::query("reference: give it alone, it is not a list to go through with after"));
        }
        Some(reference) => {
            let reference = reference.to_owned();
            let mut found = api.read(move |reader| reader.find(&reference)).await?;
            found.truncate(limit);
            (found, false)
        }
        None => api.read(move |reader| part(reader, after, limit)).await?,
    };
    let next = views.last().filter(|_| more).map(|last| last.id);
    Ok(Json(List { items: views.into_iter().map(|view| Payment::shown(view, role)).collect(), next }))
}

/// Up to `limit` payments and whether there are more. Fewer where their text is long.
fn part(reader: &Reader, mut after: Option<PaymentId>, limit: usize) -> Result<(Vec<PaymentView>, bool), ReadError> {
    let (mut views, mut size) = (Vec::new(), 0);
    loop {
        let wanted = PAGE.min(limit + 1 - views.len());
        let page = reader.payments(after, wanted)?;
        let last_page = page.len() < wanted;
        after = page.last().map(|view| view.id).or(after);
        size += page.iter().map(|view| view.payment.content.len()).sum::<usize>();
        views.extend(page);
        if views.len() > limit {
            views.truncate(limit);
            return Ok((views, true));
        }
        if last_page || size > BUDGET {
            return Ok((views, !last_page));
        }
    }
}

pub(super) async fn one(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    id: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Json<Payment>, Problem> {
    params.only(&[])?;
    let Path(text) = id.map_err(|e| Problem::no_payment(e.body_text()))?;
    let no_id = |_| Problem::no_payment(format!("'{}' is not {AN_ID}", shorten(&text)));
    let id: PaymentId = text.parse().map_err(no_id)?;
    match api.read(move |reader| reader.payment(id)).await? {
        Some(view) => Ok(Json(Payment::shown(view, role))),
        None => Err(Problem::no_payment(format!("there is no payment {id}; /v1/payments lists them"))),
    }
}
