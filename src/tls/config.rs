//! The one place where a TLS client is configured.

use super::{
    floor::{Floor, FlooredTime},
    peer::{PeerEnd, not_after},
};
use crate::{clock::Clock, config::ClientCert};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use vietqr_edge_core::time::Timestamp;
use zeroize::Zeroizing;

/// Where the TLS material lies. The files are read at each use, so that a renewed certificate needs no restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// PEM file with the only authorities to trust; without it the Mozilla roots.
    pub ca_file: Option<PathBuf>,
    /// This device's own certificate, where the other side asks for one.
    pub client: Option<ClientCert>,
}

/// TLS material that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can not be read.
    #[error("{what}: can not read {path}: {source}")]
    Read {
        /// Key of the configuration.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{what}: {path} {problem}")]
    Content {
        /// Key of the configuration.
        what: &'static str,
        /// The file.
        path: String,
        /// What is wrong and what was expected.
        problem: String,
    },
    /// rustls can not be set up.
    #[error("TLS can not be set up: {0}")]
    Setup(rustls::Error),
}

impl TlsOptions {
    /// The authorities, as a sentence names them.
    pub fn authorities(&self) -> String {
        self.ca_file.as_ref().map_or_else(|| "the built-in Mozilla roots".to_owned(), |file| file.display().to_string())
    }
}

/// What a file holds; wiped when dropped.
type Pem = Zeroizing<Vec<u8>>;

/// The files of [`TlsOptions`], as they were at one moment.
pub struct Material {
    options: TlsOptions,
    authorities: Option<Pem>,
    /// Chain and key.
    client: Option<(Pem, Pem)>,
}

impl Material {
    /// Reads the files. Blocks for them: a few kilobytes.
    ///
    /// # Errors
    /// [`TlsError::Read`].
    pub fn read(options: &TlsOptions) -> Result<Material, TlsError> {
        let authorities = options.ca_file.as_ref().map(|file| read("ca_file", file)).transpose()?;
        let pair = |client: &ClientCert| {
            let chain = read("client_cert_file", &client.cert_file)?;
            Ok((chain, read("client_key_file", &client.key_file)?))
        };
        let client = options.client.as_ref().map(pair).transpose()?;
        Ok(Material { options: options.clone(), authorities, client })
    }

    /// The bytes of each file, `None` where there is none; for a digest.
    pub fn parts(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let (chain, key) = self.client.as_ref().map(|(chain, key)| (chain, key)).unzip();
        [self.authorities.as_ref(), chain, key].into_iter().map(|part| part.map(|bytes| bytes.as_slice()))
    }

    /// That the device's own certificate has not expired at `now`.
    ///
    /// # Errors
    /// [`TlsError::Content`] where it has, or is none.
    pub fn lasts(&self, now: Timestamp) -> Result<(), TlsError> {
        let (Some((chain, _)), Some(files)) = (&self.client, &self.options.client) else { return Ok(()) };
        let chain = certificates("client_cert_file", &files.cert_file, chain)?;
        match chain.first().and_then(not_after) {
            Some(end) if end <= now => {
                Err(content("client_cert_file", &files.cert_file, format!("expired on {}", end.vietnam_day())))
            }
            _ => Ok(()),
        }
    }

    /// A configuration of a TLS client: TLS 1.2 and 1.3, ring, no early data, certificates checked at the later of system time and
    /// `floor`. When the other side's certificate expires is noted in `seen`.
    ///
    /// # Errors
    /// [`TlsError`] names the configuration's key, the file and what was expected.
    pub fn client_config(
        &self,
        clock: Arc<dyn Clock>,
        floor: &Floor,
        seen: Option<&PeerEnd>,
    ) -> Result<Arc<ClientConfig>, TlsError> {
        let roots = match (&self.authorities, &self.options.ca_file) {
            (Some(pem), Some(file)) => authorities(file, pem)?,
            _ => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        };
        let provider = Arc::new(ring::default_provider());
        let time = Arc::new(FlooredTime { clock, floor: floor.clone() });
        let builder = ClientConfig::builder_with_details(provider.clone(), time)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let builder = match seen {
            None => builder.with_root_certificates(roots),
            Some(seen) => builder.dangerous().with_custom_certificate_verifier(seen.verifier(roots, provider)?),
        };
        let config = match (&self.client, &self.options.client) {
            (Some((chain, key)), Some(files)) => {
                let chain = certificates("client_cert_file", &files.cert_file, chain)?;
                let key = private_key(&files.key_file, key)?;
                builder.with_client_auth_cert(chain, key).map_err(|e| {
                    let problem = format!("does not fit {}: {e}", files.cert_file.display());
                    content("client_key_file", &files.key_file, problem)
                })?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }
}

/// [`Material::client_config`] from the files as they are now. Blocks for them: a few kilobytes.
///
/// # Errors
/// [`TlsError`] names the configuration's key, the file and what was expected.
pub fn client_config(
    options: &TlsOptions,
    clock: Arc<dyn Clock>,
    floor: &Floor,
) -> Result<Arc<ClientConfig>, TlsError> {
    Material::read(options)?.client_config(clock, floor, None)
}

fn authorities(file: &Path, pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", file, pem)? {
        roots.add(certificate).map_err(|e| content("ca_file", file, format!("holds a certificate of no use: {e}")))?;
    }
    Ok(roots)
}

fn certificates(what: &'static str, file: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(list) if !list.is_empty() => Ok(list),
        Ok(_) => Err(content(what, file, "holds no certificate; expected PEM (BEGIN CERTIFICATE)".to_owned())),
        Err(e) => Err(content(what, file, format!("is not PEM: {e}"))),
    }
}

fn private_key(file: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // The parser's error may quote a line of the key: it is not passed on.
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        content("client_key_file", file, "holds no key; expected unencrypted PEM (BEGIN PRIVATE KEY)".to_owned())
    })
}

fn read(what: &'static str, file: &Path) -> Result<Pem, TlsError> {
    let read = std::fs::read(file).map(Zeroizing::new);
    read.map_err(|source| TlsError::Read { what, path: file.display().to_string(), source })
}

fn content(what: &'static str, file: &Path, problem: String) -> TlsError {
    TlsError::Content { what, path: file.display().to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn error(options: &TlsOptions) -> String {
        client_config(options, Arc::new(SystemClock::new()), &Floor::default()).unwrap_err().to_string()
    }

    #[test]
    fn without_a_ca_file_the_mozilla_roots_stand() {
        client_config(&TlsOptions::default(), Arc::new(SystemClock::new()), &Floor::default()).unwrap();
        assert!(TlsOptions::default().authorities().contains("Mozilla"));
    }

    #[test]
    fn material_that_can_not_be_used_names_key_and_file() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing.pem");
        let text = dir.path().join("text.pem");
        std::fs::write(&text, "not a certificate\n").unwrap();

        let ca = |file: &Path| TlsOptions { ca_file: Some(file.to_owned()), client: None };
        assert!(error(&ca(&missing)).starts_with("ca_file: can not read"), "{}", error(&ca(&missing)));
        assert!(error(&ca(&text)).contains("text.pem holds no certificate"), "{}", error(&ca(&text)));

        let client = Some(ClientCert { cert_file: missing, key_file: text });
        assert!(error(&TlsOptions { ca_file: None, client }).starts_with("client_cert_file: "));
    }
}
