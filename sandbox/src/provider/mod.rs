//! What the providers have in common: HTTP over TLS with one call a connection, a switchboard of faults, the money that
//! moved, and orders of other programs. A provider is a module of its own that implements [`Provider`].
//!
//! A call goes this way: `line` reads it and asks the `switchboard` for a fault; the provider processes it; `wire` writes the
//! answer, or what the fault makes of it.

mod control;
mod course;
pub(crate) mod fault;
mod handled;
mod line;
mod movement;
mod switchboard;
mod wire;

pub use control::{Control, Obeys, Order, ask, nobody_serves};
pub use course::{Course, Pace};
pub use fault::{Call, Does, Fault, Own, Role, Says};
pub use handled::{Handled, HandledWatch};
pub use movement::{Movement, Statement};
pub use switchboard::Faults;
pub use wire::{Answer, Request};

use crate::certs::Certs;
use crate::mqtt::certificates;
use anyhow::{Context, Result};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// More connections than this wait until one ends.
const MAX_CONNECTIONS: usize = 256;

/// One provider: its calls and what it does with them.
pub trait Provider: Send + Sync + Sized + 'static {
    /// As the command line names it.
    const NAME: &'static str;
    /// The account, as [`Movement::account`] has it, of the configuration that the sandbox writes.
    const ACCOUNT: &'static str;
    /// Its calls.
    type Call: Call;
    /// What can go wrong with them.
    type Fault: Fault<Call = Self::Call>;
    /// How it behaves.
    type Settings: Clone + Send + Sync + 'static;
    /// A payment, as [`Provider::pay`] takes it and the statement shows it.
    type Payment: Clone + Debug + Display + Serialize + DeserializeOwned + Send;

    /// The call that a request is, or the HTTP status for what is none.
    ///
    /// # Errors
    /// For what is no call.
    fn call_of(&self, request: &Request) -> Result<Self::Call, u16>;

    /// Processes a call. The answer is the right one.
    fn handle(&self, call: Self::Call, request: &Request, settings: &Self::Settings) -> Answer;

    /// Takes on a call that is processed late. What is left to do then is given back.
    fn take_on(
        self: Arc<Self>,
        call: Self::Call,
        request: Request,
        settings: Self::Settings,
    ) -> Box<dyn FnOnce() + Send> {
        Box::new(move || drop(self.handle(call, &request, &settings)))
    }

    /// What a fault of its own makes of an answer. `right` is empty where the call was not processed.
    fn own_answer(&self, fault: Self::Fault, request: &Request, right: Answer, settings: &Self::Settings) -> Answer;

    /// What an answer tells a client to do next.
    fn heard(&self, call: Self::Call, answer: &Answer) -> Heard;

    /// How slow slow is.
    fn timing(settings: &Self::Settings) -> Timing;

    /// Books a payment. One that is known already changes nothing.
    ///
    /// # Errors
    /// Where it cannot be booked.
    fn pay(&self, payment: Self::Payment) -> Result<()>;

    /// Gives money back past the interface, as another device or the provider's portal does.
    ///
    /// # Errors
    /// Where the provider refuses: the reason.
    fn refund_elsewhere(&self, account: &str, reference: &str, amount: u64) -> Result<()>;

    /// Its books.
    fn statement(&self) -> Statement<Self::Payment>;
}

/// What an answer tells a client to do next; the switchboard guesses by it which call a connection brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Go on: after a token its call, after a look-up a refund.
    Good,
    /// Get a token.
    TokenRefused,
    /// Look again.
    Refused,
}

/// How slow slow is.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// When a late answer comes.
    pub answer_late: Duration,
    /// When a call is processed that is processed late.
    pub execute_late: Duration,
    /// The pause before each byte of a slow body.
    pub drip: Duration,
}

/// Where a provider listens.
#[derive(Clone)]
pub struct Place {
    /// The server's certificate, and the CA that clients must trust.
    pub certs: Certs,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0: a free one.
    pub port: u16,
    /// The host in its URL; the certificate must have it.
    pub host: String,
}

impl Place {
    /// On a free port of 127.0.0.1.
    pub fn new(certs: &Certs) -> Place {
        let listen = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Place { certs: certs.clone(), listen, port: 0, host: "localhost".to_string() }
    }
}

/// Books of a provider, which may outlive the service; clones are the same books.
pub struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Shared<T> {
    fn default() -> Shared<T> {
        Shared(Arc::default())
    }
}

/// A provider that serves. Dropped, it ends at once; money that was to move late still moves while the runtime lives.
pub struct Service<P: Provider> {
    addr: SocketAddr,
    host: String,
    ca: PathBuf,
    desk: Arc<Desk<P>>,
    task: JoinHandle<()>,
}

/// A provider with all that is set for it.
pub(crate) struct Desk<P: Provider> {
    provider: Arc<P>,
    faults: Faults<P::Fault>,
    settings: Mutex<P::Settings>,
    log: handled::Log<P>,
}

impl<P: Provider> Desk<P> {
    fn settings(&self) -> P::Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<P: Provider> Service<P> {
    pub(crate) async fn listen(place: Place, provider: P, settings: P::Settings) -> Result<Service<P>> {
        let tls = acceptor(&place.certs)?;
        let at = SocketAddr::new(place.listen, place.port);
        let listener = TcpListener::bind(at).await.with_context(|| format!("cannot serve {} on {at}", P::NAME))?;
        let addr = listener.local_addr()?;
        let desk = Arc::new(Desk {
            provider: Arc::new(provider),
            faults: Faults::new(),
            settings: Mutex::new(settings),
            log: handled::Log::new(),
        });
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&desk)));
        Ok(Service { addr, host: place.host, ca: place.certs.ca, desk, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `https://host:port`.
    pub fn origin(&self) -> String {
        format!("https://{}:{}", self.host, self.addr.port())
    }

    /// The CA that a client must trust.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    pub(crate) fn provider(&self) -> &P {
        &self.desk.provider
    }

    /// The next call of this kind meets a fault.
    ///
    /// # Errors
    /// Where the fault does not suit the call.
    pub fn fault(&self, call: P::Call, fault: P::Fault) -> Result<()> {
        self.faults().times(call, fault, 1)
    }

    /// The switchboard: faults more than once, always, or mixed.
    pub fn faults(&self) -> &Faults<P::Fault> {
        &self.desk.faults
    }

    /// Changes how it behaves, from the next call on.
    pub fn set(&self, change: impl FnOnce(&mut P::Settings)) {
        change(&mut self.desk.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The payments, and all money that went back.
    pub fn statement(&self) -> Statement<P::Payment> {
        self.desk.provider.statement()
    }

    /// How often money of this payment moved.
    pub fn moved(&self, reference: &str) -> usize {
        self.statement().moved(reference)
    }

    /// The calls so far, the last 10,000 of them.
    pub fn handled(&self) -> Vec<Handled<P::Call, P::Fault>> {
        self.desk.log.all()
    }

    /// Reports calls from now on.
    pub fn watch(&self) -> HandledWatch<P::Call, P::Fault> {
        self.desk.log.watch()
    }

    /// What [`Control::listen`] takes.
    pub fn obeys(&self) -> Arc<dyn Obeys> {
        Arc::clone(&self.desk) as Arc<dyn Obeys>
    }

    /// Stops listening and closes every connection.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl<P: Provider> Drop for Service<P> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept<P: Provider>(listener: TcpListener, tls: TlsAcceptor, desk: Arc<Desk<P>>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((tcp, _)) => {
                let (tls, desk) = (tls.clone(), Arc::clone(&desk));
                connections.spawn(async move {
                    line::serve(tcp, tls, desk).await;
                    drop(place);
                });
            }
            // Out of descriptors, for one: let others end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

fn acceptor(certs: &Certs) -> Result<TlsAcceptor> {
    let pair = &certs.server;
    let key = PrivateKeyDer::from_pem_file(&pair.key)
        .with_context(|| format!("{}: expected a private key", pair.key.display()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates(&pair.cert)?, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
