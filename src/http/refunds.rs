//! `GET /v1/refunds`, newest last, `GET /v1/refunds/{id}`, and `POST /v1/refunds`.

use super::{
    Api, Caller, Problem, Role,
    body::Raw,
    params::{Params, shorten},
};
use crate::ledger::{Answer, Command, RefundAnswer, Refused};
use axum::{
    Extension, Json,
    extract::{Path, State, rejection::PathRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};
use vietqr_edge_core::{
    event::Note,
    provider::evidence,
    refund::{self, Ask, AskError, Door, RefundId},
    time::Timestamp,
};

/// What an id looks like, for people.
const AN_ID: &str = "a refund's id, as r123";

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List {
    items: Vec<Value>,
    next: Option<RefundId>,
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    params: Params,
) -> Result<Json<List>, Problem> {
    let params = params.only(&["after", "limit", "state"])?;
    let (after, limit) = (params.value("after", AN_ID)?, params.limit()?);
    let state = params.text("state").map(state).transpose()?;
    let (refunds, more) = api.read(move |reader| reader.refunds(after, limit, state)).await?;
    let next = refunds.last().filter(|_| more).map(|last| last.id);
    let items = refunds.iter().map(|refund| refund.resource(role == Role::Admin)).collect();
    Ok(Json(List { items, next }))
}

fn state(text: &str) -> Result<refund::State, Problem> {
    serde_json::from_value(Value::from(text)).map_err(|_| {
        let states = "awaiting_approval, queued, sending, pending, unknown, review, succeeded, failed, refused";
        Problem::query(format!("state: expected one of {states}, got '{}'", shorten(text)))
    })
}

pub(super) async fn one(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    id: Result<Path<String>, PathRejection>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    shown(&api, role, named(id)?).await.map(Json)
}

/// The refund that a path names.
pub(super) fn named(id: Result<Path<String>, PathRejection>) -> Result<RefundId, Problem> {
    let Path(text) = id.map_err(|e| Problem::no_refund(e.body_text()))?;
    text.parse().map_err(|_| Problem::no_refund(format!("'{}' is not {AN_ID}", shorten(&text))))
}

/// The resource with its history, as a caller of this role may see it.
pub(super) async fn shown(api: &Api, role: Role, id: RefundId) -> Result<Value, Problem> {
    let missing = || Problem::no_refund(format!("there is no refund {id}; /v1/refunds lists them"));
    let view = api.read(move |reader| reader.refund_view(id)).await?.ok_or_else(missing)?;
    let mut resource = view.refund.resource(role == Role::Admin);
    let history = view.history.iter().map(|recorded| {
        let data = recorded.event.public(recorded.seq);
        json!({"sequence": recorded.seq, "at": recorded.at, "type": recorded.event.name(), "data": data})
    });
    resource["history"] = history.collect();
    let whole = role == Role::Admin;
    resource["calls"] = view.calls.iter().filter_map(|(at, note)| call(*at, note, whole)).collect();
    Ok(resource)
}

/// What was sent or answered, for people.
fn call(at: Timestamp, note: &Note, whole: bool) -> Option<Value> {
    let (kind, attempt, text) = match note {
        Note::RefundAttempt { attempt, body, .. } => ("sent", attempt, evidence::sent(body, whole)),
        Note::RefundAnswered { attempt, answer, .. } => ("answered", attempt, answer.clone()),
        _ => return None,
    };
    Some(json!({"at": at, "kind": kind, "attempt": attempt, "text": text}))
}

pub(super) async fn create(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    caller: Caller,
    params: Params,
    Raw(body): Raw,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let mut ask = Ask::from_json(&body).map_err(|error| not_asked(&error))?;
    api.people.may_ask(&caller, &mut ask).await?;
    let command = Command::RefundRequest { ask: Box::new(ask), door: Door::Http, replay: None };
    let RefundAnswer { refund, new, .. } = told(&api, command).await?;
    let status = if new { StatusCode::ACCEPTED } else { StatusCode::OK };
    let place = [(header::LOCATION, format!("/v1/refunds/{refund}"))];
    Ok((status, place, Json(shown(&api, role, refund).await?)).into_response())
}

fn not_asked(error: &AskError) -> Problem {
    match error {
        AskError::Malformed => Problem::body(error.to_string()),
        AskError::Fields(wrong) => Problem::fields(error.to_string(), wrong),
    }
}

/// Tells the ledger; what it answered, or why it changed nothing.
pub(super) async fn told(api: &Api, command: Command) -> Result<RefundAnswer, Problem> {
    match api.commands.send(command).await {
        Ok(Answer::Refund(answer)) => Ok(answer),
        Ok(_) => Err(Problem::busy()),
        Err(Refused::Refund(refusal)) => Err(Problem::refusal(&refusal)),
        Err(error @ Refused::DiskFull) => Err(Problem::unavailable("not_durable", error.to_string())),
        Err(error @ Refused::NoRefunds) => Err(Problem::rule("refunds_not_configured", error.to_string())),
        Err(Refused::NoSuchRefund(id)) => {
            Err(Problem::no_refund(format!("there is no refund {id} (any more); /v1/refunds lists them")))
        }
        Err(_) => Err(Problem::stopping()),
    }
}
