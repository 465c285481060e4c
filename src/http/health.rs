//! `GET /healthz`: whether the daemon is alive and makes progress. The network being away is no illness.

use super::{Api, Problem, params::Params};
use axum::{Json, extract::State};
use serde_json::{Value, json};

pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    match api.device.health() {
        Ok(()) => Ok(Json(json!({"status": "ok"}))),
        Err(why) => Err(Problem::unavailable("unhealthy", why)),
    }
}
