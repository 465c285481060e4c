//! The daemon as a process of its own, and its commands.

use crate::Result;
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use serde::de::DeserializeOwned;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, Command};
use vietqr_edge::http::{Payment, Status};

/// The first argument of this part; the others are the daemon's own.
pub const PART: &str = "vietqr-edge";

/// The daemon promises to stop within 5 s.
const STOP: Duration = Duration::from_secs(6);

/// `vietqr.lookup_s` of the demo.
const LOOK_UPS_S: [u32; 3] = [2, 2, 3];

/// Lines of the log that are shown when something went wrong.
const LAST_LINES: usize = 12;

/// Is the daemon, or one of its commands: `vietqr-edge …`.
pub fn play(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // A demo that is killed leaves no daemon behind.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    vietqr_edge::cli::main_from(arguments)
}

/// The daemon with one configuration, running or not.
pub struct Daemon {
    config: PathBuf,
    log: PathBuf,
    child: Option<Child>,
}

impl Daemon {
    /// Not started yet. It logs to `log`.
    pub fn new(config: PathBuf, log: PathBuf) -> Daemon {
        Daemon { config, log, child: None }
    }

    /// Starts it; it is up when its socket answers.
    ///
    /// # Errors
    /// As the system says.
    pub fn start(&mut self) -> Result {
        let log = fs::OpenOptions::new().append(true).create(true).open(&self.log)?;
        let mut command = self.command(&["run"])?;
        // Ctrl-C is for the demo, which then stops the daemon in order.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn()?);
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// Where it does not run, or ended by itself.
    pub async fn kill(&mut self) -> Result {
        use std::os::unix::process::ExitStatusExt;
        let mut child = self.child.take().ok_or("the daemon does not run")?;
        child.start_kill()?;
        let status = child.wait().await?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            return Err(format!("the daemon had ended by itself ({status}){}", self.last_lines()).into());
        }
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Errors
    /// Where it does not end in time, or not with exit code 0.
    pub async fn stop(&mut self) -> Result {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        kill_process(pid.ok_or("the daemon has ended")?, Signal::TERM)?;
        match tokio::time::timeout(STOP, child.wait()).await {
            Ok(status) => self.expect_success("the daemon", status?),
            Err(_) => Err(format!("the daemon did not stop within {STOP:?}{}", self.last_lines()).into()),
        }
    }

    /// Waits until it ends, which it should not.
    pub async fn ended(&mut self) -> String {
        let status = match &mut self.child {
            Some(child) => child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string()),
            None => std::future::pending().await,
        };
        self.child = None;
        format!("the daemon ended ({status}){}", self.last_lines())
    }

    /// What a command prints.
    ///
    /// # Errors
    /// What it complains of.
    pub async fn ask(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments)?.stdin(Stdio::null()).output().await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim_end()).into())
    }

    /// `status`.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub async fn status(&self) -> Result<Status> {
        Ok(serde_json::from_str(&self.ask(&["status", "--format", "json"]).await?)?)
    }

    /// `payments`, at most 1000.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub async fn payments(&self) -> Result<Vec<Payment>> {
        #[derive(serde::Deserialize)]
        struct List {
            items: Vec<Payment>,
        }
        let list: List = serde_json::from_str(&self.ask(&["payments", "--json", "--limit", "1000"]).await?)?;
        Ok(list.items)
    }

    /// The data of all events of one type, oldest first.
    ///
    /// # Errors
    /// As [`Daemon::ask`].
    pub async fn events<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for line in self.ask(&["events", "--after", "0", "--json"]).await?.lines() {
            let mut document: serde_json::Value = serde_json::from_str(line)?;
            if document["type"] == kind {
                found.push(serde_json::from_value(document["data"].take())?);
            }
        }
        Ok(found)
    }

    /// The end of its log, for a report.
    pub fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
        last.iter().fold(String::from("\n   the last lines of its log:"), |report, line| report + "\n     " + line)
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(PART).args(arguments).arg("--config").arg(&self.config);
        Ok(command)
    }

    fn expect_success(&self, what: &str, status: ExitStatus) -> Result {
        if status.success() { Ok(()) } else { Err(format!("{what} failed ({status}){}", self.last_lines()).into()) }
    }
}

/// The configuration that the sandbox wrote, with the demo's own speaker in place of espeak-ng, and look-ups that a watcher can
/// wait for.
///
/// # Errors
/// Where it has no line to replace, or can not be written.
pub fn configure(config: &Path, said: &Path) -> Result {
    let speaker = [std::env::current_exe()?.as_path(), Path::new(super::speaker::PART), said].map(Path::to_path_buf);
    // A JSON array of strings is a TOML one too.
    let command = format!("command = {}", serde_json::to_string(&speaker)?);
    let text = fs::read_to_string(config)?;
    let old =
        text.lines().find(|line| line.starts_with("command = ")).ok_or("the configuration has no voice.command")?;
    let text = text.replace(old, &command);
    let look_ups = format!("[vietqr]\nlookup_s = {LOOK_UPS_S:?}\n");
    if !text.contains("[vietqr]\n") {
        return Err("the configuration has no [vietqr]".into());
    }
    Ok(fs::write(config, text.replace("[vietqr]\n", &look_ups))?)
}
