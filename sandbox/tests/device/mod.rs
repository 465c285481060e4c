//! A device as a test needs it: an MQTT 3.1.1 client with a session that is kept and acknowledgements by hand.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use anyhow::{Context, Result, bail};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, SubscribeReasonCode};
use rumqttc::{Outgoing, TlsConfiguration, Transport};
use std::{collections::VecDeque, future::Future, path::Path, time::Duration};
use vietqr_edge_sandbox::certs::Pair;
use vietqr_edge_sandbox::mqtt::{Endpoint, tls_client};

pub(crate) const LIMIT: Duration = Duration::from_secs(15);
pub(crate) const TOPIC: &str = "vietqr/bdsd/VVB123456";

pub(crate) struct Login<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) ca: Option<&'a Path>,
    pub(crate) client: Option<&'a Pair>,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

impl Login<'_> {
    pub(crate) fn plain(endpoint: Endpoint) -> Login<'static> {
        Login { endpoint, ca: None, client: None, user: "", password: "" }
    }
}

pub(crate) struct Device {
    client: AsyncClient,
    events: EventLoop,
    early: VecDeque<Publish>,
    pub(crate) session_present: bool,
}

impl Device {
    pub(crate) async fn connect(login: Login<'_>) -> Result<Device> {
        let mut options = MqttOptions::new("device-1", login.endpoint.host, login.endpoint.port);
        options.set_clean_session(false).set_manual_acks(true).set_max_packet_size(1 << 20, 1 << 20);
        if !login.user.is_empty() {
            options.set_credentials(login.user, login.password);
        }
        if let Some(ca) = login.ca {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls_client(ca, login.client)?)));
        }
        let (client, mut events) = AsyncClient::new(options, 64);
        let session_present = loop {
            if let Event::Incoming(Packet::ConnAck(ack)) = within("CONNACK", poll(&mut events)).await? {
                break ack.session_present;
            }
        };
        Ok(Device { client, events, early: VecDeque::new(), session_present })
    }

    /// Subscribes, and gives the code of the SUBACK.
    pub(crate) async fn subscribe(&mut self, topic: &str) -> Result<SubscribeReasonCode> {
        self.client.subscribe(topic, QoS::AtLeastOnce).await?;
        loop {
            if let Event::Incoming(Packet::SubAck(ack)) = self.step("SUBACK").await? {
                return ack.return_codes.first().copied().context("an empty SUBACK");
            }
        }
    }

    /// The next message; it is not acknowledged.
    pub(crate) async fn receive(&mut self) -> Result<Publish> {
        loop {
            if let Some(publish) = self.early.pop_front() {
                return Ok(publish);
            }
            self.step("PUBLISH").await?;
        }
    }

    /// Acknowledges. When this returns the PUBACK is written.
    pub(crate) async fn acknowledge(&mut self, publish: &Publish) -> Result<()> {
        self.client.ack(publish).await?;
        while !matches!(self.step("way for a PUBACK").await?, Event::Outgoing(Outgoing::PubAck(_))) {}
        Ok(())
    }

    /// Publishes. When this returns the broker has it.
    pub(crate) async fn publish(&mut self, topic: &str, body: &str) -> Result<()> {
        self.client.publish(topic, QoS::AtLeastOnce, false, body).await?;
        while !matches!(self.step("PUBACK").await?, Event::Incoming(Packet::PubAck(_))) {}
        Ok(())
    }

    /// One step of the connection; a message that comes is kept for [`Device::receive`].
    async fn step(&mut self, what: &str) -> Result<Event> {
        let event = within(what, poll(&mut self.events)).await?;
        if let Event::Incoming(Packet::Publish(publish)) = &event {
            self.early.push_back(publish.clone());
        }
        Ok(event)
    }
}

async fn poll(events: &mut EventLoop) -> Result<Event> {
    Ok(events.poll().await?)
}

pub(crate) async fn within<T>(what: &str, action: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(LIMIT, action).await {
        Ok(result) => result,
        Err(_) => bail!("no {what} within {LIMIT:?}"),
    }
}
