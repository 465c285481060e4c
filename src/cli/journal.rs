//! `journal verify` and `journal export`: read-only, also on a stopped device.

use super::{failure::Failure, table};
use crate::{
    fs::RealFs,
    http,
    ledger::verify::{self, BadPlace, Report},
};
use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};
use vietqr_edge_core::event::JournalDamaged;

/// Verify or export the journal, without changing it
#[derive(Debug, clap::Args)]
pub(super) struct Journal {
    #[command(subcommand)]
    what: What,
    /// The state folder; default: the one the configuration names
    #[arg(long, value_name = "DIR", global = true)]
    state_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Check every line, and name the first bad one
    Verify {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Write every event as a CloudEvents document a line, accounts masked
    Export,
}

impl Journal {
    /// Writes the report, or the events.
    ///
    /// # Errors
    /// Exit 1 where the journal can not be read or a line is bad.
    pub(super) fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let state_dir = match &self.state_dir {
            Some(dir) => dir.clone(),
            None => super::socket::state_dir(config)?,
        };
        match self.what {
            What::Verify { json } => verify(&state_dir, json, out),
            What::Export => export(&state_dir, out),
        }
    }
}

fn verify(state_dir: &Path, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let unreadable = |e| Failure::failed(format!("the journal in {} can not be verified: {e}", state_dir.display()));
    let report = verify::verify(&RealFs, state_dir).map_err(unreadable)?;
    if json {
        writeln!(out, "{}", serde_json::to_string(&report).map_err(Failure::failed)?)?;
    } else {
        write(out, &report)?;
    }
    out.flush()?;
    match report.damages.first() {
        None => Ok(()),
        Some(BadPlace { line, damage: JournalDamaged { segment, reason, .. } }) => Err(Failure::failed(format!(
            "the first of {} bad places is {segment} line {line}: {reason}",
            report.damages.len()
        ))),
    }
}

fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let Report { segments, lines, first, last, head, torn_tail, damages } = report;
    writeln!(
        out,
        "{} in {}, events {first} to {last}",
        table::count(*lines, "line"),
        table::count(*segments, "segment")
    )?;
    writeln!(out, "head {head}")?;
    if *torn_tail {
        writeln!(out, "the last line was cut off before it was acknowledged; that is no damage")?;
    }
    for BadPlace { line, damage } in damages {
        let missing = match (damage.first_missing, damage.last_missing) {
            (Some(first), Some(last)) if first != last => format!(", events {first} to {last} are missing"),
            (Some(first), _) => format!(", event {first} is missing"),
            (None, _) => String::new(),
        };
        writeln!(out, "BAD {} line {line}, byte {}: {}{missing}", damage.segment, damage.offset, damage.reason)?;
    }
    if damages.is_empty() { writeln!(out, "every line is whole") } else { Ok(()) }
}

fn export(state_dir: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let mut written = Ok(());
    let read = verify::each_event(&RealFs, state_dir, |identity, recorded| {
        written = writeln!(out, "{}", http::document(identity, &recorded));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    written?;
    read.map_err(|e| Failure::failed(format!("the journal in {} can not be read: {e}", state_dir.display())))
}
