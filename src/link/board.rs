//! What the link tells others: the state they may watch, the events of the journal, the log.

use super::{
    options::Options,
    state::{LinkState, Phase},
    storm::Storm,
};
use crate::{
    clock::Clock,
    ledger::{Command, Commands, Refused},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use vietqr_edge_core::{
    event::{Event, LinkDown, LinkSessionLost, LinkUp},
    time::Timestamp,
};

/// Link events that wait for the ledger. They are few; what does not fit is counted.
const EVENTS: usize = 16;
/// With a full disk an event is tried again after this, in milliseconds.
const RETRY_MS: u64 = 5_000;
/// So often it is looked meanwhile whether the link ends, in milliseconds.
const LOOK_MS: u64 = 200;

/// Tells what becomes of the link. Never waits.
pub(super) struct Board {
    state: watch::Sender<LinkState>,
    events: mpsc::Sender<Event>,
    clock: Arc<dyn Clock>,
    broker: String,
    storm: Storm,
    /// The last link event of this run: up or down.
    told: Option<bool>,
    had_session: bool,
    /// Since when there is no connection.
    without: Option<(Timestamp, u64)>,
}

impl Board {
    /// The board, what may be watched of it, and the task that carries its events to the ledger; it ends when the board is
    /// dropped and all are written.
    pub(super) fn new(
        options: &Options,
        ever_connected: bool,
        clock: Arc<dyn Clock>,
        commands: Commands,
    ) -> (Board, watch::Receiver<LinkState>, JoinHandle<()>) {
        let broker = options.broker();
        let (state, watched) = watch::channel(LinkState {
            phase: Phase::Connecting,
            broker: broker.clone(),
            last_message: None,
            received: 0,
            acked: 0,
            unrecorded: 0,
        });
        let (events, queue) = mpsc::channel(EVENTS);
        let carrier = tokio::spawn(carry(queue, commands, state.clone()));
        let without = Some((clock.now(), clock.monotonic_ms()));
        let storm = Storm::default();
        (
            Board { state, events, clock, broker, storm, told: None, had_session: ever_connected, without },
            watched,
            carrier,
        )
    }

    /// A connection is made anew on purpose.
    pub(super) fn connecting(&mut self) {
        self.without.get_or_insert((self.clock.now(), self.clock.monotonic_ms()));
        self.state.send_modify(|state| state.phase = Phase::Connecting);
    }

    /// CONNACK.
    pub(super) fn connected(&mut self, session_present: bool) {
        if !session_present && self.had_session {
            tracing::warn!(broker = self.broker, "the broker has forgotten our session: messages may be missing");
            self.record(Event::LinkSessionLost(LinkSessionLost { broker: self.broker.clone() }));
        }
        self.had_session = true;
    }

    /// Every subscription is granted.
    pub(super) fn up(&mut self, session_present: bool) {
        self.without = None;
        let (since, since_ms) = (self.clock.now(), self.clock.monotonic_ms());
        self.state.send_modify(|state| state.phase = Phase::Up { since, since_ms, session_present });
        tracing::info!(broker = self.broker, session_present, "the link is up");
        if self.told != Some(true) {
            self.record(Event::LinkUp(LinkUp { broker: self.broker.clone(), session_present }));
        }
        self.told = Some(true);
    }

    /// The connection ended or could not be made. One event an outage; the log as [`Storm`] has it.
    pub(super) fn down(&mut self, reason: String) {
        let now_ms = self.clock.monotonic_ms();
        let (since, since_ms) = *self.without.get_or_insert((self.clock.now(), now_ms));
        if let Some(count) = self.storm.seen(&reason, now_ms) {
            tracing::warn!(broker = self.broker, count, "the link is down: {reason}");
        }
        self.state.send_modify(|state| {
            let tries = if let Phase::Down { tries, .. } = state.phase { tries.saturating_add(1) } else { 1 };
            state.phase = Phase::Down { since, since_ms, reason: reason.clone(), tries };
        });
        if self.told != Some(false) {
            self.record(Event::LinkDown(LinkDown { broker: self.broker.clone(), reason }));
        }
        self.told = Some(false);
    }

    /// The connection was healthy: what ends it is worth saying.
    pub(super) fn healthy(&mut self) {
        self.storm.over();
    }

    pub(super) fn received(&mut self, at: Timestamp) {
        self.state.send_modify(|state| {
            state.received += 1;
            state.last_message = Some(at);
        });
    }

    pub(super) fn acked(&mut self, more: u64) {
        self.state.send_modify(|state| state.acked += more);
    }

    pub(super) fn stopped(&mut self) {
        self.state.send_modify(|state| state.phase = Phase::Stopped);
    }

    fn record(&mut self, event: Event) {
        if self.events.try_send(event).is_err() {
            unrecorded(&self.state);
        }
    }
}

async fn carry(mut queue: mpsc::Receiver<Event>, commands: Commands, state: watch::Sender<LinkState>) {
    while let Some(event) = queue.recv().await {
        loop {
            match commands.send(Command::Record(event.clone())).await {
                Ok(_) => break,
                // That messages may be missing must be told, even if it is told late.
                Err(Refused::DiskFull) if room(&queue).await => {}
                Err(_) => {
                    unrecorded(&state);
                    break;
                }
            }
        }
    }
}

/// Waits a while for room on the disk; false where the link ends meanwhile.
async fn room(queue: &mpsc::Receiver<Event>) -> bool {
    for _ in 0..RETRY_MS / LOOK_MS {
        if queue.is_closed() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
    true
}

fn unrecorded(state: &watch::Sender<LinkState>) {
    state.send_modify(|state| state.unrecorded += 1);
    tracing::warn!("an event of the link could not be written");
}
