//! The link's actor: connects, serves the connection, waits, connects again.
//!
//! Owns the only connection to the broker. Promises: a message is acknowledged only after the ledger answered it, and in the
//! order received; the link is up only with every subscription granted; an outage is one `link.down`; it ends within two
//! seconds when it is asked to stop, and by itself only where the ledger has.

use super::{
    HARD_LIMIT, PACKET_LIMIT,
    board::Board,
    client::Client,
    failure::Failure,
    options::{Options, Transport},
    outbox::{Outbox, Outgoing},
    patience::Patience,
    session::{End, Outcome, Session},
    state::LinkState,
};
use crate::{
    clock::Clock,
    ledger::Commands,
    tls::{self, Floor},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What is asked of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    Reload,
}

/// The handle of the link.
#[derive(Clone, Debug)]
pub struct Handle {
    messages: mpsc::Sender<Message>,
    state: watch::Receiver<LinkState>,
    outbox: Outbox,
}

impl Handle {
    /// Connects anew with the certificates as they are on disk now.
    pub fn reload(&self) {
        // Full: a reload is waiting already.
        let _ = self.messages.try_send(Message::Reload);
    }

    /// The link's state, to read and to watch.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Publishes through the link.
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }
}

/// What the link is made of.
pub struct Parts {
    /// Broker, login, topics.
    pub options: Options,
    /// There was a link in an earlier run (the ledger counts it), so the broker should have our session.
    pub ever_connected: bool,
    /// The ledger.
    pub commands: Commands,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The floor of the time that certificates are checked at.
    pub floor: Floor,
    /// True, or without a sender: stop.
    pub stop: watch::Receiver<bool>,
}

/// Starts the link. The task ends within two seconds of `stop`.
pub fn spawn(parts: Parts) -> (Handle, JoinHandle<()>) {
    let Parts { options, ever_connected, commands, clock, floor, stop } = parts;
    if options.transport == Transport::Plain {
        tracing::warn!(broker = options.broker(), "mqtt:// is used: everyone on the way can read and change messages");
    }
    let (messages, queue) = mpsc::channel(1);
    let (board, state, carrier) = Board::new(&options, ever_connected, clock.clone(), commands.clone());
    let patience = Patience::new(options.timing.clone());
    let inbox = Inbox { stop, messages: queue };
    let (outbox, outgoing) = Outbox::new();
    let link = Link { options, commands, clock, floor, board, patience, inbox, outgoing, limit: PACKET_LIMIT };
    (Handle { messages, state, outbox }, tokio::spawn(link.run(carrier)))
}

/// What the link is asked, from either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Stop,
    Reload,
}

pub(super) struct Inbox {
    stop: watch::Receiver<bool>,
    messages: mpsc::Receiver<Message>,
}

impl Inbox {
    /// Waits to be asked. Cancel-safe.
    pub(super) async fn asked(&mut self) -> Ask {
        tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => Ask::Stop,
            Some(Message::Reload) = self.messages.recv() => Ask::Reload,
        }
    }
}

/// What comes after a connection.
#[derive(Debug)]
enum Next {
    Now,
    After(Duration),
    End,
}

struct Link {
    options: Options,
    commands: Commands,
    clock: Arc<dyn Clock>,
    floor: Floor,
    board: Board,
    patience: Patience,
    inbox: Inbox,
    outgoing: mpsc::Receiver<Outgoing>,
    /// Largest packet of the next connection, in bytes.
    limit: usize,
}

impl Link {
    async fn run(mut self, carrier: JoinHandle<()>) {
        loop {
            let outcome = self.connection().await;
            match self.judge(outcome) {
                Next::Now => {}
                Next::End => break,
                Next::After(pause) => tokio::select! {
                    biased;
                    ask = self.inbox.asked() => if ask == Ask::Stop { break },
                    () = sleep(pause) => {}
                },
            }
        }
        self.board.stopped();
        drop(self.board);
        // What the journal takes in this time is in it; the ledger may be busy with its own end.
        let _ = timeout(Duration::from_millis(300), carrier).await;
    }

    /// Makes one connection, with the certificates as they are on disk now, and serves it.
    async fn connection(&mut self) -> Outcome {
        let tls = match &self.options.transport {
            Transport::Plain => None,
            Transport::Tls(files) => match tls::client_config(files, self.clock.clone(), &self.floor) {
                Ok(config) => Some(config),
                Err(error) => {
                    let end = End::Failed(Failure::Material(error));
                    return Outcome { end, connected_ms: None, granted: false };
                }
            },
        };
        let client = Client::connect(&self.options, tls, self.limit);
        let Link { options, commands, clock, floor, board, outgoing, .. } = self;
        Session::new(options, commands, clock.as_ref(), floor, board, outgoing, client).run(&mut self.inbox).await
    }

    fn judge(&mut self, outcome: Outcome) -> Next {
        let now_ms = self.clock.monotonic_ms();
        let lasted = outcome.connected_ms.map(|at| Duration::from_millis(now_ms.saturating_sub(at)));
        if lasted.is_some_and(|lasted| self.patience.lasted(lasted)) {
            self.board.healthy();
        }
        let failure = match outcome.end {
            End::Asked(Ask::Stop) | End::Failed(Failure::LedgerStopped) => return Next::End,
            End::Asked(Ask::Reload) => {
                tracing::info!("connecting anew with the certificates as they are now");
                self.board.connecting();
                return Next::Now;
            }
            End::Failed(failure) => failure,
        };
        match failure {
            // Its ticket can only be learnt by reading it: once more, with the hard limit.
            Failure::TooLarge(_) if self.limit == PACKET_LIMIT => {
                let reason = self.say(&failure);
                tracing::warn!("{reason}: connecting once more to set it aside");
                self.limit = HARD_LIMIT;
                self.board.connecting();
                return Next::Now;
            }
            Failure::TooLarge(_) => return self.after(&failure, Patience::long),
            _ => {}
        }
        // Only a connection that was made has read what was in its way.
        if lasted.is_some() {
            self.limit = PACKET_LIMIT;
        }
        match (failure, lasted) {
            (Failure::Closed, Some(lasted)) if self.patience.ended_by_broker(lasted, now_ms) => {
                self.after(&Failure::TakenOver { granted: outcome.granted }, Patience::long)
            }
            (Failure::DiskFull, _) => self.after(&Failure::DiskFull, Patience::full),
            (failure, _) => self.after(&failure, Patience::pause),
        }
    }

    fn after(&mut self, failure: &Failure, pause: fn(&mut Patience, u64) -> Duration) -> Next {
        let reason = self.say(failure);
        self.board.down(reason);
        // Without randomness the pause is the middle one: it only spreads devices.
        Next::After(pause(&mut self.patience, getrandom::u64().unwrap_or(u64::MAX / 2)))
    }

    fn say(&self, failure: &Failure) -> String {
        failure.sentence(&self.options, self.clock.now(), self.floor.get())
    }
}
