//! `[device]`, `[retention]`, `[log]`: the device itself, what it keeps, what it logs.

use super::document::Document;
use super::print::Printer;
use super::section::Section;
use std::path::PathBuf;

pub(super) const DEVICE: Section = Section {
    name: "device",
    list: false,
    doc: "This device.",
    keys: &[
        ("id", "Its name in events and client ids, unique in the chain: 1 to 32 of A-Z a-z 0-9 . _ -"),
        ("state_dir", "The folder of the ledger, on a disk that survives a power cut. One daemon has it for itself."),
    ],
};

pub(super) const RETENTION: Section = Section {
    name: "retention",
    list: false,
    doc: "What is kept, and for how long.",
    keys: &[
        ("raw_days", "Days that messages are kept as they came. 0 keeps today's only. Default 30."),
        ("ledger_days", "Days that the ledger keeps payments and refunds. Default 400."),
        ("max_disk_mb", "The most that state_dir may take, in MB. The oldest goes first. Default 256, at least 16."),
    ],
};

pub(super) const LOG: Section = Section {
    name: "log",
    list: false,
    doc: "The log, on stderr.",
    keys: &[
        ("level", "error, warn, info, debug or trace. Default info. Read again on SIGHUP."),
        ("format", "text for people, json for programs. Default text."),
    ],
};

/// `[device]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// 1 to 32 of `A-Za-z0-9._-`.
    pub id: String,
    /// The folder of the ledger, absolute.
    pub state_dir: PathBuf,
}

/// `[retention]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that raw bodies are kept.
    pub raw_days: u32,
    /// Days that the journal is kept; at least 1.
    pub ledger_days: u32,
    /// The bound of `state_dir` in MB (2^20 bytes); at least 16.
    pub max_disk_mb: u64,
}

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// Also what may fail soon.
    Warn,
    /// Also one line a payment.
    Info,
    /// Also each step.
    Debug,
    /// Everything.
    Trace,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least severe level.
    pub level: LogLevel,
    /// The form of a line.
    pub format: LogFormat,
}

const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

impl Device {
    pub(super) fn read(doc: &Document<'_>) -> Option<Device> {
        let t = doc.required(&DEVICE)?;
        let id = t.need("id", t.parsed("id", id));
        let state_dir = t.need("state_dir", t.path("state_dir"));
        Some(Device { id: id?, state_dir: state_dir? })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&DEVICE);
        p.text("id", &self.id);
        p.path("state_dir", Some(&self.state_dir));
    }
}

fn id(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.len() > 32 || !text.chars().all(good) {
        return Err("expected 1 to 32 of A-Z a-z 0-9 . _ -".to_owned());
    }
    Ok(text.to_owned())
}

impl Retention {
    pub(super) fn read(doc: &Document<'_>) -> Retention {
        let Some(t) = doc.optional(&RETENTION) else {
            return Retention { raw_days: 30, ledger_days: 400, max_disk_mb: 256 };
        };
        Retention {
            raw_days: t.number("raw_days", 30, 0..=36_500),
            ledger_days: t.number("ledger_days", 400, 1..=36_500),
            max_disk_mb: t.number("max_disk_mb", 256, 16..=16_777_216),
        }
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&RETENTION);
        p.value("raw_days", self.raw_days);
        p.value("ledger_days", self.ledger_days);
        p.value("max_disk_mb", self.max_disk_mb);
    }
}

impl Log {
    pub(super) fn read(doc: &Document<'_>) -> Log {
        let Some(t) = doc.optional(&LOG) else { return Log { level: LogLevel::Info, format: LogFormat::Text } };
        Log { level: t.choice("level", LogLevel::Info, LEVELS), format: t.choice("format", LogFormat::Text, FORMATS) }
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&LOG);
        p.word("level", self.level, LEVELS);
        p.word("format", self.format, FORMATS);
    }
}
