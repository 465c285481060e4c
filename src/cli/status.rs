//! `status`: how the daemon is.

use super::{client::Client, failure::Failure, socket::Target, table};
use crate::http::{self, LinkState};
use std::{
    io::{self, Write},
    path::Path,
};
use vietqr_edge_core::{event::Reason, time::Timestamp};

/// Certificates with fewer days left are pointed out.
const SOON_DAYS: i64 = 30;

/// Show how the daemon is
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: Target,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: GET /v1/status
    Json,
    /// For Prometheus: GET /metrics
    Prometheus,
}

impl Status {
    /// Writes it.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        match self.format {
            Format::Text => write(out, &client.get("/v1/status").await?)?,
            Format::Json => writeln!(out, "{}", client.text("/v1/status").await?)?,
            Format::Prometheus => write!(out, "{}", client.text("/metrics").await?)?,
        }
        Ok(())
    }
}

fn write(out: &mut dyn Write, status: &http::Status) -> io::Result<()> {
    let now = status.clock.now;
    let since = |at: Timestamp| format!("{} ({})", table::time(at), table::span(now.millis_since(at)));
    let mut line = |name: &str, text: String| writeln!(out, "{name:<12} {text}");
    line("device", format!("{}, journal {}", table::plain(&status.device, 32), status.journal))?;
    line("daemon", format!("vietqr-edge {}, running since {}", status.version, since(status.started_at)))?;
    line("link", link(&status.link, since))?;
    if let Some(at) = status.link.last_message {
        line("", format!("last message {}", since(at)))?;
    }
    let totals = &status.totals;
    line("money in", format!("{} payments, {}", totals.credits, table::amount(totals.credited)))?;
    match &status.last_credit {
        Some(last) => {
            let id = last.payment.map_or(String::new(), |id| format!("{id}, "));
            line("", format!("last {id}received {}", since(last.received_at)))?;
        }
        None => line("", "none yet".to_owned())?,
    }
    line("money out", format!("{} payments", totals.debits))?;
    line("repeats", format!("{} notices came again and changed nothing", totals.repeats))?;
    line("quarantine", quarantine(totals))?;
    line("voice", voice(status))?;
    line("events", format!("{} to {}", status.events.oldest, status.events.last))?;
    let disk = &status.disk;
    let full = if disk.full { "FULL: nothing is stored or acknowledged; " } else { "" };
    let (journal, free) = (table::bytes(disk.journal_bytes), table::bytes(disk.free_bytes));
    line("disk", format!("{full}journal {journal} in {} segments, {free} free", disk.segments))?;
    if totals.damaged > 0 {
        line("damage", format!("{} unreadable places in the journal: vietqr-edge journal verify", totals.damaged))?;
    }
    let behind = if status.clock.behind { "  WRONG: earlier than a time already confirmed" } else { "" };
    line("clock", format!("{}{behind}", table::exact_time(now)))?;
    for certificate in &status.certificates {
        let days = certificate.days_left;
        let text = match days {
            ..0 => format!("EXPIRED {}", table::exact_time(certificate.not_after)),
            0..SOON_DAYS => format!("{days} days left: replace it soon"),
            _ => format!("{days} days left"),
        };
        line("certificate", format!("{}: {text}", certificate.key))?;
    }
    Ok(())
}

fn link(link: &http::Link, since: impl Fn(Timestamp) -> String) -> String {
    let state = match link.state {
        LinkState::Up => "up",
        LinkState::Connecting => "connecting",
        LinkState::Down => "DOWN",
    };
    let since = link.since.map_or(String::new(), |at| format!(" since {}", since(at)));
    let mut text = format!("{state}{since}, {}", table::plain(&link.broker, 80));
    if link.state != LinkState::Up {
        if link.tries > 0 {
            text.push_str(&format!(", {} tries", link.tries));
        }
        if let Some(reason) = &link.reason {
            text.push_str(&format!(": {}", table::plain(reason, 300)));
        }
    }
    text
}

fn quarantine(totals: &http::Totals) -> String {
    let all: u64 = totals.quarantined.values().fold(0, |sum, n| sum.saturating_add(*n));
    let by_reason = |(reason, n): (&Reason, &u64)| format!("{} {n}", reason.as_str());
    let reasons: Vec<String> = totals.quarantined.iter().map(by_reason).collect();
    if all == 0 { "nothing was set aside".to_owned() } else { format!("{all} messages: {}", reasons.join(", ")) }
}

fn voice(status: &http::Status) -> String {
    let (voice, totals) = (&status.voice, &status.totals);
    let mut text = format!("{}, {} announcements, {} left out", voice.mode, totals.announced, totals.skipped);
    if voice.speaking {
        text.push_str(", speaking");
    }
    if totals.announce_failed > 0 {
        text.push_str(&format!(", {} failed", totals.announce_failed));
    }
    if let Some(error) = &voice.last_error {
        text.push_str(&format!("; last error: {}", table::plain(error, 300)));
    }
    text
}
