//! The program, run by a test.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use crate::device::within;
use anyhow::Context;
use std::path::Path;
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vietqr-edge-sandbox"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub(crate) async fn run(args: &[&str], dir: &Path) -> Output {
    within("end", async { Ok(program().args(args).arg("--dir").arg(dir).output().await?) }).await.unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `serve` on a free port: the process, the rest of its output, and the port that it printed.
pub(crate) async fn serve(dir: &Path, args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>, u16) {
    let mut child = program().args(["serve", "--port", "0", "--dir"]).arg(dir).args(args).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = within("last line", async {
        let mut port = None;
        while let Some(line) = lines.next_line().await? {
            port =
                port.or_else(|| line.strip_prefix("The broker listens on 127.0.0.1:")?.split(' ').next()?.parse().ok());
            if line.contains("Ctrl-C") {
                return port.context("no port");
            }
        }
        anyhow::bail!("serve ended")
    });
    let port = port.await.unwrap();
    (child, lines, port)
}
