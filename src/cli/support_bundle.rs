//! `support-bundle`: one file for whoever helps from far away.

use super::{client::Client, failure::Failure, socket, socket::Target, table};
use crate::{
    bundle::{Bundle, EVENTS, Told},
    clock::SystemClock,
    http::Status,
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Events asked for at once.
const PAGE: u64 = 500;

/// Write what support needs into one file, without secrets, whole accounts, or texts of banks and people
#[derive(Debug, clap::Args)]
pub(super) struct SupportBundle {
    #[command(flatten)]
    target: Target,
    /// The file, a tar; one that is there is not written over. Default: a new name in this folder
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
    next: u64,
}

impl SupportBundle {
    /// Writes the file, and names it.
    ///
    /// # Errors
    /// Exit 1 where it can not be written. What can not be collected is named in it.
    pub(super) async fn run(&self, config: &Path, version: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let told = self.ask(config).await;
        let state_dir = socket::state_dir(config).ok();
        let bundle = Bundle::collect(config, state_dir.as_deref(), told, &SystemClock::new());
        let name = name(&bundle);
        let file = self.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar")));
        let bytes = bundle.tar(&name, version);
        save(&file, &bytes).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => {
                Failure::failed(format!("{} is there already; name another file with --output", file.display()))
            }
            _ => Failure::failed(format!("cannot write {}: {e}", file.display())),
        })?;
        writeln!(out, "{} ({})", file.display(), table::bytes(bytes.len() as u64))?;
        for (part, why) in bundle.missing() {
            writeln!(out, "without {part}: {why}")?;
        }
        Ok(())
    }

    /// What the running daemon tells; a sentence where there is none.
    async fn ask(&self, config: &Path) -> Result<Told, String> {
        // Its error may quote the file.
        let client = Client::new(&self.target, config).map_err(|_| "the daemon's socket is not known".to_owned())?;
        let status: Status = client.get("/v1/status").await.map_err(|failure: Failure| failure.to_string())?;
        let events = events(&client, &status).await.ok();
        // Read by its own type: what a later version may add is not in it.
        let text = serde_json::to_string_pretty(&status).ok().map(|text| text + "\n");
        Ok(Told { status: text, metrics: client.text("/metrics").await.ok(), events })
    }
}

async fn events(client: &Client, status: &Status) -> Result<Vec<Value>, Failure> {
    let (oldest, last) = (status.events.oldest, status.events.last);
    let mut after = last.saturating_sub(EVENTS as u64).max(oldest.saturating_sub(1));
    let mut events = Vec::new();
    while after < last {
        let page: List = client.get(&format!("/v1/events?after={after}&limit={PAGE}")).await?;
        if page.items.is_empty() {
            break;
        }
        events.extend(page.items);
        after = page.next;
    }
    Ok(events)
}

/// `vietqr-edge-support-20261121-023005`
fn name(bundle: &Bundle) -> String {
    let digits: String = bundle.at().to_string().chars().filter(char::is_ascii_digit).collect();
    let (day, time) = digits.split_at(digits.len().min(8));
    format!("vietqr-edge-support-{day}-{}", time.get(..6).unwrap_or(time))
}

/// For its owner alone. What was half written is removed.
fn save(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut to = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = to.write_all(bytes).and_then(|()| to.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written
}
