//! VietQR's HTTP interface over TLS: tokens, check-order, refunds (3.1, 3.4, 3.5, 8), and the bank behind it.

mod bank;
mod check_order;
mod desk;
mod fault;
mod refund;
mod settings;
mod token;

pub use crate::provider::{Handled, HandledWatch, Movement};
pub use bank::{Bank, Payment, Statement};
pub use desk::VietQr;
pub use fault::{Call, Fault};
pub use settings::{HttpQuirk, Settings, Standing};

use crate::certs::Certs;
use crate::provider::{Answer, Place, Service};
use crate::random;
use anyhow::Result;
use md5::{Digest, Md5};
use std::net::{IpAddr, Ipv4Addr};

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

/// The interface.
pub type VietQrHttp = Service<VietQr>;

impl VietQrHttp {
    /// Starts the interface on the current runtime. It listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken or the certificate cannot be read.
    pub async fn start(options: HttpOptions) -> Result<VietQrHttp> {
        let HttpOptions { certs, listen, port, host, username, password, refund_secret, bank, settings } = options;
        let tokens = token::Tokens::new(&username, &password, random::bytes()?);
        let vietqr = VietQr { username, secret: refund_secret, tokens, bank };
        Service::listen(Place { certs, listen, port, host }, vietqr, settings).await
    }

    /// `vietqr.base_url` of the daemon's configuration.
    pub fn base_url(&self) -> String {
        format!("{}/vqr", self.origin())
    }

    /// The bank behind it.
    pub fn bank(&self) -> Bank {
        self.provider().bank.clone()
    }

    /// Forgets every token: calls with them are E74.
    pub fn forget_tokens(&self) {
        self.provider().tokens.forget();
    }
}

/// A call that VietQR refuses.
type Refusal = &'static str;

/// A failure comes with HTTP 400 (section 2).
fn failed(code: Refusal) -> Answer {
    Answer::of(400, serde_json::json!({"status": "FAILED", "message": code}).to_string())
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
