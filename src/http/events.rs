//! `GET /v1/events`: a list, or a stream for `Accept: text/event-stream`.

use super::{
    Api, Problem, cloud_event,
    params::{MAX_LIMIT, Params},
    stream,
};
use crate::ledger::{ReadError, Reader};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// What `after` should be, for people.
const A_NUMBER: &str = "the number of the last event you have (0 for none)";

/// Events read at once, and the text a list may carry before it ends early, in bytes: this bounds memory.
pub(super) const PAGE: usize = 100;
const BUDGET: usize = 1024 * 1024;

pub(super) async fn get(State(api): State<Api>, headers: HeaderMap, params: Params) -> Result<Response, Problem> {
    let params = params.only(&["after", "limit"])?;
    let after = params.value("after", A_NUMBER)?;
    if wants_stream(&headers) {
        // A browser that connects again sends the address it began with, so the header counts more.
        let after = last_event_id(&headers)?.or(after).unwrap_or(0);
        let limit = params.text("limit").map(|_| params.limit()).transpose()?;
        return Ok(stream::events(api, after, limit).await?.into_response());
    }
    let (after, limit) = (after.unwrap_or(0), params.limit()?);
    let committed = reached(&api, after)?;
    let (items, next) = api.read(move |reader| part(reader, after, limit, committed)).await?;
    Ok(Json(json!({"items": items, "next": next})).into_response())
}

/// The last committed number, where it is not below `after`.
///
/// # Errors
/// 410 where it is: the number came from another journal, and to wait for it would be to miss everything until then.
pub(super) fn reached(api: &Api, after: u64) -> Result<u64, Problem> {
    let (committed, oldest) = (*api.reader.committed().borrow(), api.reader.oldest());
    if after <= committed {
        return Ok(committed);
    }
    let again = oldest.saturating_sub(1);
    let detail = format!(
        "there is no event {after} here, the last is {committed}: that number is from another journal; begin again with after={again}"
    );
    Err(Problem::dropped(oldest, detail))
}

/// Documents after this number, and the number to go on with.
fn part(reader: &Reader, after: u64, limit: usize, committed: u64) -> Result<(Vec<Value>, u64), ReadError> {
    let identity = reader.identity();
    let (mut items, mut last, mut size) = (Vec::new(), after, 0);
    while items.len() < limit && size < BUDGET {
        let wanted = PAGE.min(limit - items.len());
        let page = reader.events(last, wanted)?;
        let all = page.len() < wanted;
        for recorded in &page {
            let document = cloud_event::document(&identity, recorded);
            size += document.to_string().len();
            last = recorded.seq;
            items.push(document);
        }
        if all {
            // What lay behind the last one and could not be read is passed over.
            return Ok((items, last.max(committed)));
        }
    }
    Ok((items, last))
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| {
        kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
    })
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    match value.to_str().map(str::trim) {
        Ok("") => Ok(None),
        Ok(text) if text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().map(Some).map_err(|_| Problem::query(format!("Last-Event-ID: expected {A_NUMBER}")))
        }
        _ => Err(Problem::query(format!("Last-Event-ID: expected {A_NUMBER}"))),
    }
}

const _: () = assert!(PAGE <= MAX_LIMIT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_given_only_where_it_is_accepted_by_name() {
        let accepts = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, header::HeaderValue::from_static(text));
            wants_stream(&headers)
        };
        assert!(accepts("text/event-stream"));
        assert!(accepts("application/json;q=0.1, Text/Event-Stream;q=0.9"));
        assert!(!accepts("*/*") && !accepts("application/json"));
    }

    #[test]
    fn a_garbled_last_event_id_is_refused() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", header::HeaderValue::from_static(text));
            last_event_id(&headers)
        };
        assert_eq!(read("17"), Ok(Some(17)));
        assert_eq!(read(""), Ok(None));
        for wrong in ["+1", "-1", "p7", "99999999999999999999"] {
            assert_eq!(read(wrong).map_err(|p| p.status), Err(400), "{wrong}");
        }
    }
}
