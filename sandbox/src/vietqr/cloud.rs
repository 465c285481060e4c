//! VietQR's server as a client of the broker: it publishes with QoS 1 and waits until the broker has it.

use super::http::{Bank, Payment};
use super::{Bdsd, Fault, Publish};
use crate::certs::Pair;
use crate::mqtt::{Endpoint, tls_client};
use anyhow::{Context, Result, anyhow, bail};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, TlsConfiguration, Transport};
use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{path::Path, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

/// How long the broker may take to accept a connection or to acknowledge one publish.
const LIMIT: Duration = Duration::from_secs(10);

/// How the cloud logs in.
#[derive(Clone, Debug, Default)]
pub struct CloudOptions {
    /// `mqtts://host:port` or `mqtt://host:port`.
    pub url: String,
    /// The CA that the broker's certificate must have; needed for `mqtts`.
    pub ca: Option<PathBuf>,
    /// A certificate of its own, where the broker asks for one.
    pub client: Option<Pair>,
    /// Name and password.
    pub login: Option<(String, String)>,
}

impl CloudOptions {
    /// A client that is not connected yet.
    pub(crate) fn client(&self) -> Result<(AsyncClient, EventLoop)> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let endpoint: Endpoint = self.url.parse()?;
        let id = format!("vietqr-cloud-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut mqtt = MqttOptions::new(id, endpoint.host, endpoint.port);
        // Room for the oversized fault; the default is 10 KB.
        mqtt.set_max_packet_size(1 << 20, 1 << 20).set_keep_alive(Duration::from_secs(20));
        if let Some((user, password)) = &self.login {
            mqtt.set_credentials(user, password);
        }
        if endpoint.tls {
            let ca = self.ca.as_ref().context("ca: expected a CA file for mqtts://")?;
            let tls = tls_client(ca, self.client.as_ref())?;
            mqtt.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls)));
        }
        let (client, mut events) = AsyncClient::new(mqtt, 64);
        events.network_options.set_connection_timeout(LIMIT.as_secs()).set_tcp_nodelay(true);
        Ok((client, events))
    }
}

/// A connection to the broker. It does not reconnect: after an error make a new one.
pub struct Cloud {
    client: AsyncClient,
    /// Held over handing a publish to `client`, so that `waiting` has the order in which they go out.
    order: tokio::sync::Mutex<()>,
    waiting: Arc<Mutex<Waiting>>,
    task: JoinHandle<()>,
    bank: Option<Bank>,
}

type Answer = oneshot::Sender<Result<()>>;

#[derive(Default)]
struct Waiting {
    unsent: VecDeque<Answer>,
    sent: HashMap<u16, Answer>,
    /// Why the connection ended.
    ended: Option<String>,
}

impl Cloud {
    /// Logs in with a name and a password. An empty `user` logs in without.
    ///
    /// # Errors
    /// As for [`Cloud::connect_with`].
    pub async fn connect(url: &str, ca: Option<&Path>, user: &str, password: &str) -> Result<Cloud> {
        let login = (!user.is_empty()).then(|| (user.to_string(), password.to_string()));
        Cloud::connect_with(CloudOptions { url: url.to_string(), ca: ca.map(Path::to_path_buf), client: None, login })
            .await
    }

    /// Logs in.
    ///
    /// # Errors
    /// Where the address or a file is wrong, or the broker cannot be reached, is not trusted, or refuses.
    pub async fn connect_with(options: CloudOptions) -> Result<Cloud> {
        let (client, mut events) = options.client()?;
        let connected = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
                    Ok(_) => {}
                    // Its text has the whole chain already.
                    Err(error) => bail!("cannot log in to {}: {error}", options.url),
                }
            }
        };
        match tokio::time::timeout(LIMIT, connected).await {
            Ok(result) => result?,
            Err(_) => bail!("cannot log in to {}: no answer within {LIMIT:?}", options.url),
        }
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let task = tokio::spawn(follow(events, Arc::clone(&waiting)));
        Ok(Cloud { client, order: tokio::sync::Mutex::new(()), waiting, task, bank: None })
    }

    /// Books every payment at this bank before it is told of, so that it can be looked up and refunded.
    pub fn with_bank(mut self, bank: Bank) -> Cloud {
        self.bank = Some(bank);
        self
    }

    /// Publishes a balance change. When this returns the broker has it.
    ///
    /// # Errors
    /// Where the connection is lost or the broker does not acknowledge within 10 s.
    pub async fn pay(&self, bdsd: &Bdsd) -> Result<()> {
        self.book(bdsd.payments());
        self.publish(Publish::from(bdsd)).await
    }

    /// Publishes what a payment becomes when something goes wrong.
    ///
    /// # Errors
    /// As for [`Cloud::pay`].
    pub async fn pay_with(&self, bdsd: &Bdsd, fault: Fault) -> Result<()> {
        self.book(fault.payments(bdsd));
        for publish in fault.publishes(bdsd) {
            self.publish(publish).await?;
        }
        Ok(())
    }

    fn book(&self, payments: Vec<Payment>) {
        if let Some(bank) = &self.bank {
            payments.into_iter().for_each(|payment| bank.pay(payment));
        }
    }

    /// Publishes anything, with QoS 1. Calls may run side by side; they go out in the order in which they were made.
    ///
    /// # Errors
    /// As for [`Cloud::pay`].
    pub async fn publish(&self, publish: Publish) -> Result<()> {
        let (answer, acknowledged) = oneshot::channel();
        let delivered = async {
            let in_order = self.order.lock().await;
            {
                let mut waiting = lock(&self.waiting);
                if let Some(reason) = &waiting.ended {
                    bail!("the connection was lost: {reason}");
                }
                waiting.unsent.push_back(answer);
            }
            self.client.publish(publish.topic, QoS::AtLeastOnce, publish.retain, publish.body).await?;
            drop(in_order);
            acknowledged.await?
        };
        match tokio::time::timeout(LIMIT, delivered).await {
            Ok(result) => result,
            Err(_) => {
                // Whose turn it is to be acknowledged is no longer known.
                lock(&self.waiting).ended = Some("a publish was not acknowledged".to_string());
                bail!("the broker did not acknowledge within {LIMIT:?}")
            }
        }
    }

    /// Logs out.
    pub async fn close(mut self) {
        if self.client.disconnect().await.is_ok() {
            // It ends by itself once the DISCONNECT is out.
            let _ = tokio::time::timeout(LIMIT, &mut self.task).await;
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(waiting: &Mutex<Waiting>) -> std::sync::MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Drives the connection until it ends, and tells every publish what became of it.
async fn follow(mut events: EventLoop, waiting: Arc<Mutex<Waiting>>) {
    let reason = loop {
        match events.poll().await {
            Ok(Event::Outgoing(Outgoing::Publish(id))) => {
                let mut waiting = lock(&waiting);
                if let Some(answer) = waiting.unsent.pop_front() {
                    waiting.sent.insert(id, answer);
                }
            }
            Ok(Event::Incoming(Packet::PubAck(ack))) => {
                if let Some(answer) = lock(&waiting).sent.remove(&ack.pkid) {
                    // The caller may have given up.
                    let _ = answer.send(Ok(()));
                }
            }
            Ok(Event::Outgoing(Outgoing::Disconnect)) => break "logged out".to_string(),
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    let mut waiting = lock(&waiting);
    let Waiting { unsent, sent, .. } = std::mem::take(&mut *waiting);
    for answer in unsent.into_iter().chain(sent.into_values()) {
        let _ = answer.send(Err(anyhow!("the connection was lost: {reason}")));
    }
    waiting.ended = Some(reason);
}
