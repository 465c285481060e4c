//! One connection: subscribe, hand each message to the ledger, acknowledge what is durable.
//!
//! Nothing here waits for anything but in the one `select!`. What waits for an answer belongs to this connection and ends
//! with it: an answer that comes later acknowledges nothing, and the broker delivers the message again.

use super::{
    MOST_WAITING, MOST_WAITING_BYTES,
    actor::{Ask, Inbox},
    board::Board,
    client::{Client, Message, Signal, Ticket},
    desk::{Desk, Heard, Told},
    failure::Failure,
    options::{Kind, Options},
    outbox::{Outgoing, Publish},
};
use crate::{
    clock::Clock,
    ledger::{Answer, Command, Commands, Incoming, Pending, Refused, Stray},
    tls::Floor,
};
use std::collections::VecDeque;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use vietqr_edge_core::{event::Reason, payment::Source, refund::Door, time::Timestamp};

/// Answers that may wait to be published; beyond these the oldest are dropped, and their requests have to be made again.
const REPLIES: usize = 64;

/// Why a message that made its refund already is not believed.
const REPLAYED: &str = "jti, iat: this message was done already; expected a later iat from who asks again";

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// It is asked to stop.
    Stopped,
    /// It is asked to connect anew with another login.
    Renewed,
    Failed(Failure),
}

/// A connection that is over.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) end: End,
    /// When CONNACK came, on the monotonic clock.
    pub(super) connected_ms: Option<u64>,
    /// Every subscription was granted.
    pub(super) granted: bool,
}

/// A message whose answer is awaited.
struct Waiting {
    pending: Pending,
    ticket: Ticket,
    bytes: usize,
    asked: Option<Asked>,
}

/// A command that found the ledger's queue full.
struct Held {
    command: Box<Command>,
    ticket: Ticket,
    bytes: usize,
    asked: Option<Asked>,
}

/// Who is to be answered: whoever asked for a refund.
struct Asked {
    terminal: String,
    key: String,
    request_id: String,
}

pub(super) struct Session<'a> {
    pub(super) options: &'a Options,
    pub(super) commands: &'a Commands,
    pub(super) clock: &'a dyn Clock,
    pub(super) board: &'a mut Board,
    floor: &'a Floor,
    outbox: &'a mut mpsc::Receiver<Outgoing>,
    /// Answers that nobody asks for again.
    replies: VecDeque<Publish>,
    /// What the broker has not acknowledged yet.
    publishing: Option<Outgoing>,
    client: Client,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    held: Option<Held>,
    connected: Option<Connected>,
    granted: bool,
    acked: u64,
}

struct Connected {
    at_ms: u64,
    session_present: bool,
    suback_by: Instant,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        options: &'a Options,
        commands: &'a Commands,
        clock: &'a dyn Clock,
        floor: &'a Floor,
        board: &'a mut Board,
        outbox: &'a mut mpsc::Receiver<Outgoing>,
        client: Client,
    ) -> Session<'a> {
        Session {
            options,
            commands,
            clock,
            board,
            floor,
            outbox,
            replies: VecDeque::new(),
            publishing: None,
            client,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            held: None,
            connected: None,
            granted: false,
            acked: 0,
        }
    }

    /// Serves the connection until it ends.
    pub(super) async fn run(mut self, inbox: &mut Inbox) -> Outcome {
        let end = loop {
            self.publish_reply();
            let room = self.room();
            let may_publish = self.granted && self.publishing.is_none();
            let suback_by = self.connected.as_ref().filter(|_| !self.granted).map(|connected| connected.suback_by);
            let step = tokio::select! {
                biased;
                ask = inbox.asked() => match self.asked(ask) {
                    Some(end) => break end,
                    None => Ok(()),
                },
                answer = first_answer(&mut self.waiting), if !self.waiting.is_empty() => self.answered(answer),
                space = self.commands.room(), if self.held.is_some() => self.retry(space),
                () = sleep_until(suback_by.unwrap_or_else(Instant::now)), if suback_by.is_some() => {
                    Err(Failure::NoSuback { seconds: self.options.timing.connect.as_secs() })
                }
                Some(outgoing) = self.outbox.recv(), if may_publish => {
                    self.publish(outgoing);
                    Ok(())
                }
                signal = self.client.next(room) => match signal {
                    Ok(signal) => self.signal(signal),
                    Err(failure) => Err(failure),
                },
            };
            if let Err(failure) = step {
                break End::Failed(failure);
            }
        };
        self.finish(end).await
    }

    /// Why the connection ends for what was asked; `None` where it goes on.
    fn asked(&mut self, ask: Ask) -> Option<End> {
        match ask {
            Ask::Stop => Some(End::Stopped),
            Ask::Renew(login) if login.differs(self.client.login()) => Some(End::Renewed),
            Ask::Renew(_) | Ask::Hurry => None,
            Ask::Beat(answer) => {
                if self.client.turns() {
                    // Whoever asked may have gone.
                    let _ = answer.send(());
                }
                None
            }
        }
    }

    fn room(&self) -> bool {
        self.held.is_none() && self.waiting.len() < MOST_WAITING && self.waiting_bytes < MOST_WAITING_BYTES
    }

    fn signal(&mut self, signal: Signal) -> Result<(), Failure> {
        match signal {
            Signal::Connected { session_present } => self.connected(session_present),
            Signal::Granted(codes) => self.granted(&codes),
            Signal::Message(message) => self.message(message),
            Signal::Published => {
                // Whoever waits for it may have gone.
                let done = self.publishing.take().and_then(|outgoing| outgoing.done);
                let _ = done.map(|done| done.send(()));
                Ok(())
            }
            Signal::Acked(total) => {
                self.board.acked(total - self.acked);
                self.acked = total;
                Ok(())
            }
        }
    }

    /// Subscribes again whether or not the broker kept the session: a broker may keep it without its subscriptions.
    fn connected(&mut self, session_present: bool) -> Result<(), Failure> {
        self.board.connected(session_present);
        let suback_by = Instant::now() + self.options.timing.connect;
        self.connected = Some(Connected { at_ms: self.clock.monotonic_ms(), session_present, suback_by });
        self.client.subscribe(self.options.topics.iter().map(|topic| topic.name.clone()))
    }

    fn granted(&mut self, codes: &[bool]) -> Result<(), Failure> {
        let asked = &self.options.topics;
        if codes.len() != asked.len() {
            return Err(Failure::Protocol(format!("SUBACK with {} codes for {} topics", codes.len(), asked.len())));
        }
        let refused = asked.iter().zip(codes).filter(|(_, granted)| !**granted);
        let topics: Vec<String> = refused.map(|(topic, _)| topic.name.clone()).collect();
        if !topics.is_empty() {
            return Err(Failure::NotGranted { topics });
        }
        self.granted = true;
        self.board.up(self.connected.as_ref().is_some_and(|connected| connected.session_present));
        Ok(())
    }

    fn message(&mut self, message: Message) -> Result<(), Failure> {
        let received_at = self.clock.now();
        self.board.received(received_at);
        let bytes = message.body.len();
        let ticket = message.ticket;
        let mut asked = None;
        let command = match self.options.topic(&message.topic) {
            _ if message.oversized => {
                let detail = format!("{} bytes; expected a message of well under 256 KiB", message.size);
                Command::Quarantine(stray(message, Reason::Oversized, detail, received_at))
            }
            None => {
                let detail = "a topic that was not asked for".to_owned();
                Command::Quarantine(stray(message, Reason::UnexpectedTopic, detail, received_at))
            }
            Some(topic) => match topic.kind {
                Kind::Bdsd => Command::Receive(Incoming {
                    topic: message.topic,
                    terminal: topic.terminal.clone(),
                    source: Source::Bdsd,
                    body: message.body,
                    received_at,
                    redelivered: message.duplicate,
                    retained: message.retained,
                }),
                Kind::RefundRequest => {
                    let terminal = topic.terminal.clone();
                    match self.heard(&terminal, &message.body, received_at) {
                        Ok(Heard::Asked { ask, key, issued_at }) => {
                            asked = Some(Asked {
                                terminal: terminal.clone(),
                                key: key.clone(),
                                request_id: ask.request_id.clone(),
                            });
                            // What the broker keeps or delivers again is nobody's replay.
                            let by_broker = message.duplicate || message.retained;
                            let replay = (!by_broker).then(|| {
                                Box::new(stray(message, Reason::UntrustedRequest, REPLAYED.to_owned(), received_at))
                            });
                            Command::RefundRequest { ask, door: Door::Mqtt { terminal, key, issued_at }, replay }
                        }
                        Ok(Heard::Wrong(answer)) => {
                            self.reply(answer);
                            self.acknowledge_in_turn(ticket);
                            return Ok(());
                        }
                        Ok(Heard::Untrusted(distrust)) => {
                            let detail = distrust.to_string();
                            Command::Quarantine(stray(message, Reason::UntrustedRequest, detail, received_at))
                        }
                        Err(detail) => {
                            Command::Quarantine(stray(message, Reason::UntrustedRequest, detail, received_at))
                        }
                    }
                }
            },
        };
        self.hand_over(Held { command: Box::new(command), ticket, bytes, asked });
        Ok(())
    }

    fn heard(&self, terminal: &str, body: &[u8], now: Timestamp) -> Result<Heard, String> {
        let Some(desk) = &self.options.desk else { return Err("no key is configured".to_owned()) };
        Ok(desk.read(terminal, body, now, self.floor.get()))
    }

    /// Acknowledges a message that changed nothing, behind those that still wait: acknowledgements are kept in order.
    fn acknowledge_in_turn(&mut self, ticket: Ticket) {
        let (answer, pending) = oneshot::channel();
        drop(answer.send(Ok(Answer::Recorded(0))));
        self.waiting.push_back(Waiting { pending, ticket, bytes: 0, asked: None });
    }

    /// Answers whoever asked for a refund, where nothing later will.
    fn answer(&mut self, asked: &Asked, answer: &Result<Answer, Refused>) {
        let Some(desk) = self.options.desk.clone() else { return };
        let Asked { terminal, key, request_id } = asked;
        let told = |refund, state, code, detail| Told { request_id, refund, state, code, detail };
        let detail = answer.as_ref().err().map(ToString::to_string);
        let detail = detail.as_deref();
        let told = match answer {
            // Its events are answers by themselves.
            Ok(Answer::Refund(made)) if made.new => return,
            Ok(Answer::Refund(same)) => told(Some(same.refund), same.state.as_str(), None, None),
            // The message came again: whoever repeats it is told nothing.
            Ok(_) => return,
            Err(Refused::Refund(refusal)) => told(refusal.other, "refused", Some(refusal.code), detail),
            Err(Refused::NoSuchRefund(id)) => told(Some(*id), "refused", Some("refund_not_found"), detail),
            Err(_) => told(None, "refused", Some("refunds_not_configured"), detail),
        };
        self.reply(Desk::answer(&desk, terminal, key, self.clock.now(), &told));
    }

    fn reply(&mut self, answer: Publish) {
        if self.replies.len() == REPLIES {
            tracing::warn!("too many answers to refund requests wait; the oldest is dropped");
            self.replies.pop_front();
        }
        self.replies.push_back(answer);
    }

    fn publish_reply(&mut self) {
        if self.granted
            && self.publishing.is_none()
            && let Some(publish) = self.replies.pop_front()
        {
            self.publish(Outgoing { publish, done: None });
        }
    }

    fn publish(&mut self, outgoing: Outgoing) {
        self.client.publish(outgoing.publish.clone());
        self.publishing = Some(outgoing);
    }

    fn hand_over(&mut self, held: Held) {
        let Held { command, ticket, bytes, asked } = held;
        match self.commands.try_send(*command) {
            Ok(pending) => {
                self.waiting_bytes += bytes;
                self.waiting.push_back(Waiting { pending, ticket, bytes, asked });
            }
            Err(command) => self.held = Some(Held { command, ticket, bytes, asked }),
        }
    }

    fn retry(&mut self, space: Result<(), Refused>) -> Result<(), Failure> {
        space.map_err(|_| Failure::LedgerStopped)?;
        if let Some(held) = self.held.take() {
            self.hand_over(held);
        }
        Ok(())
    }

    /// The ledger answered the first of those that wait: it is durable, or it must come again.
    fn answered(&mut self, answer: Result<Answer, Refused>) -> Result<(), Failure> {
        let first = self.waiting.pop_front();
        let is_a_refund = first.as_ref().is_some_and(|first| first.asked.is_some());
        if let Some(asked) = first.as_ref().and_then(|first| first.asked.as_ref())
            && !matches!(answer, Err(Refused::DiskFull | Refused::Stopped))
        {
            self.answer(asked, &answer);
        }
        match (answer, first) {
            (Ok(_), Some(Waiting { ticket, bytes, .. })) => {
                self.waiting_bytes -= bytes;
                self.client.ack(ticket);
                Ok(())
            }
            // It was answered: it must not come again.
            (Err(Refused::Refund(_) | Refused::NoSuchRefund(_) | Refused::NoRefunds), Some(first)) if is_a_refund => {
                self.waiting_bytes -= first.bytes;
                self.client.ack(first.ticket);
                Ok(())
            }
            (Err(Refused::DiskFull), _) => Err(Failure::DiskFull),
            (Err(Refused::Stopped), _) | (Ok(_), None) => Err(Failure::LedgerStopped),
            (Err(other), _) => Err(Failure::NotStored(other)),
        }
    }

    /// Acknowledges what was answered meanwhile, in order, and says goodbye where the broker still listens.
    async fn finish(mut self, end: End) -> Outcome {
        if let End::Stopped | End::Renewed | End::Failed(Failure::DiskFull) = end {
            while let Some(first) = self.waiting.front_mut()
                && let Ok(Ok(_)) = first.pending.try_recv()
            {
                self.client.ack(first.ticket);
                self.waiting.pop_front();
            }
            if self.connected.is_some() {
                let total = self.client.goodbye(self.options.timing.goodbye).await;
                self.board.acked(total - self.acked);
            }
        }
        let connected_ms = self.connected.map(|connected| connected.at_ms);
        Outcome { end, connected_ms, granted: self.granted }
    }
}

async fn first_answer(waiting: &mut VecDeque<Waiting>) -> Result<Answer, Refused> {
    match waiting.front_mut() {
        Some(first) => (&mut first.pending).await.unwrap_or(Err(Refused::Stopped)),
        None => std::future::pending().await,
    }
}

fn stray(message: Message, reason: Reason, detail: String, received_at: Timestamp) -> Stray {
    let size = u64::try_from(message.size).unwrap_or(u64::MAX);
    Stray { topic: message.topic, reason, detail, body: message.body, size, received_at }
}
