//! `check`: every problem of the configuration; with `--online` also of what it names.

use super::{client::Client, failure::Failure, socket::Target};
use crate::{
    clock::{Clock, SystemClock},
    config::{self, Config},
    http::Status,
    probe::{self, Grade, Step},
};
use std::{io::Write, path::Path, sync::Arc, time::Duration};

/// For the running daemon to say how it is.
const DAEMON: Duration = Duration::from_secs(3);

/// Find every problem of the configuration, and of what it names
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// Also try what it names: DNS, TCP, TLS, days left of certificates, broker login and subscriptions, VietQR's token, clock,
    /// disk, speaker. Disturbs no running daemon, moves no money, says nothing
    #[arg(long)]
    online: bool,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Writes the report.
    ///
    /// # Errors
    /// Exit 78 where it has errors.
    pub(super) fn run(&self, path: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let clock = Arc::new(SystemClock::new());
        let offline = config::check(path, clock.now());
        if !self.online {
            let (passed, json) = (offline.passed(), offline.json());
            return self.write(out, &offline.to_string(), &json, passed);
        }
        let steps = match Config::load(path) {
            Ok((config, _)) => try_all(&config, path, clock)?,
            Err(_) => vec![Step {
                grade: Grade::NotTried,
                target: "online",
                step: "all",
                message: "the configuration has errors".to_owned(),
                hint: None,
            }],
        };
        let report = probe::Report { offline, steps };
        self.write(out, &report.to_string(), &report.json(), report.passed())
    }

    fn write(&self, out: &mut dyn Write, text: &str, json: &serde_json::Value, passed: bool) -> Result<(), Failure> {
        if self.json {
            writeln!(out, "{json}")?
        } else {
            write!(out, "{text}")?
        }
        out.flush()?;
        let what = if self.online { "there are errors" } else { "the configuration has errors" };
        if passed { Ok(()) } else { Err(Failure::config(what)) }
    }
}

fn try_all(config: &Config, path: &Path, clock: Arc<SystemClock>) -> Result<Vec<Step>, Failure> {
    // A second call finds it installed; every TLS client of ours names the provider anyway.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::failed(format!("cannot start: {e}")))?;
    let steps = runtime.block_on(async {
        let daemon = daemon(path).await;
        probe::probe(config, daemon.as_ref().map_err(Clone::clone), clock).await
    });
    // A look-up of a name may hang for longer than we wait for it.
    runtime.shutdown_background();
    Ok(steps)
}

/// How the running daemon is, or why that can not be told.
async fn daemon(path: &Path) -> Result<Status, String> {
    let target = Target::default();
    let client = Client::new(&target, path).map_err(|failure| failure.to_string())?;
    match tokio::time::timeout(DAEMON, client.get("/v1/status")).await {
        Ok(answer) => answer.map_err(|failure: Failure| failure.to_string()),
        Err(_) => Err(format!("the daemon did not answer within {} s", DAEMON.as_secs())),
    }
}
