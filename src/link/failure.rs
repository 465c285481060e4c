//! Why a connection ended or could not be made.

use super::{HARD_LIMIT, options::Options, options::Transport};
use crate::{
    ledger::Refused,
    tls::{self, TlsError},
};
use std::error::Error;
use vietqr_edge_core::time::Timestamp;

/// Why a connection ended or could not be made.
#[derive(Debug)]
pub(super) enum Failure {
    /// Certificates or keys of ours can not be used.
    Material(TlsError),
    /// DNS, TCP or TLS.
    Network(Box<dyn Error + Send + Sync>),
    /// The broker ended the connection without a word.
    Closed,
    /// It does so again and again soon after accepting us; `granted`: after the subscriptions too.
    TakenOver { granted: bool },
    /// No CONNACK in time.
    NoAnswer { seconds: u64 },
    /// CONNACK with a code other than 0.
    Refused(Refusal),
    /// No SUBACK in time.
    NoSuback { seconds: u64 },
    /// SUBACK with 0x80, or with a QoS under which a message may be lost, for these topics.
    NotGranted { topics: Vec<String> },
    /// A ping stayed unanswered.
    PingLost,
    /// A packet of this many bytes is above the limit of this connection.
    TooLarge(usize),
    /// The broker broke the protocol.
    Protocol(String),
    /// The ledger did not take messages for so long that the broker would give us up.
    LedgerSlow,
    /// Nothing can be stored.
    DiskFull,
    /// The ledger did not take a message, for another reason.
    NotStored(Refused),
    /// The ledger has ended; the process is about to.
    LedgerStopped,
}

/// The codes of CONNACK (MQTT 3.1.1, table 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 1
    ProtocolVersion,
    /// 2
    ClientId,
    /// 3
    Unavailable,
    /// 4
    BadLogin,
    /// 5
    NotAuthorized,
}

impl Failure {
    /// One sentence for people. `floor` is that of the time certificates are checked at.
    pub(super) fn sentence(&self, options: &Options, now: Timestamp, floor: Timestamp) -> String {
        let broker = options.broker();
        let id = &options.client_id;
        match self {
            Failure::Material(error) => error.to_string(),
            Failure::Network(error) => network(error.as_ref(), options, now, floor),
            Failure::Closed => format!("{broker} ended the connection"),
            Failure::TakenOver { granted: true } => {
                format!("{broker} ends each connection within seconds: another device uses the client id {id:?}")
            }
            Failure::TakenOver { granted: false } => format!(
                "{broker} ends each connection within seconds: another device uses the client id {id:?}, or this user may not subscribe"
            ),
            Failure::NoAnswer { seconds } => format!("{broker} did not answer within {seconds} s"),
            Failure::Refused(refusal) => refusal.sentence(&broker, options),
            Failure::NoSuback { seconds } => format!("{broker} did not answer the subscriptions within {seconds} s"),
            Failure::NotGranted { topics } => {
                format!("{broker} does not grant QoS 1 on {}: may this user read it?", topics.join(", "))
            }
            Failure::PingLost => format!("{broker} did not answer a ping within {} s", options.keep_alive_s),
            Failure::TooLarge(bytes) if *bytes > HARD_LIMIT => format!(
                "a message of {bytes} bytes blocks the topic: no more than {HARD_LIMIT} are read; it must be removed at {broker}"
            ),
            Failure::TooLarge(bytes) => format!("a message of {bytes} bytes is above the packet limit"),
            Failure::Protocol(what) => format!("{broker} does not speak MQTT 3.1.1 as expected: {what}"),
            Failure::LedgerSlow => "the ledger is too slow: messages are left with the broker for now".to_owned(),
            Failure::DiskFull => "the disk is full: messages are left with the broker until there is room".to_owned(),
            Failure::NotStored(why) => format!("a message was not stored and is left with the broker: {why}"),
            Failure::LedgerStopped => "the ledger has stopped".to_owned(),
        }
    }
}

fn network(error: &(dyn Error + 'static), options: &Options, now: Timestamp, floor: Timestamp) -> String {
    let (authorities, client_certificate) = match &options.transport {
        Transport::Tls(tls) => (tls.authorities(), tls.client.is_some()),
        Transport::Plain => (String::new(), false),
    };
    let (host, port) = (options.host.as_str(), options.port);
    tls::explain(error, &tls::Peer { host, port, authorities: &authorities, client_certificate, now, floor })
}

impl Refusal {
    fn sentence(self, broker: &str, options: &Options) -> String {
        let user = options.username.as_deref().unwrap_or("(none)");
        match self {
            Refusal::ProtocolVersion => format!("{broker} does not speak MQTT 3.1.1"),
            Refusal::ClientId => format!("{broker} does not accept the client id {:?}", options.client_id),
            Refusal::Unavailable => format!("{broker} says that its service is not available now"),
            Refusal::BadLogin => format!("{broker} says: bad user name or password (user {user})"),
            Refusal::NotAuthorized => {
                format!("{broker} says: not authorized; bad user name or password, or not allowed (user {user})")
            }
        }
    }
}
