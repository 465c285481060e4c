//! What people do with a refund: approve, cancel, resolve.

use super::{
    Api, Problem, Role,
    body::Body,
    params::Params,
    refunds::{named, shown, told},
};
use crate::ledger::Command;
use axum::{
    Extension, Json,
    extract::{Path, State, rejection::PathRejection},
};
use serde::Deserialize;
use serde_json::Value;
use vietqr_edge_core::refund::{FieldError, Input, Pin, RefundId, Verdict};

/// The most characters of a reason.
const REASON_MAX: usize = 200;
/// The most characters of a name.
const NAME_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    operator: Option<String>,
    pin: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    operator: Option<String>,
    pin: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    verdict: Option<String>,
    reason: Option<String>,
    operator: Option<String>,
    pin: Option<String>,
}

type Id = Result<Path<String>, PathRejection>;

pub(super) async fn approve(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    id: Id,
    params: Params,
    Body(asked): Body<Approve>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let operator = form.operator(asked.operator);
    form.done()?;
    let by = api.people.decides(role, operator, asked.pin.map(Pin))?;
    decided(&api, role, id, Input::Approve { by }).await
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    id: Id,
    params: Params,
    Body(asked): Body<Cancel>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let (operator, reason) = (form.operator(asked.operator), form.reason(asked.reason));
    form.done()?;
    let by = api.people.decides(role, operator, asked.pin.map(Pin))?;
    decided(&api, role, id, Input::Cancel { by, reason }).await
}

pub(super) async fn resolve(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    id: Id,
    params: Params,
    Body(asked): Body<Resolve>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let (operator, reason) = (form.operator(asked.operator), form.reason(asked.reason));
    let verdict = match asked.verdict.as_deref() {
        Some("failed") => Verdict::Failed,
        Some("succeeded") => Verdict::Succeeded,
        _ => {
            form.wrong("verdict", "succeeded or failed".to_owned());
            Verdict::Succeeded
        }
    };
    form.done()?;
    let by = api.people.decides(role, operator, asked.pin.map(Pin))?;
    decided(&api, role, id, Input::Resolve { verdict, by, reason }).await
}

async fn decided(api: &Api, role: Role, refund: RefundId, input: Input) -> Result<Json<Value>, Problem> {
    told(api, Command::Refund { refund, input: Box::new(input) }).await?;
    shown(api, role, refund).await.map(Json)
}

/// Finds every wrong field before it gives up.
#[derive(Default)]
struct Form(Vec<FieldError>);

impl Form {
    fn wrong(&mut self, field: &str, expected: String) {
        self.0.push(FieldError { field: field.to_owned(), expected });
    }

    fn operator(&mut self, operator: Option<String>) -> Option<String> {
        if operator.as_deref().is_some_and(|name| !is_line(name, NAME_MAX)) {
            self.wrong("operator", format!("1 to {NAME_MAX} characters, no control characters"));
        }
        operator
    }

    fn reason(&mut self, reason: Option<String>) -> String {
        let reason = reason.unwrap_or_default();
        if !is_line(&reason, REASON_MAX) {
            self.wrong("reason", format!("1 to {REASON_MAX} characters, no control characters"));
        }
        reason
    }

    fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        let all: Vec<String> =
            self.0.iter().map(|wrong| format!("{}: expected {}", wrong.field, wrong.expected)).collect();
        Err(Problem::fields(all.join("; "), &self.0))
    }
}

fn is_line(text: &str, most: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}
