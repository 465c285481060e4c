//! Certificates: that they are some, that a key belongs to its own, how long they last.

use super::super::ClientCert;
use super::{Findings, Grade};
use crate::tls;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::path::Path;
use vietqr_edge_core::time::Timestamp;

/// Below this many days left the owner is warned.
pub(crate) const SOON_DAYS: i64 = 30;
const DAY_S: i64 = 86_400;
/// The most certificates that a file may have; the Mozilla roots are about 150.
const MAX_CERTIFICATES: usize = 1000;

/// The authorities that a peer is verified against: at least one usable, not all expired.
pub(super) fn authorities(key: &str, file: &Path, now: Timestamp, f: &mut Findings) {
    let certificates = match read(file) {
        Ok(certificates) => certificates,
        Err(message) => return f.add(Grade::Error, key, message),
    };
    let mut roots = RootCertStore::empty();
    let mut ends = Vec::new();
    for (i, certificate) in certificates.iter().enumerate() {
        let used = roots.add(certificate.clone()).map_err(|e| e.to_string()).and_then(|()| Lifetime::of(certificate));
        match used {
            Ok(lifetime) => ends.push(lifetime.not_after),
            Err(e) => {
                f.add(Grade::Error, key, format!("certificate {} of {} cannot be used: {e}", i + 1, file.display()))
            }
        }
    }
    let (Some(first), Some(last)) = (ends.iter().min().copied(), ends.iter().max().copied()) else { return };
    if first <= now.secs() && last > now.secs() {
        let message = format!("an authority in {} expired on {}", file.display(), day(first));
        f.add(Grade::Warning, key, message);
    } else {
        let (grade, left) = days_left(if last <= now.secs() { last } else { first }, now);
        let authorities = if ends.len() == 1 { "authority" } else { "authorities" };
        f.add(grade, key, format!("{} {authorities}; {left}", ends.len()));
    }
}

/// When the first certificate of a chain expires; `None` where it can not be told.
pub(super) fn chain_end(file: &Path) -> Option<Timestamp> {
    ends(file)?.into_iter().min()
}

/// When the next of the authorities in a file expires, or when the last did; `None` where it can not be told. One that has expired
/// among others hinders nobody.
pub(super) fn authorities_end(file: &Path, now: Timestamp) -> Option<Timestamp> {
    let ends = ends(file)?;
    ends.iter().filter(|end| **end > now).min().or(ends.iter().max()).copied()
}

fn ends(file: &Path) -> Option<Vec<Timestamp>> {
    let lifetimes = read(file).ok()?.into_iter().filter_map(|certificate| Lifetime::of(&certificate).ok());
    Some(lifetimes.map(|lifetime| Timestamp::from_secs(lifetime.not_after)).collect())
}

/// When a certificate ends, in seconds since 1970.
///
/// # Errors
/// A sentence: it can not be read.
pub(crate) fn end(certificate: &CertificateDer<'_>) -> Result<i64, String> {
    Lifetime::of(certificate).map(|lifetime| lifetime.not_after)
}

/// A certificate of our own and its key.
pub(super) fn pair(cert_key: &str, key_key: &str, files: &ClientCert, now: Timestamp, f: &mut Findings) {
    let chain = match read(&files.cert_file) {
        Ok(chain) => chain,
        Err(message) => return f.add(Grade::Error, cert_key, message),
    };
    match chain.first().map(Lifetime::of) {
        Some(Ok(lifetime)) if lifetime.not_before > now.secs() => {
            let message =
                format!("not valid before {}; this machine's clock says {}", day(lifetime.not_before), day(now.secs()));
            f.add(Grade::Warning, cert_key, message);
        }
        Some(Ok(lifetime)) => {
            let (grade, left) = days_left(lifetime.not_after, now);
            f.add(grade, cert_key, left);
        }
        Some(Err(e)) => return f.add(Grade::Error, cert_key, format!("{}: {e}", files.cert_file.display())),
        None => {}
    }
    let private = match PrivateKeyDer::from_pem_file(&files.key_file) {
        Ok(private) => private,
        Err(e) => {
            let message = format!("{} holds no private key in PEM form: {}", files.key_file.display(), reason(&e));
            return f.add(Grade::Error, key_key, message);
        }
    };
    match CertifiedKey::from_der(chain, private, &ring::default_provider()) {
        Ok(_) => f.add(Grade::Ok, key_key, "belongs to its certificate"),
        Err(rustls::Error::InconsistentKeys(_)) => {
            f.add(Grade::Error, key_key, "does not belong to its certificate; expected the key that it was made with");
        }
        Err(e) => f.add(Grade::Error, key_key, format!("{} cannot be used: {e}", files.key_file.display())),
    }
}

/// The certificates of a PEM file; at least one.
fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |e: &pem::Error| format!("{} holds no certificate in PEM form: {}", file.display(), reason(e));
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))?.take(MAX_CERTIFICATES).collect();
    let certificates = certificates.map_err(|e| wrong(&e))?;
    if certificates.is_empty() { Err(wrong(&pem::Error::NoItemsFound)) } else { Ok(certificates) }
}

/// What is wrong with a PEM file, never a piece of it.
fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(e) => e.to_string(),
        pem::Error::NoItemsFound => "nothing of the kind in it".to_owned(),
        _ => "it is damaged".to_owned(),
    }
}

/// Seconds since 1970.
struct Lifetime {
    not_before: i64,
    not_after: i64,
}

impl Lifetime {
    fn of(certificate: &CertificateDer<'_>) -> Result<Lifetime, String> {
        let (from, to) = tls::validity(certificate).ok_or("not an X.509 certificate")?;
        Ok(Lifetime { not_before: from.secs(), not_after: to.secs() })
    }
}

/// How a certificate that ends then (seconds since 1970) is graded, and a phrase that says how long it lasts.
pub(crate) fn days_left(end: i64, now: Timestamp) -> (Grade, String) {
    let left = end - now.secs();
    let (days, on) = (left.div_euclid(DAY_S), day(end));
    match left {
        ..=0 => (Grade::Error, format!("expired on {on}")),
        _ if days < SOON_DAYS => (Grade::Warning, format!("expires on {on}, in {days} days")),
        _ => (Grade::Ok, format!("valid until {on}, {days} days left")),
    }
}

/// The calendar day in Vietnam.
fn day(secs: i64) -> String {
    Timestamp::from_secs(secs).vietnam_day()
}
