//! When the other side's certificate expires, as it was told in a handshake.

use super::{config::TlsError, validity};
use rustls::{
    DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use vietqr_edge_core::time::Timestamp;

/// The end of the last chain that was verified. Clones share it.
#[derive(Clone, Debug)]
pub struct PeerEnd(Arc<AtomicI64>);

/// Nothing was verified yet.
const UNKNOWN: i64 = i64::MAX;

impl Default for PeerEnd {
    fn default() -> Self {
        PeerEnd(Arc::new(AtomicI64::new(UNKNOWN)))
    }
}

impl PeerEnd {
    /// When the first certificate of that chain expires; `None` before the first handshake.
    pub fn get(&self) -> Option<Timestamp> {
        let secs = self.0.load(Ordering::Relaxed);
        (secs != UNKNOWN).then(|| Timestamp::from_secs(secs))
    }

    /// rustls's own verifier, which notes the end of what it has found good.
    pub(super) fn verifier(
        &self,
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let inner = inner.map_err(|error| TlsError::Setup(Error::General(error.to_string())))?;
        Ok(Arc::new(Noting { inner, end: self.clone() }))
    }
}

/// When a certificate expires; `None` where it can not be told.
pub(super) fn not_after(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    validity(certificate).map(|(_, until)| until)
}

/// Decides nothing itself.
#[derive(Debug)]
struct Noting {
    inner: Arc<WebPkiServerVerifier>,
    end: PeerEnd,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let chain = std::iter::once(end_entity).chain(intermediates);
        let end = chain.filter_map(not_after).min().map_or(UNKNOWN, Timestamp::secs);
        self.end.0.store(end, Ordering::Relaxed);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
