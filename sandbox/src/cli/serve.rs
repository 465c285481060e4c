//! `serve`: a broker and VietQR's HTTP interface for a device, until it is interrupted.

use anyhow::Result;
use clap::Args;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use vietqr_edge_sandbox::folder::{self, Folder, FolderOptions};
use vietqr_edge_sandbox::provider::{self, Control};
use vietqr_edge_sandbox::vietqr::http::HttpQuirk;

const PROGRAM: &str = "cargo run -p vietqr-edge-sandbox --";

#[derive(Args)]
pub(crate) struct Serve {
    /// Folder for certificates, passwords, sessions and agent.toml [default: one in the temporary folder].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// TCP port; 0 takes a free one.
    #[arg(long, default_value_t = 8883)]
    port: u16,
    /// TCP port of VietQR's HTTP interface; 0 takes a free one [default: 8444, or 0 with --port 0].
    #[arg(long)]
    http_port: Option<u16>,
    /// Seconds that a token is good.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    token_life: u64,
    /// Seconds that a payment answers E158 after a refund of it was taken on.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    refund_window: u64,
    /// A form that the answers of the HTTP interface take; may be given more than once.
    #[arg(long = "http-quirk", value_name = "QUIRK")]
    http_quirks: Vec<HttpQuirk>,
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
        Serve {
            dir: None,
            port: 8883,
            http_port: None,
            token_life: 300,
            refund_window: 30,
            http_quirks: Vec::new(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            hosts: Vec::new(),
            client_certs: false,
        }
    }
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let default = self.dir.is_none();
        let dir = match self.dir {
            Some(dir) => std::path::absolute(dir)?,
            None => folder::default_dir()?,
        };
        let options = FolderOptions {
            hosts: self.hosts,
            listen: self.listen,
            port: self.port,
            http_port: self.http_port.unwrap_or(if self.port == 0 { 0 } else { 8444 }),
            client_certs: self.client_certs,
        };
        let named = !options.hosts.is_empty();
        // Before anything in the folder is changed.
        provider::nobody_serves(&folder::control_socket(&dir))?;
        let mut folder = Folder::prepare(&dir, options)?;
        // Before anything is printed: who reads it may stop us at once.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut broker = folder.serve().await?;
        let http = folder.serve_http().await?;
        http.set(|settings| {
            settings.token_life = Duration::from_secs(self.token_life);
            settings.refund_window = Duration::from_secs(self.refund_window);
            settings.quirks = self.http_quirks;
        });
        let _control = Control::listen(&folder::control_socket(&dir), vec![http.obeys()])?;
        let (mut watch, mut calls) = (broker.watch(), http.watch());

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
VietQR's HTTP interface is {base_url}

{config}
# This configuration is in {file}. Try:

cargo run -- run --config {file}
{PROGRAM} pay --amount 25000{this}
{PROGRAM} pay --amount 25000 --fault duplicate{this}
{PROGRAM} sign-refund --ref REF --amount 25000 --request-id r-1 --wait 60{this}
{PROGRAM} fault refund process-and-close{this}
{PROGRAM} bank{this}
{PROGRAM} pay --help

A real device needs agent.toml, certs/ca.pem and secrets/ (not cloud-password){client} in one folder.
{hint}
Everything here is throw-away. Ctrl-C ends it.
"#,
            addr = broker.addr(),
            base_url = http.base_url(),
            dir = dir.display(),
            config = folder.agent_toml(),
            file = folder.config.display(),
            this = if default { String::new() } else { format!(" --dir {}", dir.display()) },
        )?;
        loop {
            tokio::select! {
                Some(call) = calls.next() => writeln!(out, "{} {call}", call.at.format("%H:%M:%S%.3fZ"))?,
                Some(seen) = watch.next() => writeln!(out, "{} {seen}", chrono::Utc::now().format("%H:%M:%S%.3fZ"))?,
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
            }
        }
        http.stop().await;
        broker.stop().await
    }
}
