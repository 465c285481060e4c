//! VietQR's HTTP interface over TLS: tokens, check-order, refunds (3.1, 3.4, 3.5, 8), the bank behind it, and a switchboard of
//! faults. Every connection carries one call.
//!
//! A call goes this way: `line` reads it and asks the `switchboard` for a fault; `desk` processes it with `token`,
//! `check_order` or `refund`, which moves money at the `bank`; `wire` writes the answer, or what the fault makes of it.

mod bank;
mod check_order;
mod control;
mod desk;
mod fault;
mod handled;
mod line;
mod refund;
mod settings;
mod switchboard;
mod token;
mod wire;

pub use bank::{Bank, Movement, Payment, Statement};
pub use control::{Control, ControlOrder, ask, nobody_serves};
pub use fault::{Call, Fault};
pub use handled::{Handled, HandledWatch};
pub use settings::{HttpQuirk, Settings, Standing};
pub use switchboard::Faults;

use crate::certs::Certs;
use crate::mqtt::certificates;
use crate::random;
use anyhow::{Context, Result};
use desk::Desk;
use md5::{Digest, Md5};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// More connections than this wait until one ends.
const MAX_CONNECTIONS: usize = 256;

/// How the interface is set up. The login and the secret of [`HttpOptions::new`] are those of the protocol facts' vectors.
#[derive(Clone)]
pub struct HttpOptions {
    /// The server's certificate, and the CA that clients must trust.
    pub certs: Certs,
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port; 0: a free one.
    pub port: u16,
    /// The host in [`VietQrHttp::base_url`]; the certificate must have it.
    pub host: String,
    /// The partner's login.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The key of refund checksums.
    pub refund_secret: String,
    /// The bank; one that was used before knows what happened.
    pub bank: Bank,
    /// How it behaves at first.
    pub settings: Settings,
}

impl HttpOptions {
    /// On a free port of 127.0.0.1, for a login of its own.
    pub fn new(certs: &Certs) -> HttpOptions {
        HttpOptions {
            certs: certs.clone(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            host: "localhost".to_string(),
            username: "customer-demo-user01".to_string(),
            password: "pw_demo".to_string(),
            refund_secret: "sk_demo_1".to_string(),
            bank: Bank::default(),
            settings: Settings::default(),
        }
    }
}

/// The interface. Dropped, it ends at once; money that was to move late still moves while the runtime lives.
pub struct VietQrHttp {
    addr: SocketAddr,
    base_url: String,
    ca: PathBuf,
    desk: Arc<Desk>,
    task: JoinHandle<()>,
}

impl VietQrHttp {
    /// Starts the interface on the current runtime. It listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken or the certificate cannot be read.
    pub async fn start(options: HttpOptions) -> Result<VietQrHttp> {
        let tls = acceptor(&options.certs)?;
        let at = SocketAddr::new(options.listen, options.port);
        let listener =
            TcpListener::bind(at).await.with_context(|| format!("cannot serve VietQR's HTTP interface on {at}"))?;
        let addr = listener.local_addr()?;
        let desk = Arc::new(Desk {
            tokens: token::Tokens::new(&options.username, &options.password, random::bytes()?),
            username: options.username,
            secret: options.refund_secret,
            bank: options.bank,
            faults: Faults::new(),
            settings: Mutex::new(options.settings),
            log: handled::Log::new(),
        });
        let base_url = format!("https://{}:{}/vqr", options.host, addr.port());
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&desk)));
        Ok(VietQrHttp { addr, base_url, ca: options.certs.ca, desk, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `vietqr.base_url` of the daemon's configuration.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The CA that a client must trust.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// The bank behind it.
    pub fn bank(&self) -> Bank {
        self.desk.bank.clone()
    }

    /// The next call of this kind meets a fault.
    ///
    /// # Errors
    /// Where the fault does not suit the call.
    pub fn fault(&self, call: Call, fault: Fault) -> Result<()> {
        self.desk.faults.times(call, fault, 1)
    }

    /// The switchboard: faults more than once, always, or mixed.
    pub fn faults(&self) -> &Faults {
        &self.desk.faults
    }

    /// Changes how it behaves, from the next call on.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.desk.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Forgets every token: calls with them are E74.
    pub fn forget_tokens(&self) {
        self.desk.tokens.forget();
    }

    /// The calls so far, the last 10,000 of them.
    pub fn handled(&self) -> Vec<Handled> {
        self.desk.log.all()
    }

    /// Reports calls from now on.
    pub fn watch(&self) -> HandledWatch {
        self.desk.log.watch()
    }

    /// Stops listening and closes every connection.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Takes orders of other programs of this user at a Unix socket, which is made at `socket`.
    ///
    /// # Errors
    /// Where another sandbox has the socket, or it cannot be made.
    pub fn control(&self, socket: &Path) -> Result<Control> {
        Control::listen(socket, Arc::clone(&self.desk))
    }
}

impl Drop for VietQrHttp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, desk: Arc<Desk>) {
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

/// `md5` of the parts one after the other, in lower-case hex (section 9).
fn checksum(parts: &[&str]) -> String {
    hex::encode(Md5::digest(parts.concat()))
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn checksums_are_those_of_the_protocol_facts() {
        let refund = checksum(&["sk_demo_1", "FT24001234567890", "25000", "1234567890"]);
        assert_eq!(refund, "40132c3e529b7c42ca52e9b309e02f99");
        assert_eq!(checksum(&["1234567890", "customer-demo-user01"]), "5398cce1cdec12918ee580350564c9f2");
    }
}
