//! For whoever looks after devices: `check --online` and `support-bundle`, the real program beside the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bundle;
mod check_online;
#[path = "../refund/daemon.rs"]
#[allow(dead_code)]
mod daemon;
#[path = "../support/mod.rs"]
mod support;

use std::{
    path::Path,
    process::{Command, Output},
};

mod shop {
    /// Nothing in a test takes longer.
    pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
}

/// The program with this configuration, until it ends.
fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(daemon::binary());
    command.current_dir(config.parent().unwrap()).arg("--config").arg(config).args(arguments).output().unwrap()
}
