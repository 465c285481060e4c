//! `[callback]`: VietQR's HTTP callback, as a second door for balance changes.

use super::document::Document;
use super::mqtt::ClientCert;
use super::print::Printer;
use super::provider::basic_user;
use super::secret::Secret;
use super::section::Section;
use std::net::SocketAddr;

pub(super) const CALLBACK: Section = Section {
    name: "callback",
    list: false,
    doc: "VietQR's HTTP callback, as a second door for balance changes.",
    keys: &[
        ("listen", "ADDRESS:PORT to listen on, always with TLS."),
        ("path", "The prefix of /api/token_generate and /bank/api/transaction-sync: empty, or /TEXT."),
        ("username", "The login that VietQR uses with us."),
        ("password_file", "The file with its password."),
        ("cert_file", "Our certificate and its chain, PEM."),
        ("key_file", "Its private key, PEM, not readable by others."),
    ],
};

/// `[callback]`.
#[derive(Clone, Debug)]
pub struct Callback {
    /// Where VietQR calls.
    pub listen: SocketAddr,
    /// Empty, or beginning and not ending with a slash.
    pub path: String,
    /// The login that VietQR uses.
    pub username: String,
    /// Its password, UTF-8.
    pub password: Secret,
    /// Our certificate: there is no callback without TLS.
    pub cert: ClientCert,
}

impl Callback {
    pub(super) fn read(doc: &Document<'_>) -> Option<Callback> {
        let t = doc.optional(&CALLBACK)?;
        let listen = t.need("listen", t.parsed("listen", listen));
        let prefix = t.any_text("path").unwrap_or_default();
        if !good_prefix(&prefix) {
            t.error(
                "path",
                "expected nothing, or a path of A-Z a-z 0-9 . _ ~ - that begins with / and does not end with it",
            );
        }
        let username = t.need("username", t.parsed("username", basic_user));
        let password = t.need("password_file", t.password("password_file"));
        if !t.has("cert_file") && !t.has("key_file") {
            t.error("cert_file", "missing; the callback is always served with TLS: expected cert_file and key_file");
        }
        let cert = ClientCert::read(&t, "cert_file", "key_file");
        Some(Callback { listen: listen?, path: prefix, username: username?, password: password?, cert: cert? })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&CALLBACK);
        p.text("listen", &self.listen.to_string());
        p.text("path", &self.path);
        p.text("username", &self.username);
        p.secret("password_file", Some(&self.password));
        p.path("cert_file", Some(&self.cert.cert_file));
        p.path("key_file", Some(&self.cert.key_file));
    }
}

fn good_prefix(path: &str) -> bool {
    let segment = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
    path.is_empty() || path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment))
}

/// An address to listen on.
pub(super) fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected ADDRESS:PORT with an IP address, as 127.0.0.1:8780".to_owned())
}
