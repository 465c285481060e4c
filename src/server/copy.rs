//! A store that has grown is copied by a process of its own, before it is opened: what the copying takes of memory ends with it.

use crate::{fs::RealFs, ledger::compact};
use std::{path::Path, process::Stdio, sync::Arc, time::Duration};
use tokio::{process::Command, time::timeout};

/// The command of this program that copies; for nobody else.
pub const COMMAND: &str = "copy-store";
/// A store of this device is copied within seconds; the daemon must start.
const LIMIT: Duration = Duration::from_secs(60);

/// Copies the store if it has grown. Where that fails it is used as it is.
pub(super) async fn if_grown(state_dir: &Path) {
    if !compact::has_grown(&RealFs, state_dir) {
        return;
    }
    // The program that runs, also where its file was replaced.
    let mut copying = Command::new("/proc/self/exe");
    copying.arg(COMMAND).arg(state_dir).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    match timeout(LIMIT, copying.status()).await {
        Ok(Ok(status)) if status.success() => tracing::info!("the store had grown and was copied"),
        Ok(Ok(status)) => tracing::warn!(%status, "the store has grown and is used as it is: it was not copied"),
        Ok(Err(error)) => tracing::warn!(%error, "the store has grown and is used as it is"),
        Err(_) => tracing::warn!("the store has grown and is used as it is: copying it took too long"),
    }
}

/// What the process does that copies.
///
/// # Errors
/// Why there is no copy, for people.
pub fn copy(state_dir: &Path) -> Result<(), String> {
    // Without the daemon that asked for it, another one may open the store at any time.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(|error| error.to_string())?;
    compact::copy(&(Arc::new(RealFs) as _), state_dir).map_err(|error| error.to_string())
}
