//! Throw-away certificates: a CA with a server and a client certificate, and wrong ones for tests.

use crate::files;
use anyhow::{Context, Result, bail};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// A certificate and its private key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The certificate.
    pub cert: PathBuf,
    /// The PKCS #8 key, mode 0600.
    pub key: PathBuf,
}

/// The PEM files of one folder.
#[derive(Clone, Debug)]
pub struct Certs {
    /// The CA that signed `server` and `client`.
    pub ca: PathBuf,
    /// For the server: localhost, 127.0.0.1, ::1 and the hosts that were asked for.
    pub server: Pair,
    /// For a client, where the server asks for a certificate.
    pub client: Pair,
    /// Certificates that must be refused, in the folder `bad/`.
    pub bad: Bad,
}

/// Certificates that must be refused, each for one reason. Except for `other_*`, the right CA signed them.
#[derive(Clone, Debug)]
pub struct Bad {
    /// A CA that signed nothing of [`Certs`].
    pub other_ca: PathBuf,
    /// A server certificate of the other CA.
    pub other_server: Pair,
    /// A client certificate of the other CA.
    pub other_client: Pair,
    /// A server certificate that ended yesterday.
    pub expired: Pair,
    /// A server certificate that begins in a year.
    pub not_yet_valid: Pair,
    /// A server certificate for `wrong-host.invalid`.
    pub wrong_host: Pair,
}

const DAY: Duration = Duration::DAY;

impl Certs {
    /// Makes a CA and all certificates in `dir`. `hosts` are further names or addresses of the server.
    ///
    /// # Errors
    /// Where `dir` already holds a CA (devices may trust it), a host is not a name or an address, or a file cannot be written.
    pub fn create(dir: &Path, hosts: &[String]) -> Result<Certs> {
        let ca = dir.join("ca.pem");
        if ca.exists() {
            bail!("{} is already there: choose another folder, or remove it first", ca.display());
        }
        Certs::open_or_create(dir, hosts)
    }

    /// As [`Certs::create`], but a CA that is already there is kept, and new certificates are made with it.
    ///
    /// # Errors
    /// Where the CA of the folder cannot be read, a host is not a name or an address, or a file cannot be written.
    pub fn open_or_create(dir: &Path, hosts: &[String]) -> Result<Certs> {
        files::make_dir(&dir.join("bad"))?;
        let certs = Certs::paths(dir);
        let ca_key = dir.join("ca.key");
        let ca = if certs.ca.exists() {
            Authority::open(&certs.ca, &ca_key)?
        } else {
            Authority::new("vietqr-edge sandbox CA")?
        };
        let other = Authority::new("another CA")?;
        let now = OffsetDateTime::now_utc();
        let good = (now - DAY, now + DAY * 365);
        let mut names = vec!["localhost".to_string(), "127.0.0.1".to_string(), "::1".to_string()];
        names.extend(hosts.iter().filter(|host| !names.contains(host)).cloned().collect::<Vec<_>>());
        let server = |authority: &Authority, valid, pair: &Pair| authority.issue(Use::Server, &names, valid, pair);

        server(&ca, good, &certs.server)?;
        ca.issue(Use::Client, &["sandbox-client".to_string()], good, &certs.client)?;
        let bad = &certs.bad;
        server(&other, good, &bad.other_server)?;
        other.issue(Use::Client, &["sandbox-client".to_string()], good, &bad.other_client)?;
        server(&ca, (now - DAY * 30, now - DAY), &bad.expired)?;
        server(&ca, (now + DAY * 365, now + DAY * 730), &bad.not_yet_valid)?;
        ca.issue(Use::Server, &["wrong-host.invalid".to_string()], good, &bad.wrong_host)?;
        files::write_public(&bad.other_ca, &other.pem)?;
        files::write_secret(&ca_key, &ca.issuer.key().serialize_pem())?;
        // Last: a CA file says that the folder is whole.
        files::write_public(&certs.ca, &ca.pem)?;
        Ok(certs)
    }

    fn paths(dir: &Path) -> Certs {
        let pair = |name: &str| Pair { cert: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.key")) };
        Certs {
            ca: dir.join("ca.pem"),
            server: pair("server"),
            client: pair("client"),
            bad: Bad {
                other_ca: dir.join("bad/other-ca.pem"),
                other_server: pair("bad/other-server"),
                other_client: pair("bad/other-client"),
                expired: pair("bad/expired"),
                not_yet_valid: pair("bad/not-yet-valid"),
                wrong_host: pair("bad/wrong-host"),
            },
        }
    }
}

#[derive(Clone, Copy)]
enum Use {
    Server,
    Client,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Result<Authority> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let now = OffsetDateTime::now_utc();
        // Older than the expired certificate, so that only that one is wrong.
        (params.not_before, params.not_after) = (now - DAY * 60, now + DAY * 1825);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), pem })
    }

    fn open(cert: &Path, key: &Path) -> Result<Authority> {
        let read =
            |path: &Path| std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
        let pem = read(cert)?;
        let key =
            KeyPair::from_pem(&read(key)?).with_context(|| format!("{}: expected a private key", key.display()))?;
        let issuer =
            Issuer::from_ca_cert_pem(&pem, key).with_context(|| format!("{}: expected a CA", cert.display()))?;
        Ok(Authority { issuer, pem })
    }

    fn issue(&self, usage: Use, names: &[String], valid: (OffsetDateTime, OffsetDateTime), to: &Pair) -> Result<()> {
        let mut params = CertificateParams::new(names.to_vec())
            .with_context(|| format!("host: expected names or addresses, got {}", names.join(", ")))?;
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("sandbox", String::as_str));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![match usage {
            Use::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Use::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }];
        (params.not_before, params.not_after) = valid;
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &self.issuer)?;
        files::write_public(&to.cert, &cert.pem())?;
        files::write_secret(&to.key, &key.serialize_pem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path(), &["shop.example.vn".into(), "192.0.2.7".into()]).unwrap();
        for key in [&certs.server.key, &certs.client.key, &certs.bad.expired.key, &dir.path().join("ca.key")] {
            assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
        }
    }

    #[test]
    fn a_ca_that_devices_may_trust_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path(), &[]).unwrap();
        let before = std::fs::read(&certs.ca).unwrap();
        assert!(Certs::create(dir.path(), &[]).unwrap_err().to_string().contains("already there"));
        Certs::open_or_create(dir.path(), &[]).unwrap();
        assert_eq!(std::fs::read(&certs.ca).unwrap(), before);
    }

    #[test]
    fn a_host_that_is_no_name_is_named_in_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = Certs::create(dir.path(), &["quầy".into()]).unwrap_err();
        assert!(error.to_string().contains("quầy"), "{error:#}");
    }
}
