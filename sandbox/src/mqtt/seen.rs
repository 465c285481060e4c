//! What the broker saw its clients do.

use anyhow::{Result, bail};
use mqtt5::broker::{
    BrokerEventHandler, ClientConnectEvent, ClientDisconnectEvent, ClientPublishEvent, ClientSubscribeEvent,
    MessageDeliveredEvent, PublishAction, SubAckReasonCode,
};
use std::{fmt, future::Future, pin::Pin, time::Duration};
use tokio::sync::broadcast;

/// One thing that a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It logged in.
    Connected {
        /// Its id.
        client: String,
        /// False: it wants its session kept.
        clean_session: bool,
    },
    /// It asked for a topic, and has the answer.
    Subscribed {
        /// Its id.
        client: String,
        /// The topic filter.
        topic: String,
        /// Whether the broker granted it.
        granted: bool,
    },
    /// It published.
    Published {
        /// Its id.
        client: String,
        /// The topic.
        topic: String,
        /// Bytes of the body.
        bytes: usize,
    },
    /// It acknowledged a message of QoS 1.
    Acknowledged {
        /// Its id.
        client: String,
        /// The packet id.
        packet_id: u16,
    },
    /// It went.
    Disconnected {
        /// Its id.
        client: String,
        /// True: without a DISCONNECT.
        unexpected: bool,
    },
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Connected { client, clean_session: true } => write!(f, "{client} connected"),
            Seen::Connected { client, clean_session: false } => write!(f, "{client} connected, session kept"),
            Seen::Subscribed { client, topic, granted: true } => write!(f, "{client} subscribed to {topic}"),
            Seen::Subscribed { client, topic, granted: false } => write!(f, "{client} was refused {topic}"),
            Seen::Published { client, topic, bytes } => write!(f, "{client} published {bytes} bytes to {topic}"),
            Seen::Acknowledged { client, packet_id } => write!(f, "{client} acknowledged packet {packet_id}"),
            Seen::Disconnected { client, unexpected: false } => write!(f, "{client} disconnected"),
            Seen::Disconnected { client, unexpected: true } => write!(f, "{client} was lost"),
        }
    }
}

/// Reads what the broker saw since the watch was taken. One that is more than 4096 behind misses the oldest.
pub struct Watch(pub(super) broadcast::Receiver<Seen>);

impl Watch {
    /// The next one; none when the broker is gone for good.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            match self.0.recv().await {
                Ok(seen) => return Some(seen),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The next one that `wanted` is true of; the others are passed over.
    ///
    /// # Errors
    /// Where none came within `limit`, or the broker is gone.
    pub async fn wait_for(&mut self, limit: Duration, wanted: impl Fn(&Seen) -> bool) -> Result<Seen> {
        let find = async {
            while let Some(seen) = self.next().await {
                if wanted(&seen) {
                    return Ok(seen);
                }
            }
            bail!("the broker is gone")
        };
        match tokio::time::timeout(limit, find).await {
            Ok(found) => found,
            Err(_) => bail!("the broker did not see it within {limit:?}"),
        }
    }
}

/// Hands what mqtt5 reports to the watches.
pub(super) struct Reporter(pub(super) broadcast::Sender<Seen>);

type Done<'a, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Reporter {
    fn tell(&self, seen: Seen) -> Done<'_> {
        // Nobody may be watching.
        let _ = self.0.send(seen);
        Box::pin(async {})
    }
}

impl BrokerEventHandler for Reporter {
    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Done<'a> {
        self.tell(Seen::Connected { client: event.client_id.to_string(), clean_session: event.clean_start })
    }

    fn on_client_subscribe<'a>(&'a self, event: ClientSubscribeEvent) -> Done<'a> {
        for subscription in &event.subscriptions {
            let granted = matches!(
                subscription.result,
                SubAckReasonCode::GrantedQoS0 | SubAckReasonCode::GrantedQoS1 | SubAckReasonCode::GrantedQoS2
            );
            let topic = subscription.topic_filter.to_string();
            let _ = self.0.send(Seen::Subscribed { client: event.client_id.to_string(), topic, granted });
        }
        Box::pin(async {})
    }

    fn on_client_publish<'a>(&'a self, event: ClientPublishEvent) -> Done<'a, PublishAction> {
        let (client, topic) = (event.client_id.to_string(), event.topic.to_string());
        let _ = self.0.send(Seen::Published { client, topic, bytes: event.payload.len() });
        Box::pin(async { PublishAction::Continue })
    }

    fn on_message_delivered<'a>(&'a self, event: MessageDeliveredEvent) -> Done<'a> {
        self.tell(Seen::Acknowledged { client: event.client_id.to_string(), packet_id: event.packet_id })
    }

    fn on_client_disconnect<'a>(&'a self, event: ClientDisconnectEvent) -> Done<'a> {
        self.tell(Seen::Disconnected { client: event.client_id.to_string(), unexpected: event.unexpected })
    }
}
