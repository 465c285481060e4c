//! What devices answer on a topic.

use crate::vietqr::CloudOptions;
use anyhow::{Context, Result, bail};
use rumqttc::{AsyncClient, Event, EventLoop, Packet, QoS, SubscribeReasonCode};
use std::time::Duration;

/// How long a login and a subscription may take.
const LIMIT: Duration = Duration::from_secs(10);

/// A subscription to a response topic. Made before the request is published, so that no answer is missed.
pub struct Answers {
    // The connection ends with it.
    _client: AsyncClient,
    events: EventLoop,
}

impl Answers {
    /// Logs in and subscribes.
    ///
    /// # Errors
    /// Where the broker cannot be reached, or refuses the login or the topic.
    pub async fn subscribe(options: &CloudOptions, topic: &str) -> Result<Answers> {
        let (client, mut events) = options.client()?;
        client.subscribe(topic, QoS::AtLeastOnce).await?;
        let granted = async {
            loop {
                if let Event::Incoming(Packet::SubAck(ack)) = events.poll().await? {
                    return anyhow::Ok(ack.return_codes);
                }
            }
        };
        let granted = match tokio::time::timeout(LIMIT, granted).await {
            Ok(granted) => granted.with_context(|| format!("cannot log in to {}", options.url))?,
            Err(_) => bail!("{topic}: no answer to the subscription within {LIMIT:?}"),
        };
        if !matches!(granted.first(), Some(SubscribeReasonCode::Success(_))) {
            bail!("{topic}: the broker refused the subscription");
        }
        Ok(Answers { _client: client, events })
    }

    /// The next message, not verified yet.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub async fn next(&mut self) -> Result<String> {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = self.events.poll().await? {
                return Ok(String::from_utf8_lossy(&publish.payload).into_owned());
            }
        }
    }
}
