//! `status`: how the daemon is.

use super::{client::Client, failure::Failure, socket::Target, table};
use crate::{
    config::SOON_DAYS,
    http::{self, Held, LinkState},
};
use std::{
    io::{self, Write},
    path::Path,
};
use vietqr_edge_core::{event::Reason, time::Timestamp};

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
    line("money in", format!("{}, {}", table::count(totals.credits, "payment"), table::amount(totals.credited)))?;
    match &status.last_credit {
        Some(last) => {
            let id = last.payment.map_or(String::new(), |id| format!("{id}, "));
            line("", format!("last {id}received {}", since(last.received_at)))?;
        }
        None => line("", "none yet".to_owned())?,
    }
    if totals.debits > 0 {
        line("money out", format!("{} that VietQR told of", table::count(totals.debits, "payment")))?;
    }
    let refunds: Vec<String> = status.refunds.iter().map(|(state, n)| format!("{n} {state}")).collect();
    line("refunds", if refunds.is_empty() { "none".to_owned() } else { refunds.join(", ") })?;
    line("repeats", format!("{} came again and changed nothing", table::count(totals.repeats, "notice")))?;
    line("quarantine", quarantine(totals))?;
    line("voice", voice(status))?;
    let held = match status.events {
        Held { last: 0, .. } => "none yet".to_owned(),
        Held { oldest, last } => format!("{oldest} to {last}"),
    };
    line("events", held)?;
    let disk = &status.disk;
    let full = match (disk.full, disk.low) {
        (true, _) => "FULL: nothing is stored or acknowledged; ",
        (false, true) => "LOW: soon nothing will be stored or acknowledged; ",
        (false, false) => "",
    };
    let (journal, free) = (table::bytes(disk.journal_bytes), table::bytes(disk.free_bytes));
    // Files are what hinders on some small file systems only.
    let files = disk.free_files.filter(|_| disk.full || disk.low);
    let files = files.map_or(String::new(), |files| format!(" and {}", table::count(files, "file")));
    line("disk", format!("{full}journal {journal} in {}, {free}{files} free", table::count(disk.segments, "segment")))?;
    if totals.damaged > 0 {
        line(
            "damage",
            format!("{} of the journal unreadable: vietqr-edge journal verify", table::count(totals.damaged, "place")),
        )?;
    }
    let behind = if status.clock.behind { "  WRONG: earlier than a time already confirmed" } else { "" };
    line("clock", format!("{} at +07:00{behind}", table::exact_time(now)))?;
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
        match link.tries {
            0 => {}
            1 => text.push_str(", 1 try"),
            n => text.push_str(&format!(", {n} tries")),
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
    if all == 0 {
        "nothing was set aside".to_owned()
    } else {
        format!("{}: {}", table::count(all, "message"), reasons.join(", "))
    }
}

fn voice(status: &http::Status) -> String {
    let (voice, totals) = (&status.voice, &status.totals);
    let mut text =
        format!("{}, {}, {} left out", voice.mode, table::count(totals.announced, "announcement"), totals.skipped);
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
