//! Events as a stream (Server-Sent Events).
//!
//! A stream holds one page of events and its place; the next page is read when its reader has taken the last one. A slow reader
//! is so paced by its own socket, and nothing waits for it. It resumes by `Last-Event-ID`.

use super::{
    Api, Problem, cloud_event,
    events::{PAGE, reached},
};
use crate::ledger::Recorded;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, watch};

/// How often a comment is sent where nothing happens, so that both sides notice a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

struct Feed {
    api: Api,
    committed: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    page: VecDeque<Recorded>,
    after: u64,
    left: Option<usize>,
    _place: OwnedSemaphorePermit,
}

/// The events after this number, then each new one; at most `limit` of them where one is given.
///
/// # Errors
/// 410 where the next event was dropped, 503 where too many streams are open.
pub(super) async fn events(
    api: Api,
    after: u64,
    limit: Option<usize>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    reached(&api, after)?;
    let too_many = |_| Problem::unavailable("too_many_streams", "too many event streams are open; close one");
    let place = api.streams.clone().try_acquire_owned().map_err(too_many)?;
    let (committed, stop) = (api.reader.committed(), api.stop.clone());
    let mut feed = Feed { api, committed, stop, page: VecDeque::new(), after, left: limit, _place: place };
    feed.fill().await?;
    let stream = unfold(feed, |mut feed| async move { Some((Ok(feed.next().await?), feed)) });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl Feed {
    /// The next event; `None` ends the stream: the daemon stops, or the ledger can not go on from here. Who connects again
    /// is told why.
    async fn next(&mut self) -> Option<Event> {
        if self.left == Some(0) {
            return None;
        }
        while self.page.is_empty() {
            if *self.stop.borrow() {
                return None;
            }
            self.committed.borrow_and_update();
            self.fill().await.ok()?;
            if self.page.is_empty() {
                tokio::select! {
                    changed = self.committed.changed() => changed.ok()?,
                    _ = self.stop.wait_for(|stop| *stop) => return None,
                }
            }
        }
        let recorded = self.page.pop_front()?;
        self.left = self.left.map(|left| left - 1);
        let document = cloud_event::document(&self.api.reader.identity(), &recorded);
        Some(Event::default().id(recorded.seq.to_string()).event(recorded.event.name()).data(document.to_string()))
    }

    async fn fill(&mut self) -> Result<(), Problem> {
        let after = self.after;
        let page = self.api.read(move |reader| reader.events(after, PAGE)).await?;
        self.after = page.last().map_or(after, |last| last.seq);
        self.page = page.into();
        Ok(())
    }
}
