//! `support-bundle`: what somebody far away needs to understand a device, and nothing that is the shop's or its customers' own.
//!
//! Redacted by construction: what goes in is chosen, nothing is taken out of a copy. Events are reduced to listed fields (`events`), the
//! configuration is printed from a copy in which accounts, holders and arguments are masked (`config`), the journal gives only its
//! verification, `raw/` only its sizes. At the end every part goes through a sieve that knows the configured secrets and accounts
//! (`sieve`): it should find nothing.
//!
//! Read-only: no lock is taken and nothing in the state folder is touched. A plain tar, written by hand (`tar`): small, and readable
//! with what every machine has.

mod config;
mod events;
mod files;
mod sieve;
mod system;
mod tar;

pub use sieve::Sieve;

use crate::{
    clock::Clock,
    config::{self as configuration, Config},
    fs::RealFs,
    http::document,
    ledger::verify,
    tls::build_time,
};
use serde_json::{Value, json};
use std::{fmt::Write, io, path::Path};
use vietqr_edge_core::time::Timestamp;

/// The last events that are put in.
pub const EVENTS: usize = 1000;
/// The journal is verified for at most so long and the rest of a segment, in milliseconds.
const READ_MS: u64 = 30_000;

const README: &str = "\
A support bundle of vietqr-edge. JSON is one document a file; events.jsonl is one event a line.

contents.json   when it was made, by which version; what is not in it, and why
config.toml     the effective configuration: secrets are names of files, accounts have their last four digits
check.json      what `vietqr-edge check` says
status.json     `vietqr-edge status`, where the daemon runs
metrics.txt     the same for Prometheus
events.jsonl    the last events, reduced to listed fields
journal.json    what `vietqr-edge journal verify` says
files.json      names and sizes in the state folder
system.json     kernel, memory, disk, clock

Left out on purpose: secrets, PINs and their hashes, tokens, checksums and signatures, whole account numbers, the bank's texts, the
reasons that people typed, what providers wrote, bodies of messages and calls, arguments of the voice's programs.
";

/// What a running daemon tells of itself.
#[derive(Debug, Default)]
pub struct Told {
    /// `/v1/status`.
    pub status: Option<String>,
    /// `/metrics`.
    pub metrics: Option<String>,
    /// The last events, as documents.
    pub events: Option<Vec<Value>>,
}

/// What is packed.
#[derive(Debug)]
pub struct Bundle {
    at: Timestamp,
    parts: Vec<(&'static str, Vec<u8>)>,
    missing: Vec<(&'static str, String)>,
}

impl Bundle {
    /// Collects everything. `told` is what the daemon told, or why it told nothing.
    pub fn collect(path: &Path, state_dir: Option<&Path>, told: Result<Told, String>, clock: &dyn Clock) -> Bundle {
        let mut bundle = Bundle { at: clock.now(), parts: Vec::new(), missing: Vec::new() };
        let loaded = Config::load(path).ok().map(|(config, _)| config);
        bundle.put(
            "config.toml",
            loaded.as_ref().map(config::print).ok_or_else(|| "it has errors: see check.json".into()),
        );
        bundle.json("check.json", Ok(&configuration::check(path, clock.now()).json()));

        let (told, silent) = match told {
            Ok(told) => (told, "the daemon did not tell it".to_owned()),
            Err(why) => (Told::default(), why),
        };
        bundle.put("status.json", told.status.ok_or_else(|| silent.clone()));
        bundle.put("metrics.txt", told.metrics.ok_or(silent));
        bundle.state(state_dir, told.events, clock);

        bundle.json("system.json", Ok(&system::facts(state_dir, clock.now(), build_time())));
        let sieve = Sieve::new(loaded.as_ref());
        for (_, bytes) in &mut bundle.parts {
            sieve.clean(bytes);
        }
        bundle
    }

    /// What is read of the state folder.
    fn state(&mut self, state_dir: Option<&Path>, events: Option<Vec<Value>>, clock: &dyn Clock) {
        let Some(dir) = state_dir else {
            let why = || "nothing names the state folder".to_owned();
            self.put("journal.json", Err(why()));
            self.put("files.json", Err(why()));
            return self.lines(events.ok_or_else(why));
        };
        let until = clock.monotonic_ms().saturating_add(READ_MS);
        let verified = verify::verify_with(&RealFs, dir, &mut || clock.monotonic_ms() < until);
        let whole = clock.monotonic_ms() < until;
        let report = verified.map(|report| json!({"read_whole": whole, "report": report}));
        self.json("journal.json", report.as_ref().map_err(ToString::to_string));
        let files = files::list(dir);
        self.json("files.json", files.as_ref().map_err(|e| format!("{}: {e}", dir.display())));
        let unreadable = |e: io::Error| format!("the journal in {} can not be read: {e}", dir.display());
        self.lines(events.map_or_else(|| last_events(dir).map_err(unreadable), Ok));
    }

    fn lines(&mut self, events: Result<Vec<Value>, String>) {
        let text = events.map(|events| {
            events.iter().map(events::reduce).fold(String::new(), |mut text, event| {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{event}");
                text
            })
        });
        self.put("events.jsonl", text);
    }

    fn put(&mut self, name: &'static str, text: Result<String, String>) {
        match text {
            Ok(text) => self.parts.push((name, text.into_bytes())),
            Err(why) => self.missing.push((name, why)),
        }
    }

    fn json(&mut self, name: &'static str, value: Result<&Value, String>) {
        self.put(name, value.map(|value| format!("{value:#}\n")));
    }

    /// What is not in it, and why.
    pub fn missing(&self) -> &[(&'static str, String)] {
        &self.missing
    }

    /// When it was begun.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// As a tar file whose entries lie in `folder`.
    pub fn tar(&self, folder: &str, version: &str) -> Vec<u8> {
        let missing: Vec<Value> = self.missing.iter().map(|(name, why)| json!({"file": name, "why": why})).collect();
        let contents = json!({"made_at": self.at, "version": version, "built_at": build_time(), "not_in_it": missing});
        let contents = format!("{contents:#}\n");
        let own = [("README.txt", README.as_bytes()), ("contents.json", contents.as_bytes())];
        let parts = self.parts.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        tar::pack(folder, self.at.secs(), own.into_iter().chain(parts))
    }
}

/// The last events of a folder's journal.
fn last_events(dir: &Path) -> io::Result<Vec<Value>> {
    let events = verify::last_events(&RealFs, dir, EVENTS)?;
    Ok(events.iter().map(|(identity, recorded)| document(identity, recorded)).collect())
}
