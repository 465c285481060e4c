//! `GET /metrics`: Prometheus text.

use super::{Api, LinkState, Problem, params::Params};
use crate::metrics::{self, Numbers};
use axum::{extract::State, http::header, response::IntoResponse};

/// OpenMetrics, which is what Prometheus asks for first.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<impl IntoResponse, Problem> {
    params.only(&[])?;
    let (healthy, snapshot, now) = (api.device.health().is_ok(), api.device.snapshot(), api.clock.now());
    let text = api.read(move |reader| {
        Ok(metrics::render(Numbers {
            counters: reader.counters(),
            disk: reader.disk(),
            committed: *reader.committed().borrow(),
            oldest: reader.oldest(),
            healthy,
            link_up: snapshot.link.state == LinkState::Up,
            link_since: snapshot.link.since,
            link_tries: snapshot.link.tries,
            last_message: snapshot.link.last_message,
            started_at: snapshot.started_at,
            certificates: snapshot.certificates.into_iter().map(|c| (c.key, c.not_after)).collect(),
            certified_at: snapshot.clock_floor.map_or(now, |floor| floor.max(now)),
            resident_bytes: metrics::resident_bytes(),
        }))
    });
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text.await?))
}
