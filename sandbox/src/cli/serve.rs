//! `serve`: a broker for a device, until it is interrupted.

use anyhow::Result;
use clap::Args;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use vietqr_edge_sandbox::folder::{self, Folder, FolderOptions};

const PROGRAM: &str = "cargo run -p vietqr-edge-sandbox --";

#[derive(Args)]
pub(crate) struct Serve {
    /// Folder for certificates, passwords, sessions and agent.toml [default: one in the temporary folder].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8883)]
    port: u16,
    /// Address to listen on; 0.0.0.0 for devices on the network.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Name or address by which a device reaches this machine; may be given more than once.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Ask devices for a certificate (mutual TLS).
    #[arg(long)]
    client_certs: bool,
}

impl Default for Serve {
    fn default() -> Serve {
        Serve { dir: None, port: 8883, listen: IpAddr::V4(Ipv4Addr::LOCALHOST), hosts: Vec::new(), client_certs: false }
    }
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let default = self.dir.is_none();
        let dir = match self.dir {
            Some(dir) => std::path::absolute(dir)?,
            None => folder::default_dir()?,
        };
        let options =
            FolderOptions { hosts: self.hosts, listen: self.listen, port: self.port, client_certs: self.client_certs };
        let named = !options.hosts.is_empty();
        let mut folder = Folder::prepare(&dir, options)?;
        // Before anything is printed: who reads it may stop us at once.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut broker = folder.serve().await?;
        let mut watch = broker.watch();

        let client = if self.client_certs { ", certs/client.pem, certs/client.key" } else { "" };
        let hint = if self.listen.is_loopback() {
            "Only this machine reaches the broker; for others: serve --listen 0.0.0.0 --host NAME"
        } else if !named {
            "The certificate is for localhost; for other machines: serve --host NAME"
        } else {
            "Who reaches this port can read and publish with the passwords of this folder."
        };
        let mut out = std::io::stdout();
        writeln!(
            out,
            r#"The broker listens on {addr} (TLS). Its folder is {dir}

{config}
# This configuration is in {file}. Try:

cargo run -- run --config {file}
{PROGRAM} pay --amount 25000{this}
{PROGRAM} pay --amount 25000 --fault duplicate{this}
{PROGRAM} pay --help

A real device needs agent.toml, certs/ca.pem, secrets/mqtt-password{client} in one folder.
{hint}
Everything here is throw-away. Ctrl-C ends it.
"#,
            addr = broker.addr(),
            dir = dir.display(),
            config = folder.agent_toml(),
            file = folder.config.display(),
            this = if default { String::new() } else { format!(" --dir {}", dir.display()) },
        )?;
        loop {
            tokio::select! {
                Some(seen) = watch.next() => writeln!(out, "{} {seen}", chrono::Utc::now().format("%H:%M:%S%.3fZ"))?,
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
            }
        }
        broker.stop().await
    }
}
