//! `[mqtt]`: VietQR's broker.

use super::document::Document;
use super::print::Printer;
use super::secret::Secret;
use super::section::Section;
use super::table::Table;
use super::url::Endpoint;
use std::path::PathBuf;

pub(super) const MQTT: Section = Section {
    name: "mqtt",
    list: false,
    doc: "The MQTT broker that tells of money.",
    keys: &[
        ("url", "mqtts://HOST[:8883], or mqtt://HOST[:1883] where allow_plaintext is true."),
        ("username", "The login that VietQR gave, if it gave one."),
        ("password_file", "The file with its password."),
        (
            "ca_file",
            "The authority that the broker's certificate is verified against, PEM. Default: the Mozilla roots.",
        ),
        ("client_cert_file", "Our certificate and its chain for mutual TLS, PEM. Only together with client_key_file."),
        ("client_key_file", "The private key of client_cert_file, PEM, not readable by others."),
        ("client_id", "The MQTT client id. It must stay the same and be unique. Default vietqr-edge-{device.id}."),
        ("keep_alive_s", "Seconds of silence before the link is tested, 5 to 1200. Default 20."),
        (
            "allow_plaintext",
            "Allows mqtt://: everyone on the way reads the password and sees or forges payments. Default false.",
        ),
    ],
};

/// `[mqtt]`.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Where the broker is.
    pub endpoint: Endpoint,
    /// The login.
    pub username: Option<String>,
    /// Its password, UTF-8; only with a login.
    pub password: Option<Secret>,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
    /// Our certificate for mutual TLS.
    pub client_cert: Option<ClientCert>,
    /// 1 to 128 bytes.
    pub client_id: String,
    /// Seconds, 5 to 1200.
    pub keep_alive_s: u16,
    /// The owner accepts a link without TLS.
    pub allow_plaintext: bool,
}

/// A certificate with its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    /// PEM, the leaf first.
    pub cert_file: PathBuf,
    /// PEM: PKCS #8, PKCS #1 or SEC1.
    pub key_file: PathBuf,
}

impl Mqtt {
    /// `device_id` makes the default client id.
    pub(super) fn read(doc: &Document<'_>, device_id: Option<&str>) -> Option<Mqtt> {
        let t = doc.required(&MQTT)?;
        let allow_plaintext = t.flag("allow_plaintext", false);
        let endpoint = t.need("url", t.parsed("url", Endpoint::parse));
        if let Some(endpoint) = &endpoint {
            plaintext(&t, endpoint, allow_plaintext);
        }
        let login = Login::read(&t);
        let mqtt = Mqtt {
            username: login.username,
            password: login.password,
            ca_file: t.file("ca_file"),
            client_cert: ClientCert::read(&t, "client_cert_file", "client_key_file"),
            client_id: t
                .parsed("client_id", client_id)
                .unwrap_or(format!("vietqr-edge-{}", device_id.unwrap_or_default())),
            keep_alive_s: t.number("keep_alive_s", 20, 5..=1200),
            allow_plaintext,
            endpoint: endpoint?,
        };
        Some(mqtt)
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&MQTT);
        p.text("url", &self.endpoint.to_string());
        p.opt_text("username", self.username.as_deref());
        p.secret("password_file", self.password.as_ref());
        p.path("ca_file", self.ca_file.as_deref());
        p.path("client_cert_file", self.client_cert.as_ref().map(|c| c.cert_file.as_path()));
        p.path("client_key_file", self.client_cert.as_ref().map(|c| c.key_file.as_path()));
        p.text("client_id", &self.client_id);
        p.value("keep_alive_s", self.keep_alive_s);
        p.value("allow_plaintext", self.allow_plaintext);
    }
}

fn plaintext(t: &Table<'_>, endpoint: &Endpoint, allowed: bool) {
    if endpoint.tls {
        return;
    }
    if !allowed {
        t.error("url", "mqtt:// is not encrypted; expected mqtts://, or allow_plaintext = true");
        return;
    }
    t.warning("url", "mqtt:// is not encrypted: everyone on the way reads the password and can forge payments");
    for key in ["ca_file", "client_cert_file", "client_key_file"] {
        if t.has(key) {
            t.warning(key, "has no effect with mqtt://");
        }
    }
}

fn client_id(text: &str) -> Result<String, String> {
    if text.len() > 128 {
        return Err("expected at most 128 bytes".to_owned());
    }
    Ok(text.to_owned())
}

/// A login: the password only with a user name (MQTT 3.1.1, 3.1.2.9).
pub(super) struct Login {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

impl Login {
    pub(super) fn read(t: &Table<'_>) -> Login {
        if t.has("password_file") && !t.has("username") {
            t.error("password_file", "a password without a user name; expected username beside it");
        }
        Login { username: t.text("username"), password: t.password("password_file") }
    }
}

impl ClientCert {
    /// Both files or none.
    pub(super) fn read(t: &Table<'_>, cert: &str, key: &str) -> Option<ClientCert> {
        for (one, other) in [(cert, key), (key, cert)] {
            if t.has(one) && !t.has(other) {
                t.error(
                    one,
                    format!("a certificate needs its key and a key its certificate; expected {other} beside it"),
                );
            }
        }
        let (cert_file, key_file) = (t.file(cert), t.private_file(key));
        Some(ClientCert { cert_file: cert_file?, key_file: key_file? })
    }
}
