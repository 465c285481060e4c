//! A broker in this process, made of the mqtt5 crate.
//!
//! Sessions are always on disk (in `persistent`, or a folder that goes with the broker), so that a restart can keep them as a
//! real broker's does, or lose them as one without persistence does. One thing that mqtt5 0.49 does otherwise than a broker for
//! MQTT 3.1.1 should: a client whose id is taken over is sent an MQTT 5 DISCONNECT before the connection is closed. Tests of
//! a take-over use [`crate::script`].

use super::access::Access;
use super::endpoint::Endpoint;
use super::port;
use super::seen::{Reporter, Seen, Watch};
use crate::certs::Pair;
use anyhow::{Context, Result, bail};
use mqtt5::broker::config::{AuthConfig, RateLimitConfig, TlsConfig};
use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, DynamicStorage, MqttBroker, StorageConfig};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::{fs, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{sync::broadcast, task::JoinHandle};

/// How many free ports are tried before a broker is said not to start.
const TRIES: u32 = 5;
/// How often a restart is tried again, 10 ms apart.
const AGAIN: u32 = 200;

/// How a broker is set up. The default: plain TCP on a free port of 127.0.0.1, anybody may log in.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// The server's certificate; none: plain TCP.
    pub tls: Option<Pair>,
    /// Clients must show a certificate of this CA. Only with `tls`.
    pub client_ca: Option<PathBuf>,
    /// Name and password of those who may log in; empty: anybody.
    pub users: Vec<(String, String)>,
    /// Topic filters whose subscription is refused (SUBACK 0x80).
    pub refused_topics: Vec<String>,
    /// Where sessions lie; none: in a folder that is removed with the broker.
    pub persistent: Option<PathBuf>,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0: a free one, which a restart keeps.
    pub port: u16,
}

impl Default for BrokerOptions {
    fn default() -> BrokerOptions {
        BrokerOptions {
            tls: None,
            client_ca: None,
            users: Vec::new(),
            refused_topics: Vec::new(),
            persistent: None,
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
        }
    }
}

/// What becomes of sessions when a broker starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Clients find their session, with what was published meanwhile and not acknowledged.
    Kept,
    /// The broker has forgotten everything.
    Lost,
}

/// A broker. Dropped, it ends at once.
pub struct Broker {
    options: BrokerOptions,
    sessions_dir: PathBuf,
    addr: SocketAddr,
    seen: broadcast::Sender<Seen>,
    running: Option<Running>,
    _throw_away: Option<TempDir>,
}

struct Running {
    task: JoinHandle<mqtt5::Result<()>>,
    shutdown: BrokerShutdownHandle,
    storage: Option<Arc<DynamicStorage>>,
}

impl Broker {
    /// Starts a broker on the current runtime. It listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken, a certificate cannot be read, or the sessions' folder is in use.
    pub async fn start(options: BrokerOptions) -> Result<Broker> {
        // mqtt5 asks rustls for the process default.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (throw_away, sessions_dir) = match &options.persistent {
            Some(dir) => (None, dir.clone()),
            None => {
                let dir = tempfile::tempdir().context("cannot make a temporary folder")?;
                let path = dir.path().join("sessions");
                (Some(dir), path)
            }
        };
        let addr = SocketAddr::new(options.listen, options.port);
        let (seen, _) = broadcast::channel(4096);
        let mut broker = Broker { options, sessions_dir, addr, seen, running: None, _throw_away: throw_away };
        let mut tries = if broker.options.port == 0 { TRIES } else { 1 };
        loop {
            if broker.options.port == 0 {
                broker.addr.set_port(port::free(broker.options.listen)?);
            }
            tries -= 1;
            match broker.run().await {
                // Another process was faster.
                Err(_) if tries > 0 => {}
                done => return done.map(|()| broker),
            }
        }
    }

    /// Where it listens; also while it is stopped.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for clients on this machine. With TLS the host is `localhost`, which the certificate has.
    pub fn endpoint(&self) -> Endpoint {
        let tls = self.options.tls.is_some();
        Endpoint { tls, host: if tls { "localhost" } else { "127.0.0.1" }.to_string(), port: self.addr.port() }
    }

    /// [`Broker::endpoint`] as a URL.
    pub fn url(&self) -> String {
        let Endpoint { tls, host, port } = self.endpoint();
        format!("{}://{host}:{port}", if tls { "mqtts" } else { "mqtt" })
    }

    /// Reports what clients do from now on, over restarts too.
    pub fn watch(&self) -> Watch {
        Watch(self.seen.subscribe())
    }

    /// Stops listening, closes every connection, and writes sessions down.
    ///
    /// # Errors
    /// Where the broker had failed.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(Running { task, shutdown, storage }) = self.running.take() else { return Ok(()) };
        shutdown.shutdown();
        task.await.context("the broker panicked")?.context("the broker failed")?;
        if let Some(storage) = storage {
            storage.shutdown().await.context("cannot write sessions")?;
        }
        Ok(())
    }

    /// Starts again on the same port, after [`Broker::stop`] or in place of it.
    ///
    /// # Errors
    /// As for [`Broker::start`] and [`Broker::stop`].
    pub async fn restart(&mut self, sessions: Sessions) -> Result<()> {
        self.stop().await?;
        if sessions == Sessions::Lost && self.sessions_dir.exists() {
            fs::remove_dir_all(&self.sessions_dir)
                .with_context(|| format!("cannot remove {}", self.sessions_dir.display()))?;
        }
        // A process that this one begins to start holds copies of its sockets for a moment.
        for _ in 0..AGAIN {
            if self.run().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.run().await
    }

    /// Replaces the server's certificate, from the next restart on.
    pub fn set_certificate(&mut self, pair: Pair) {
        self.options.tls = Some(pair);
    }

    /// Replaces the users, from the next restart on.
    pub fn set_users(&mut self, users: Vec<(String, String)>) {
        self.options.users = users;
    }

    async fn run(&mut self) -> Result<()> {
        // A TLS port that is taken mqtt5 only logs, and then complains that nothing listens.
        let listen = || format!("cannot serve on {} (is the port taken?)", self.addr);
        let mut broker = MqttBroker::with_config(self.config()?).await.with_context(listen)?;
        let listening = if self.options.tls.is_some() { broker.tls_local_addr() } else { broker.local_addr() };
        let addr = listening.with_context(listen)?;
        let users = self.options.users.clone();
        broker =
            broker.with_auth_provider(Arc::new(Access { users, refused_topics: self.options.refused_topics.clone() }));
        let mut ready = broker.ready_receiver();
        let (shutdown, storage) = (broker.shutdown_handle(), broker.storage());
        let task = tokio::spawn(async move { broker.run().await });
        if ready.wait_for(|ready| *ready).await.is_err() {
            task.await.context("the broker panicked")?.context("the broker failed")?;
            bail!("the broker ended");
        }
        self.addr = addr;
        self.running = Some(Running { task, shutdown, storage });
        Ok(())
    }

    fn config(&self) -> Result<BrokerConfig> {
        // A device may be away for a whole test of 10,000 payments and more.
        let storage = StorageConfig::new()
            .with_base_dir(self.sessions_dir.clone())
            .with_max_queued_messages_per_client(200_000)
            .with_max_queued_bytes_per_client(256 << 20);
        let rate_limit = RateLimitConfig { enabled: false, ..RateLimitConfig::default() };
        let mut config = BrokerConfig::new()
            .with_storage(storage)
            .with_auth(AuthConfig { rate_limit, ..AuthConfig::default() })
            .with_sys_topics_enabled(false);
        config.event_handler = Some(Arc::new(Reporter(self.seen.clone())));
        config.bind_addresses = Vec::new();
        match &self.options.tls {
            None if self.options.client_ca.is_some() => bail!("client_ca: only with tls"),
            None => config.bind_addresses.push(self.addr),
            Some(pair) => {
                let mut tls = TlsConfig::new(pair.cert.clone(), pair.key.clone()).with_bind_address(self.addr);
                if let Some(ca) = &self.options.client_ca {
                    tls = tls.with_ca_file(ca.clone()).with_require_client_cert(true);
                }
                config.tls_config = Some(tls);
            }
        }
        Ok(config)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.shutdown.shutdown();
            running.task.abort();
        }
    }
}
