//! One connection that leaves nothing behind: does the broker take this login, and does it grant what the daemon subscribes?

use super::{
    PACKET_LIMIT,
    client::{Client, Signal},
    failure::{Failure, Refusal},
    login::Login,
    options::Options,
};
use crate::{
    clock::Clock,
    tls::{Floor, PeerEnd},
};
use std::sync::Arc;
use tokio::time::timeout;

/// What the broker said.
#[derive(Debug)]
pub struct Trial {
    /// To CONNECT.
    pub login: Result<(), Trouble>,
    /// To SUBSCRIBE: each topic, and whether it is granted with QoS 1. `None` where it was not asked.
    pub granted: Option<Result<Vec<(String, bool)>, Trouble>>,
}

/// What went wrong.
#[derive(Debug)]
pub struct Trouble {
    /// What, in a sentence.
    pub sentence: String,
    /// What to do.
    pub hint: &'static str,
}

/// Logs in, subscribes every topic of `options`, and leaves. They should name a clean session, and not the daemon's own client id,
/// for which the broker would throw the daemon out. What comes meanwhile is not acknowledged: it is a copy. Waits
/// `options.timing.connect` for each answer.
pub async fn attempt(options: &Options, clock: &Arc<dyn Clock>, floor: &Floor) -> Trial {
    let trouble = |failure: Failure| Trouble {
        sentence: failure.sentence(options, clock.now(), floor.get()),
        hint: hint(&failure),
    };
    let refused = |failure: Failure| Trial { login: Err(trouble(failure)), granted: None };
    let login = match Login::read(options, clock, floor, &PeerEnd::default()) {
        Ok(login) => login,
        Err(error) => return refused(Failure::Material(error)),
    };
    let mut client = Client::connect(options, login, PACKET_LIMIT);
    if let Err(failure) = connected(&mut client, options).await {
        return refused(failure);
    }
    let granted = subscribed(&mut client, options).await.map_err(|failure| match failure {
        Failure::Closed => {
            Trouble { hint: "may this user subscribe? look at its rights at the broker", ..trouble(failure) }
        }
        failure => trouble(failure),
    });
    client.goodbye(options.timing.goodbye).await;
    Trial { login: Ok(()), granted: Some(granted) }
}

async fn connected(client: &mut Client, options: &Options) -> Result<(), Failure> {
    let within = options.timing.connect;
    let connected = async {
        // Nothing comes before CONNACK.
        while !matches!(client.next(true).await?, Signal::Connected { .. }) {}
        Ok(())
    };
    timeout(within, connected).await.unwrap_or(Err(Failure::NoAnswer { seconds: within.as_secs() }))
}

async fn subscribed(client: &mut Client, options: &Options) -> Result<Vec<(String, bool)>, Failure> {
    let within = options.timing.connect;
    client.subscribe(options.topics.iter().map(|topic| topic.name.clone()))?;
    let codes = async {
        loop {
            if let Signal::Granted(codes) = client.next(true).await? {
                return Ok(codes);
            }
        }
    };
    let codes = timeout(within, codes).await.unwrap_or(Err(Failure::NoSuback { seconds: within.as_secs() }))?;
    if codes.len() != options.topics.len() {
        let (codes, topics) = (codes.len(), options.topics.len());
        return Err(Failure::Protocol(format!("SUBACK with {codes} codes for {topics} topics")));
    }
    Ok(options.topics.iter().map(|topic| topic.name.clone()).zip(codes).collect())
}

fn hint(failure: &Failure) -> &'static str {
    match failure {
        Failure::Material(_) => "look at the file that is named",
        Failure::Refused(Refusal::BadLogin | Refusal::NotAuthorized) => {
            "look at mqtt.username and mqtt.password_file, and at this user's rights at the broker"
        }
        Failure::Refused(Refusal::ClientId) => {
            "look at mqtt.client_id; a broker that allows that one alone can not be checked like this"
        }
        Failure::Refused(Refusal::Unavailable) => "try again later, or ask whoever runs the broker",
        Failure::Refused(Refusal::ProtocolVersion) | Failure::Protocol(_) => {
            "is it the right port, and an MQTT broker?"
        }
        // Some brokers close instead of refusing.
        Failure::Closed => {
            "is it an MQTT broker? then look at mqtt.username, mqtt.password_file and mqtt.client_cert_file"
        }
        Failure::Network(_) => "look at mqtt.client_cert_file and mqtt.ca_file",
        Failure::NoAnswer { .. } | Failure::NoSuback { .. } => "is it an MQTT broker? try again, and look at its log",
        _ => "try again, and look at the broker's log",
    }
}
