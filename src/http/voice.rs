//! `POST /v1/voice/replay` and `POST /v1/voice/test`: say something because a person asked. Answered when it was said.

use super::{Api, Problem, SpeakError, Spoken, body::Body, params::Params};
use axum::{Json, extract::State, http::StatusCode};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::time::Duration;
use vietqr_edge_core::{
    money::{Dong, MAX_AMOUNT},
    payment::PaymentId,
};

/// The longest wait for a sentence: the one being said, this one, and some more.
const SAY_TIMEOUT: Duration = Duration::from_secs(60);

/// What the test sentence says where no amount is given, in đồng.
const TEST_AMOUNT: Dong = Dong(25_000);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    #[serde(default)]
    payment: Option<PaymentId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    #[serde(default)]
    amount: Option<Dong>,
}

pub(super) async fn replay(
    State(api): State<Api>,
    params: Params,
    Body(asked): Body<Replay>,
) -> Result<Json<Spoken>, Problem> {
    params.only(&[])?;
    said(api.speak.replay(asked.payment)).await
}

pub(super) async fn test(
    State(api): State<Api>,
    params: Params,
    Body(asked): Body<Test>,
) -> Result<Json<Spoken>, Problem> {
    params.only(&[])?;
    let amount = asked.amount.unwrap_or(TEST_AMOUNT);
    if amount == Dong::ZERO || amount.0 > MAX_AMOUNT {
        return Err(Problem::body(format!("amount: expected whole đồng from 1 to {MAX_AMOUNT}")));
    }
    said(api.speak.test(amount)).await
}

async fn said(spoken: BoxFuture<'_, Result<Spoken, SpeakError>>) -> Result<Json<Spoken>, Problem> {
    match tokio::time::timeout(SAY_TIMEOUT, spoken).await {
        Ok(Ok(spoken)) => Ok(Json(spoken)),
        Ok(Err(error)) => Err(problem(&error)),
        Err(_) => Err(Problem::busy()),
    }
}

fn problem(error: &SpeakError) -> Problem {
    let refused = |code| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, error.to_string());
    match error {
        SpeakError::NoSuchPayment(_) | SpeakError::NothingYet => Problem::no_payment(error.to_string()),
        SpeakError::NotCredit(_) => refused("not_credit"),
        SpeakError::Off => refused("voice_off"),
        SpeakError::NoSpeaker => refused("no_speaker"),
        SpeakError::QuietHours => refused("quiet_hours"),
        SpeakError::Busy => Problem::unavailable("busy", error.to_string()),
        SpeakError::Failed(_) => Problem::unavailable("speaker_failed", error.to_string()),
        SpeakError::NotDurable(_) => Problem::unavailable("not_durable", error.to_string()),
        SpeakError::Stopping => Problem::stopping(),
    }
}
