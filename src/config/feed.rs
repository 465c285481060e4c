//! `[[webhook]]` and `[head_office]`: where events go.

use super::document::Document;
use super::mqtt::Login;
use super::print::Printer;
use super::secret::Secret;
use super::section::Section;
use super::table::Table;
use super::topic;
use super::url::{Endpoint, HttpUrl};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::PathBuf;

pub(super) const WEBHOOK: Section = Section {
    name: "webhook",
    list: true,
    doc: "A program that is told of events over HTTP (Standard Webhooks).",
    keys: &[
        ("url", "https://…, or http:// to this very machine. A query is not shown."),
        ("secret_file", "The file with the signing secret: whsec_ and base64, or raw bytes."),
        (
            "events",
            "The types that it is told of: whole ones, or a beginning and .* as in payment.*; * for all. Default all.",
        ),
        ("ca_file", "The authority that its certificate is verified against, PEM. Default: the Mozilla roots."),
    ],
};

pub(super) const HEAD_OFFICE: Section = Section {
    name: "head_office",
    list: false,
    doc: "The chain's own MQTT broker, which is told of every event.",
    keys: &[
        ("url", "mqtts://HOST[:8883], or mqtt:// to this very machine."),
        ("topic", "Where an event goes, with {device} and {type}. Default shops/{device}/events/{type}."),
        ("username", "The login there."),
        ("password_file", "The file with its password."),
        (
            "ca_file",
            "The authority that the broker's certificate is verified against, PEM. Default: the Mozilla roots.",
        ),
    ],
};

/// Standard Webhooks: at least 24 bytes.
const MIN_SECRET_BYTES: usize = 24;

/// `[[webhook]]`.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where events are posted.
    pub url: HttpUrl,
    /// The key of the signature, already decoded.
    pub secret: Secret,
    /// `*`, whole types, or `beginning.*`; never empty.
    pub events: Vec<String>,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
}

/// `[head_office]`.
#[derive(Clone, Debug)]
pub struct HeadOffice {
    /// Where the broker is.
    pub endpoint: Endpoint,
    /// With `{device}` and `{type}`, each at most once.
    pub topic: String,
    /// The login.
    pub username: Option<String>,
    /// Its password, UTF-8; only with a login.
    pub password: Option<Secret>,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
}

impl Webhook {
    pub(super) fn read_all(doc: &Document<'_>) -> Vec<Webhook> {
        let mut webhooks = Vec::new();
        for t in doc.array(&WEBHOOK) {
            let url = t.need("url", t.parsed("url", HttpUrl::parse));
            let secret = t.need("secret_file", signing_secret(&t));
            let events = t.texts("events").unwrap_or_else(|| vec!["*".to_owned()]);
            if !events.iter().all(|pattern| is_pattern(pattern)) {
                t.error("events", "expected types as order.paid, beginnings as order.*, or *");
            }
            let ca_file = t.file("ca_file");
            let (Some(url), Some(secret)) = (url, secret) else { continue };
            webhooks.push(Webhook { url, secret, events, ca_file });
        }
        webhooks
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&WEBHOOK);
        if self.url.as_str().contains('?') {
            p.masked("url", &self.url.to_string(), "its query is masked");
        } else {
            p.text("url", self.url.as_str());
        }
        p.secret("secret_file", Some(&self.secret));
        p.texts("events", Some(&self.events));
        p.path("ca_file", self.ca_file.as_deref());
    }
}

fn signing_secret(t: &Table<'_>) -> Option<Secret> {
    let mut secret = t.secret("secret_file")?;
    if let Some(base64) = secret.expose().strip_prefix(b"whsec_") {
        match STANDARD.decode(base64) {
            Ok(bytes) => secret = Secret::new(bytes, secret.file().to_owned()),
            Err(_) => {
                t.error(
                    "secret_file",
                    "the file holds whsec_ and then no base64; expected whsec_ + base64, or raw bytes",
                );
                return None;
            }
        }
    }
    if secret.len() < MIN_SECRET_BYTES {
        let message = format!("the secret is short and can be guessed; expected at least {MIN_SECRET_BYTES} bytes");
        t.warning("secret_file", message);
    }
    Some(secret)
}

/// `*`, `a.b`, `a.*`.
fn is_pattern(text: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match text.split_once('.') {
        None => text == "*",
        Some((first, second)) => word(first) && (second == "*" || word(second)),
    }
}

impl HeadOffice {
    pub(super) fn read(doc: &Document<'_>) -> Option<HeadOffice> {
        let t = doc.optional(&HEAD_OFFICE)?;
        let endpoint = t.need("url", t.parsed("url", Endpoint::parse));
        if endpoint.as_ref().is_some_and(|e| !e.tls && !e.is_loopback()) {
            t.error("url", "mqtt:// is not encrypted and for this machine only; expected mqtts://");
        }
        let topic = t
            .parsed("topic", |text| topic::check(text, &["device", "type"], &[]))
            .unwrap_or_else(|| "shops/{device}/events/{type}".to_owned());
        let login = Login::read(&t);
        let ca_file = t.file("ca_file");
        Some(HeadOffice { endpoint: endpoint?, topic, username: login.username, password: login.password, ca_file })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&HEAD_OFFICE);
        p.text("url", &self.endpoint.to_string());
        p.text("topic", &self.topic);
        p.opt_text("username", self.username.as_deref());
        p.secret("password_file", self.password.as_ref());
        p.path("ca_file", self.ca_file.as_deref());
    }
}
