//! Where a broker is, and how a client checks that it is the right one.

use crate::certs::Pair;
use anyhow::{Context, Result, bail};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// A broker's address: `mqtts://host:port` or `mqtt://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Name or address, which is also the name that the server's certificate must have.
    pub host: String,
    /// TCP port; without one in the text 8883 with TLS, else 1883.
    pub port: u16,
}

impl FromStr for Endpoint {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Endpoint> {
        let (tls, rest, default) = if let Some(rest) = text.strip_prefix("mqtts://") {
            (true, rest, 8883)
        } else if let Some(rest) = text.strip_prefix("mqtt://") {
            (false, rest, 1883)
        } else {
            bail!("url: expected mqtts://host:port or mqtt://host:port, got {text}");
        };
        let (host, port) = match rest.trim_end_matches('/').rsplit_once(':') {
            Some((host, port)) => (host, port.parse().with_context(|| format!("url: expected a port, got {port}"))?),
            None => (rest.trim_end_matches('/'), default),
        };
        if host.is_empty() || host.contains(['/', '@', ':']) {
            bail!("url: expected a host name or an IPv4 address, got {host:?}");
        }
        Ok(Endpoint { tls, host: host.to_string(), port })
    }
}

/// A TLS client that trusts one CA file, with a certificate of its own where the server asks for one.
///
/// # Errors
/// Where a file cannot be read or holds no certificate or key.
pub fn tls_client(ca: &Path, client: Option<&Pair>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for cert in certificates(ca)? {
        roots.add(cert).with_context(|| format!("{}: expected a CA certificate", ca.display()))?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    Ok(Arc::new(match client {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::from_pem_file(&pair.key)
                .with_context(|| format!("{}: expected a private key", pair.key.display()))?;
            builder.with_client_auth_cert(certificates(&pair.cert)?, key)?
        }
    }))
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("{}: expected certificates in PEM form", path.display()))?;
    if all.is_empty() {
        bail!("{}: expected certificates in PEM form, found none", path.display());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_may_be_left_out() {
        let read = |text: &str| text.parse::<Endpoint>().unwrap();
        assert_eq!(read("mqtts://localhost"), Endpoint { tls: true, host: "localhost".into(), port: 8883 });
        assert_eq!(read("mqtt://127.0.0.1:1999/"), Endpoint { tls: false, host: "127.0.0.1".into(), port: 1999 });
    }

    #[test]
    fn an_address_that_is_not_a_brokers_is_refused() {
        for text in
            ["localhost:8883", "https://localhost", "mqtts://", "mqtts://h:x", "mqtts://[::1]:8883", "mqtt://u@h"]
        {
            assert!(text.parse::<Endpoint>().unwrap_err().to_string().starts_with("url: expected"), "{text}");
        }
    }
}
