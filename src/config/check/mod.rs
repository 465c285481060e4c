//! What can be found out about a configuration without a network: `vietqr-edge check`.

mod certificate;
mod place;

pub(crate) use certificate::{SOON_DAYS, days_left, end as certificate_end};
pub(crate) use place::find as find_program;

use super::problem::{Problem, Severity};
use super::{ClientCert, Config, Loaded, Mode, Role, Speaker};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use vietqr_edge_core::time::Timestamp;

/// How an item was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, or may work; the owner should know.
    Warning,
    /// Does not work.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// How it was found.
    pub grade: Grade,
    /// The configuration file.
    pub file: PathBuf,
    /// The line of the key, or of its section, from 1.
    pub line: u32,
    /// The dotted key; empty for the whole file.
    pub key: String,
    /// What was found, and what was expected.
    pub message: String,
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of their lines.
    pub items: Vec<Item>,
}

impl Report {
    /// How many items have this grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.items.iter().filter(|item| item.grade == grade).count()
    }

    /// Whether the daemon would start: no error.
    pub fn passed(&self) -> bool {
        self.count(Grade::Error) == 0
    }

    /// One JSON object: `items`, and `ok`, `warnings`, `errors` as counts.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "items": self.items,
            "ok": self.count(Grade::Ok),
            "warnings": self.count(Grade::Warning),
            "errors": self.count(Grade::Error),
        })
    }
}

impl Report {
    /// A line an item.
    pub(crate) fn write_items(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            let grade = match item.grade {
                Grade::Ok => "ok",
                Grade::Warning => "warning",
                Grade::Error => "error",
            };
            write!(f, "{grade:8}{}:{}: ", item.file.display(), item.line)?;
            let colon = if item.key.is_empty() { "" } else { ": " };
            writeln!(f, "{}{colon}{}", item.key, item.message)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    /// A line an item, and a line that counts them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_items(f)?;
        let (ok, warnings, errors) = (self.count(Grade::Ok), self.count(Grade::Warning), self.count(Grade::Error));
        let s = |n| if n == 1 { "" } else { "s" };
        writeln!(f, "{ok} ok, {warnings} warning{}, {errors} error{}", s(warnings), s(errors))
    }
}

/// Checks a configuration file and what it names on this machine. `now` is the time that certificates are judged by.
/// Nothing is created and no network is used.
pub fn check(path: &Path, now: Timestamp) -> Report {
    let Loaded { config, problems, lines } = super::load(path);
    let mut findings = Findings { file: path.to_owned(), lines, items: problems.into_iter().map(Item::from).collect() };
    if let Some(config) = &config {
        findings.add(Grade::Ok, "", "the configuration can be used");
        look_at(config, now, &mut findings);
    }
    let mut items = findings.items;
    items.sort_by_key(|item| item.line);
    Report { items }
}

impl From<Problem> for Item {
    fn from(problem: Problem) -> Item {
        let Problem { file, line, key, severity, message } = problem;
        let grade = match severity {
            Severity::Error => Grade::Error,
            Severity::Warning => Grade::Warning,
        };
        Item { grade, file, line, key, message }
    }
}

/// Collects items under their keys.
struct Findings {
    file: PathBuf,
    lines: BTreeMap<String, u32>,
    items: Vec<Item>,
}

impl Findings {
    fn add(&mut self, grade: Grade, key: &str, message: impl Into<String>) {
        let section = key.rsplit_once('.').map_or("", |(section, _)| section);
        let line = self.lines.get(key).or_else(|| self.lines.get(section)).copied().unwrap_or(1);
        self.items.push(Item { grade, file: self.file.clone(), line, key: key.to_owned(), message: message.into() });
    }
}

fn look_at(config: &Config, now: Timestamp, f: &mut Findings) {
    place::state_dir(&config.device.state_dir, f);
    place::socket(&config.api, f);
    let head_office = config.head_office.as_ref().and_then(|h| h.ca_file.as_deref());
    let authorities = authorities(config).chain([("head_office.ca_file", head_office)]);
    for (key, file) in authorities {
        if let Some(file) = file {
            certificate::authorities(key, file, now, f);
        }
    }
    for (i, webhook) in config.webhooks.iter().enumerate() {
        if let Some(file) = &webhook.ca_file {
            certificate::authorities(&format!("webhook[{i}].ca_file"), file, now, f);
        }
    }
    let mut pair = |section: &str, prefix: &str, cert: Option<&ClientCert>| {
        if let Some(cert) = cert {
            certificate::pair(
                &format!("{section}.{prefix}cert_file"),
                &format!("{section}.{prefix}key_file"),
                cert,
                now,
                f,
            );
        }
    };
    pair("mqtt", "client_", config.mqtt.client_cert.as_ref());
    pair("callback", "", config.callback.as_ref().map(|c| &c.cert));
    pair("api", "", config.api.listen.as_ref().and_then(|l| l.cert.as_ref()));
    if let Some(voice) = config.voice.as_ref().filter(|v| v.mode != Mode::Off) {
        match &voice.speaker {
            Speaker::Command(command) => place::program("voice.command", command, f),
            Speaker::Clips { dir, player } => {
                place::clips(dir, voice.dialect, f);
                place::program("voice.player", player, f);
            }
            Speaker::None => {}
        }
    }
    if !config.operators.is_empty() {
        place::pin_hashes(f);
        people(config, f);
    }
}

/// Says what will be refused for the want of a manager.
fn people(config: &Config, f: &mut Findings) {
    let Some(refund) = config.refund.as_ref().filter(|refund| refund.approval_above < refund.max_amount) else {
        return;
    };
    let managers = config.operators.iter().filter(|operator| operator.role == Role::Manager).count();
    let above = refund.approval_above.0;
    if managers == 0 {
        let missing = format!("no manager among them; refunds above {above} need one to approve and are refused");
        f.add(Grade::Warning, "operator", missing);
    } else if config.operators.len() == 1 {
        let alone =
            format!("one manager and nobody else; who asks can not approve, so refunds above {above} are refused");
        f.add(Grade::Warning, "operator", alone);
    }
}

/// The certificates in use that can be read: the key that names each, and when it expires. Of authorities, the next to expire at `now`.
pub fn certificates(config: &Config, now: Timestamp) -> Vec<(&'static str, Timestamp)> {
    let ends = |(key, file): (&'static str, Option<&Path>)| Some((key, certificate::authorities_end(file?, now)?));
    let client = config.mqtt.client_cert.as_ref().and_then(|files| certificate::chain_end(&files.cert_file));
    let client = client.map(|end| ("mqtt.client_cert_file", end));
    authorities(config).filter_map(ends).chain(client).collect()
}

/// The authorities of the broker and of each provider, under their keys.
fn authorities(config: &Config) -> impl Iterator<Item = (&'static str, Option<&Path>)> {
    let providers = config.providers().into_iter().map(|provider| (provider.ca_key, provider.ca_file));
    std::iter::once(("mqtt.ca_file", config.mqtt.ca_file.as_deref())).chain(providers)
}
