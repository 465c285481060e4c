//! `[refund]`: without it no refund is made.

use super::document::Document;
use super::print::Printer;
use super::provider::Limits;
use super::secret::Secret;
use super::section::Section;
use super::table::Table;
use super::topic;
use vietqr_edge_core::money::Dong;

pub(super) const REFUND: Section = Section {
    name: "refund",
    list: false,
    doc: "Refunds. Without this section none is made.",
    keys: &[
        ("max_amount", "The most that one refund may be, in đồng. Default 5000000."),
        ("daily_total", "The most that this device may refund in a day at +07:00, in đồng. Default 20000000."),
        ("approval_above", "Above this a second person, a manager, must approve, in đồng. Default 1000000."),
        ("timeout_s", "Seconds for one call to a provider, connection included. Default 20."),
        (
            "request_topic",
            "Where requests come over MQTT, with {terminal}. Default vietqr-edge/{terminal}/refund/request.",
        ),
        ("response_topic", "Where answers go, with {terminal}. Default vietqr-edge/{terminal}/refund/response."),
        (
            "request_key_file",
            "The file with the HS256 key of requests, at least 32 bytes. Without it they are refused.",
        ),
        ("request_key_file_next", "The next key, while keys are being changed. `kid` names the stem of a key's file."),
    ],
};

/// RFC 7518, 3.2: a key of at least the size of the hash.
const MIN_KEY_BYTES: usize = 32;

/// `[refund]`.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The most that one refund may be.
    pub max_amount: Dong,
    /// The most that this device may refund in a day at +07:00.
    pub daily_total: Dong,
    /// Above this a manager must approve.
    pub approval_above: Dong,
    /// Seconds for one call to a provider, connection included.
    pub timeout_s: u64,
    /// With `{terminal}` once, without wildcards.
    pub request_topic: String,
    /// With `{terminal}` once, without wildcards.
    pub response_topic: String,
    /// The HS256 key of requests over MQTT; its file's stem is the `kid`.
    pub request_key: Option<Secret>,
    /// The next key.
    pub request_key_next: Option<Secret>,
}

/// The longest name of a key: it is kept with each refund.
const MAX_NAME_BYTES: usize = 64;

impl Refund {
    pub(super) fn read(doc: &Document<'_>) -> Option<Refund> {
        let t = doc.optional(&REFUND)?;
        let default = Limits { max_amount: 5_000_000, daily_total: 20_000_000, approval_above: 1_000_000 };
        let limits = Limits::read(&t, default);
        let topic = |key, end| {
            t.parsed(key, |text| topic::check(text, &["terminal"], &["terminal"]))
                .unwrap_or_else(|| format!("vietqr-edge/{{terminal}}/refund/{end}"))
        };
        let (request_topic, response_topic) = (topic("request_topic", "request"), topic("response_topic", "response"));
        if request_topic == response_topic {
            t.error("response_topic", "is the same as request_topic; expected another topic");
        }
        let (request_key, request_key_next) = keys(&t);
        Some(Refund {
            max_amount: Dong(limits.max_amount),
            daily_total: Dong(limits.daily_total),
            approval_above: Dong(limits.approval_above),
            timeout_s: t.number("timeout_s", 20, 1..=120),
            request_topic,
            response_topic,
            request_key,
            request_key_next,
        })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&REFUND);
        p.value("max_amount", self.max_amount.0);
        p.value("daily_total", self.daily_total.0);
        p.value("approval_above", self.approval_above.0);
        p.value("timeout_s", self.timeout_s);
        p.text("request_topic", &self.request_topic);
        p.text("response_topic", &self.response_topic);
        p.secret("request_key_file", self.request_key.as_ref());
        p.secret("request_key_file_next", self.request_key_next.as_ref());
    }
}

fn keys(t: &Table<'_>) -> (Option<Secret>, Option<Secret>) {
    let key = |name| {
        let secret = t.secret(name)?;
        if secret.len() < MIN_KEY_BYTES {
            t.error(name, format!("the key has {} bytes; expected at least {MIN_KEY_BYTES}", secret.len()));
        }
        if secret.file().file_stem().is_none_or(|stem| stem.len() > MAX_NAME_BYTES) {
            t.error(name, format!("expected a file name of at most {MAX_NAME_BYTES} bytes: `kid` names it"));
        }
        Some(secret)
    };
    let (now, next) = (key("request_key_file"), key("request_key_file_next"));
    if t.has("request_key_file_next") && !t.has("request_key_file") {
        t.error("request_key_file_next", "a next key without a key; expected request_key_file beside it");
    }
    if let (Some(now), Some(next)) = (&now, &next)
        && now.file().file_stem() == next.file().file_stem()
    {
        t.error("request_key_file_next", "has the stem of request_key_file, which `kid` names; expected another");
    }
    (now, next)
}
