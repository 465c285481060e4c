//! One connection of rumqttc; the only file that names it.
//!
//! A client is made for one connection and never connects again: an acknowledgement can so never reach a later session, where
//! the same packet id is another message. `poll` runs in a task of its own, is never cancelled but by the end of the
//! connection, and never waits for its own request queue. The task stops reading while nobody takes what it read, for half a
//! keep-alive at most: then it ends, and the broker delivers again.

use super::{
    OVERSIZED_KEPT, PACKET_LIMIT,
    failure::{Failure, Refusal},
    login::Login,
    options::Options,
    outbox::Publish as ToPublish,
};
use crate::config::Secret;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS,
    StateError, SubscribeFilter, SubscribeReasonCode, TlsConfiguration, Transport, mqttbytes,
};
use std::{
    collections::VecDeque,
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

/// Requests that rumqttc holds; what does not fit waits in [`Client::unsent`].
const REQUESTS: usize = 64;
/// Signals that wait to be taken before reading stops.
const SIGNALS: usize = 16;

/// What comes from a connection.
#[derive(Debug)]
pub(super) enum Signal {
    /// CONNACK with code 0.
    Connected { session_present: bool },
    /// SUBACK: whether each filter, in the order asked for, was granted with at least QoS 1.
    Granted(Vec<bool>),
    /// PUBLISH.
    Message(Message),
    /// So many PUBACKs were written since the connection began.
    Acked(u64),
    /// PUBACK: the broker has what we published.
    Published,
}

/// A PUBLISH.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) topic: String,
    /// The body, or its first [`OVERSIZED_KEPT`] bytes where the packet is above [`PACKET_LIMIT`].
    pub(super) body: Vec<u8>,
    /// Length of the whole body in bytes.
    pub(super) size: usize,
    pub(super) oversized: bool,
    pub(super) duplicate: bool,
    pub(super) retained: bool,
    pub(super) ticket: Ticket,
}

/// What acknowledges a message; `None` within for QoS 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket(Option<(u16, QoS)>);

/// A connection, being made or made.
pub(super) struct Client {
    login: Login,
    requests: AsyncClient,
    signals: mpsc::Receiver<Signal>,
    acked: watch::Receiver<u64>,
    unsent: VecDeque<Ticket>,
    unpublished: Option<ToPublish>,
    poller: JoinHandle<Failure>,
    /// How often the event loop has turned.
    turns: Arc<AtomicU64>,
    /// The last number of turns, and when it was new.
    turned: (u64, Instant),
    /// Without a turn for so long it is stuck: a ping, its answer, and what hands over are within it.
    stuck_after: Duration,
}

impl Client {
    /// Begins to connect. Packets above `limit` bytes end the connection.
    pub(super) fn connect(options: &Options, login: Login, limit: usize) -> Client {
        let keep_alive = Duration::from_secs(u64::from(options.keep_alive_s.max(1)));
        let (requests, mut events) = AsyncClient::new(mqtt_options(options, &login, limit, keep_alive), REQUESTS);
        // Ours is the time-out below; rumqttc's is also that of a flush.
        events.network_options.set_connection_timeout(options.timing.connect.as_secs().max(1) + 1);
        events.network_options.set_tcp_nodelay(true);
        events.mqtt_options.set_clean_session(options.clean_session);
        let (signals_in, signals) = mpsc::channel(SIGNALS);
        let (acked_in, acked) = watch::channel(0);
        let turns = Arc::new(AtomicU64::new(0));
        let poller =
            Poller { events, signals: signals_in, acked: acked_in, behind: keep_alive / 2, turns: turns.clone() };
        let poller = tokio::spawn(poller.run(options.timing.connect));
        let stuck_after = options.timing.connect + keep_alive * 3;
        let turned = (0, Instant::now());
        Client {
            login,
            requests,
            signals,
            acked,
            unsent: VecDeque::new(),
            unpublished: None,
            poller,
            turns,
            turned,
            stuck_after,
        }
    }

    /// The next signal, or why the connection ended. Messages are taken only where `room`. Cancel-safe; not to be called
    /// again after it failed.
    pub(super) async fn next(&mut self, room: bool) -> Result<Signal, Failure> {
        tokio::select! {
            biased;
            Ok(()) = self.acked.changed() => {
                self.send_unsent();
                Ok(Signal::Acked(*self.acked.borrow_and_update()))
            }
            Some(signal) = self.signals.recv(), if room => Ok(signal),
            ended = &mut self.poller => Err(ended.unwrap_or_else(|e| Failure::Protocol(format!("the client failed: {e}")))),
        }
    }

    /// What it was made with.
    pub(super) fn login(&self) -> &Login {
        &self.login
    }

    /// Whether the event loop turns: a connection that is still pings within each keep-alive.
    pub(super) fn turns(&mut self) -> bool {
        let (turns, now) = (self.turns.load(Ordering::Relaxed), Instant::now());
        if turns != self.turned.0 {
            self.turned = (turns, now);
        }
        now - self.turned.1 < self.stuck_after
    }

    /// Subscribes these topics with QoS 1, in one packet.
    pub(super) fn subscribe(&self, topics: impl Iterator<Item = String>) -> Result<(), Failure> {
        let filters = topics.map(|topic| SubscribeFilter::new(topic, QoS::AtLeastOnce));
        self.requests
            .try_subscribe_many(filters)
            .map_err(|_| Failure::Protocol("a topic is not one that can be subscribed".to_owned()))
    }

    /// Acknowledges a message. Calls are kept in order.
    pub(super) fn ack(&mut self, ticket: Ticket) {
        self.unsent.push_back(ticket);
        self.send_unsent();
    }

    /// Publishes with QoS 1; [`Signal::Published`] tells when the broker has it. One at a time: the window of unacknowledged
    /// messages, in which rumqttc would stop to read, is never full.
    pub(super) fn publish(&mut self, publish: ToPublish) {
        self.unpublished = Some(publish);
        self.send_unsent();
    }

    fn send_unsent(&mut self) {
        if let Some(ToPublish { topic, body }) = self.unpublished.take()
            && self.requests.try_publish(&topic, QoS::AtLeastOnce, false, body.clone()).is_err()
        {
            // Full, as for acknowledgements.
            self.unpublished = Some(ToPublish { topic, body });
        }
        while let Some(ticket) = self.unsent.front() {
            if let Some((pkid, qos)) = ticket.0 {
                let mut publish = Publish::new("", qos, Vec::new());
                publish.pkid = pkid;
                // Full: the poller says so by `acked` when there is room again.
                if self.requests.try_ack(&publish).is_err() {
                    return;
                }
            }
            self.unsent.pop_front();
        }
    }

    /// Writes what was acknowledged, then DISCONNECT, and ends; what still comes is left to the broker. Gives how many
    /// PUBACKs were written since the connection began.
    pub(super) async fn goodbye(mut self, within: Duration) -> u64 {
        let _ = timeout(within, async {
            let mut asked = false;
            loop {
                asked = asked || (self.unsent.is_empty() && self.requests.try_disconnect().is_ok());
                if self.next(true).await.is_err() {
                    return;
                }
            }
        })
        .await;
        *self.acked.borrow()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.poller.abort();
    }
}

fn mqtt_options(options: &Options, login: &Login, limit: usize, keep_alive: Duration) -> MqttOptions {
    // The name in a certificate has no brackets; IPv6 with TLS is refused by the configuration.
    let host = if login.tls.is_some() { options.host.clone() } else { options.wire_host() };
    let mut mqtt = MqttOptions::new(&options.client_id, host, options.port);
    mqtt.set_clean_session(false).set_manual_acks(true).set_keep_alive(keep_alive).set_max_packet_size(limit, limit);
    if let Some(user) = &login.username {
        mqtt.set_credentials(user, login.password.as_ref().and_then(Secret::expose_text).unwrap_or_default());
    }
    if let Some(config) = &login.tls {
        mqtt.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config.clone())));
    }
    mqtt
}

/// Owns the event loop for one connection.
struct Poller {
    events: EventLoop,
    signals: mpsc::Sender<Signal>,
    acked: watch::Sender<u64>,
    behind: Duration,
    turns: Arc<AtomicU64>,
}

impl Poller {
    async fn run(mut self, connect: Duration) -> Failure {
        let mut polled = match timeout(connect, self.events.poll()).await {
            Ok(polled) => polled.map_err(|e| failure(e, connect)),
            Err(_) => Err(Failure::NoAnswer { seconds: connect.as_secs() }),
        };
        let mut touched = Instant::now();
        loop {
            self.turns.fetch_add(1, Ordering::Relaxed);
            let event = match polled {
                Ok(event) => event,
                Err(failure) => {
                    let told = self.rest(touched).await;
                    return if told { Failure::Closed } else { failure };
                }
            };
            match event {
                Event::Outgoing(Outgoing::Disconnect) => return Failure::Closed,
                Event::Outgoing(Outgoing::PubAck(_)) => self.acked.send_modify(|n| *n += 1),
                Event::Outgoing(_) => {}
                Event::Incoming(packet) => {
                    if let Some(signal) = signal(packet)
                        && !self.hand_over(signal, touched).await
                    {
                        return Failure::LedgerSlow;
                    }
                }
            }
            // rumqttc gives what it has read before it reads, writes or pings again.
            let network = self.events.state.events.is_empty();
            polled = self.events.poll().await.map_err(|e| failure(e, connect));
            if network {
                touched = Instant::now();
            }
        }
    }

    async fn hand_over(&mut self, signal: Signal, touched: Instant) -> bool {
        timeout_at(touched + self.behind, self.signals.send(signal)).await.is_ok_and(|sent| sent.is_ok())
    }

    /// Hands over messages that were read together with what ended the connection: they can be booked, if not acknowledged.
    /// Without this the ones right before a packet that is too large would never get through. True where the broker took its
    /// leave with DISCONNECT, as some do where a client id is taken over, although MQTT 3.1.1 has it for clients alone.
    async fn rest(&mut self, touched: Instant) -> bool {
        while let Some(event) = self.events.state.events.pop_front() {
            match event {
                Event::Incoming(Packet::Disconnect) => return true,
                Event::Incoming(packet @ Packet::Publish(_)) => {
                    if let Some(signal) = signal(packet)
                        && !self.hand_over(signal, touched).await
                    {
                        return false;
                    }
                }
                _ => {}
            }
        }
        false
    }
}

fn signal(packet: Packet) -> Option<Signal> {
    match packet {
        Packet::ConnAck(ack) => Some(Signal::Connected { session_present: ack.session_present }),
        Packet::SubAck(ack) => {
            let granted = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(qos) if *qos != QoS::AtMostOnce);
            Some(Signal::Granted(ack.return_codes.iter().map(granted).collect()))
        }
        Packet::Publish(publish) => Some(Signal::Message(message(publish))),
        Packet::PubAck(_) => Some(Signal::Published),
        _ => None,
    }
}

fn message(publish: Publish) -> Message {
    let size = publish.payload.len();
    // As the limit of a connection counts: topic and packet id with their lengths, and the body.
    let oversized = size + publish.topic.len() + 4 > PACKET_LIMIT;
    let kept = if oversized { size.min(OVERSIZED_KEPT) } else { size };
    Message {
        body: publish.payload[..kept].to_vec(),
        size,
        oversized,
        duplicate: publish.dup,
        retained: publish.retain,
        ticket: Ticket((publish.qos != QoS::AtMostOnce).then_some((publish.pkid, publish.qos))),
        topic: publish.topic,
    }
}

fn failure(error: ConnectionError, connect: Duration) -> Failure {
    match error {
        ConnectionError::NetworkTimeout => Failure::NoAnswer { seconds: connect.as_secs() },
        ConnectionError::FlushTimeout | ConnectionError::MqttState(StateError::AwaitPingResp) => Failure::PingLost,
        ConnectionError::ConnectionRefused(code) => Failure::Refused(match code {
            ConnectReturnCode::RefusedProtocolVersion => Refusal::ProtocolVersion,
            ConnectReturnCode::BadClientId => Refusal::ClientId,
            ConnectReturnCode::BadUserNamePassword => Refusal::BadLogin,
            ConnectReturnCode::NotAuthorized => Refusal::NotAuthorized,
            ConnectReturnCode::ServiceUnavailable | ConnectReturnCode::Success => Refusal::Unavailable,
        }),
        ConnectionError::NotConnAck(_) => Failure::Protocol("the answer to CONNECT is not CONNACK".to_owned()),
        ConnectionError::MqttState(StateError::ConnectionAborted) => Failure::Closed,
        ConnectionError::MqttState(StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(n))) => {
            Failure::TooLarge(n)
        }
        error if cut(&error) => Failure::Closed,
        ConnectionError::MqttState(StateError::Io(_) | StateError::Deserialization(mqttbytes::Error::Io(_)))
        | ConnectionError::Io(_)
        | ConnectionError::Tls(_) => Failure::Network(Box::new(error)),
        other => Failure::Protocol(other.to_string()),
    }
}

/// The other side ended an established connection, without a TLS alert that would say why.
fn cut(error: &ConnectionError) -> bool {
    let ConnectionError::MqttState(state) = error else { return false };
    let mut link: Option<&(dyn Error + 'static)> = Some(state);
    while let Some(e) = link {
        if let Some(io) = e.downcast_ref::<io::Error>() {
            use io::ErrorKind as K;
            return matches!(io.kind(), K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe);
        }
        link = e.source();
    }
    false
}
