//! Answers to signed refund requests: each change of state of a refund that was asked for over MQTT is published, signed, at least once
//! and in order.
//!
//! It owns its cursor and nothing of the ledger. It reads events behind the cursor, publishes, and moves on when the broker has
//! acknowledged. A restart goes on from the cursor.

use crate::{
    clock::Clock,
    cursor::Cursors,
    ledger::{ReadError, Reader, Recorded},
    link::{Desk, Outbox, Publish, Told},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use vietqr_edge_core::{
    event::Event,
    refund::{Door, Of, State, Verdict},
    time::Timestamp,
};

/// The outlet's name in `cursors.json`.
const OUTLET: &str = "refund_answers";
/// Events read at once.
const PAGE: usize = 100;
/// Without a cursor, so far back is delivered again, in milliseconds.
const BACK_MS: u64 = 24 * 3_600_000;
/// Commits within this time are read together.
const GATHER: Duration = Duration::from_millis(20);
/// After a failed read or a lost connection it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What it is made of.
pub struct Parts {
    /// Signs.
    pub desk: Desk,
    /// Publishes.
    pub outbox: Outbox,
    /// The ledger, to read.
    pub reader: Reader,
    /// How far it has come.
    pub cursors: Cursors,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// True, or without a sender: stop.
    pub stop: watch::Receiver<bool>,
}

/// Starts it; it ends at once after `stop`.
pub fn spawn(parts: Parts) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut stop = parts.stop.clone();
        let cursors = parts.cursors.clone();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = parts.run() => {}
        }
        cursors.flush();
    })
}

impl Parts {
    async fn run(self) {
        let mut committed = self.reader.committed();
        let mut cursor = match self.cursors.get(OUTLET) {
            Some(cursor) if cursor <= *committed.borrow() => cursor,
            // A number ahead of the journal is another journal's.
            _ => self.begin().await,
        };
        loop {
            committed.mark_unchanged();
            let page = self.read(move |reader| reader.events(cursor, PAGE)).await;
            let page = match page {
                Ok(page) => page,
                Err(ReadError::Dropped { oldest }) => {
                    cursor = oldest.saturating_sub(1);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "answers to refund requests wait");
                    sleep(RETRY).await;
                    continue;
                }
            };
            let full = page.len() == PAGE;
            for recorded in page {
                cursor = recorded.seq;
                self.deliver(recorded).await;
                let (cursors, now_ms) = (self.cursors.clone(), self.clock.monotonic_ms());
                // Off the runtime: the card may stall. What it could not do it has said.
                let _ = tokio::task::spawn_blocking(move || cursors.set(OUTLET, cursor, now_ms)).await;
            }
            if !full {
                if committed.changed().await.is_err() {
                    return;
                }
                sleep(GATHER).await;
            }
        }
    }

    /// Publishes until the broker has it.
    async fn deliver(&self, recorded: Recorded) {
        let Some((state, code, of)) = told(&recorded.event) else { return };
        let (id, request_id) = (of.refund, of.request_id.clone());
        let door = loop {
            match self.read(move |reader| reader.refund(id)).await {
                Ok(refund) => break refund.map(|refund| refund.request.door),
                Err(error) => tracing::warn!(%error, "answers to refund requests wait"),
            }
            sleep(RETRY).await;
        };
        let Some(Door::Mqtt { terminal, key, .. }) = door else { return };
        let told = Told { request_id: &request_id, refund: Some(id), state, code: code.as_deref(), detail: None };
        let publish: Publish = self.desk.answer(&terminal, &key, recorded.at, &told);
        while !self.outbox.publish(publish.clone()).await {
            sleep(RETRY).await;
        }
    }

    /// The event behind which it begins where no cursor is known.
    async fn begin(&self) -> u64 {
        let from = self.clock.now().minus_millis(BACK_MS);
        let found = self.read(move |reader| back(reader, from)).await;
        found.unwrap_or_else(|_| *self.reader.committed().borrow())
    }

    /// Reads off the runtime: the ledger may touch the disk.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let reader = self.reader.clone();
        let read = tokio::task::spawn_blocking(move || read(&reader)).await;
        read.unwrap_or_else(|error| Err(ReadError::Store(error.to_string())))
    }
}

/// The last event before this time.
fn back(reader: &Reader, from: Timestamp) -> Result<u64, ReadError> {
    let mut after = reader.oldest().saturating_sub(1);
    loop {
        let page = reader.events(after, PAGE)?;
        for recorded in &page {
            if recorded.at >= from {
                return Ok(recorded.seq - 1);
            }
            after = recorded.seq;
        }
        if page.len() < PAGE {
            return Ok(after);
        }
    }
}

/// What an event says of the state of its refund, if it changes it.
fn told(event: &Event) -> Option<(&'static str, Option<String>, &Of)> {
    let (state, code, of) = match event {
        Event::RefundAwaitingApproval(e) => (State::AwaitingApproval, None, &e.of),
        Event::RefundQueued(e) => (State::Queued, None, &e.of),
        Event::RefundSending(e) => (State::Sending, None, &e.of),
        Event::RefundPending(e) => (State::Pending, e.code.clone(), &e.of),
        Event::RefundUnknown(e) => (State::Unknown, e.code.clone(), &e.of),
        Event::RefundReview(e) => {
            let code = serde_json::to_value(e.code).ok().and_then(|code| code.as_str().map(str::to_owned));
            (State::Review, code, &e.of)
        }
        Event::RefundSucceeded(e) => (State::Succeeded, None, &e.of),
        Event::RefundFailed(e) => (State::Failed, Some(e.code.clone()), &e.of),
        Event::RefundRefused(e) => (State::Refused, Some(e.code.clone()), &e.of),
        Event::RefundResolved(e) => match e.verdict {
            Verdict::Succeeded => (State::Succeeded, None, &e.of),
            Verdict::Failed => (State::Failed, Some("resolved".to_owned()), &e.of),
        },
        _ => return None,
    };
    Some((state.as_str(), code, of))
}
