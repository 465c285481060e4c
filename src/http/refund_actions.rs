//! What people do with a refund: approve, cancel, resolve.

use super::{
    Api, Caller, Problem, Role,
    body::Body,
    params::Params,
    people::{Claim, Decision},
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
/// The most characters of a name, and the most bytes of a PIN.
const NAME_MAX: usize = 64;

// Values of any type: what is wrong with one is told by its name, and a PIN without quotes is not repeated.

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    operator: Option<Value>,
    pin: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    operator: Option<Value>,
    pin: Option<Value>,
    reason: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolve {
    verdict: Option<Value>,
    reason: Option<Value>,
    operator: Option<Value>,
    pin: Option<Value>,
}

type Id = Result<Path<String>, PathRejection>;

pub(super) async fn approve(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    caller: Caller,
    id: Id,
    params: Params,
    Body(asked): Body<Approve>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let claim = form.claim(role, caller, asked.operator, asked.pin);
    form.done()?;
    let by = api.people.decides(Decision::Approve, claim).await?;
    decided(&api, role, id, Input::Approve { by }).await
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    caller: Caller,
    id: Id,
    params: Params,
    Body(asked): Body<Cancel>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let (claim, reason) = (form.claim(role, caller, asked.operator, asked.pin), form.reason(asked.reason));
    form.done()?;
    let by = api.people.decides(Decision::Cancel, claim).await?;
    decided(&api, role, id, Input::Cancel { by, reason }).await
}

pub(super) async fn resolve(
    State(api): State<Api>,
    Extension(role): Extension<Role>,
    caller: Caller,
    id: Id,
    params: Params,
    Body(asked): Body<Resolve>,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let id = named(id)?;
    let mut form = Form::default();
    let (claim, reason) = (form.claim(role, caller, asked.operator, asked.pin), form.reason(asked.reason));
    let verdict = match asked.verdict.as_ref().and_then(Value::as_str) {
        Some("failed") => Verdict::Failed,
        Some("succeeded") => Verdict::Succeeded,
        _ => {
            form.wrong("verdict", "succeeded or failed".to_owned());
            Verdict::Succeeded
        }
    };
    form.done()?;
    let by = api.people.decides(Decision::Resolve, claim).await?;
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

    fn claim(&mut self, role: Role, caller: Caller, operator: Option<Value>, pin: Option<Value>) -> Claim {
        let line = format!("1 to {NAME_MAX} characters, no control characters");
        let operator = self.text("operator", operator, &line, |text| is_line(text, NAME_MAX));
        let pin = self.text("pin", pin, "text", |text| (1..=NAME_MAX).contains(&text.len()));
        Claim { role, caller, operator, pin: pin.map(Pin) }
    }

    fn reason(&mut self, reason: Option<Value>) -> String {
        let line = format!("1 to {REASON_MAX} characters, no control characters");
        let given = Some(reason.unwrap_or_default());
        self.text("reason", given, &line, |text| is_line(text, REASON_MAX)).unwrap_or_default()
    }

    /// Text, where it was given.
    fn text(
        &mut self,
        name: &str,
        given: Option<Value>,
        expected: &str,
        right: impl Fn(&str) -> bool,
    ) -> Option<String> {
        match given {
            None => None,
            Some(Value::String(text)) if right(&text) => Some(text),
            Some(_) => {
                self.wrong(name, expected.to_owned());
                None
            }
        }
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
