//! `serve`: a broker and the providers for a device, until it is interrupted.

use super::serve_options::{QfpayArgs, VietqrArgs, VnpayArgs};
use anyhow::Result;
use clap::Args;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use vietqr_edge_sandbox::folder::{self, Folder, FolderOptions};
use vietqr_edge_sandbox::provider::{self, Control};

const PROGRAM: &str = "cargo run -p vietqr-edge-sandbox --";
const TIME: &str = "%H:%M:%S%.3fZ";

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
    #[command(flatten)]
    vietqr: VietqrArgs,
    #[command(flatten)]
    vnpay: VnpayArgs,
    #[command(flatten)]
    qfpay: QfpayArgs,
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
            http_port: self.vietqr.http_port.unwrap_or(if self.port == 0 { 0 } else { 8444 }),
            vnpay_port: self.vnpay.port.unwrap_or(if self.port == 0 { 0 } else { 8445 }),
            qfpay_port: self.qfpay.port.unwrap_or(if self.port == 0 { 0 } else { 8446 }),
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
        let (vnpay, qfpay) = (folder.serve_vnpay().await?, folder.serve_qfpay().await?);
        http.set(|settings| self.vietqr.apply(settings));
        vnpay.set(|settings| self.vnpay.apply(settings));
        qfpay.set(|settings| self.qfpay.apply(settings));
        let all = vec![http.obeys(), vnpay.obeys(), qfpay.obeys()];
        let _control = Control::listen(&folder::control_socket(&dir), all)?;
        let (mut watch, mut calls) = (broker.watch(), http.watch());
        let (mut vnpay_calls, mut qfpay_calls) = (vnpay.watch(), qfpay.watch());

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
VNPAY is {vnpay_url}
QFPay is {qfpay_url}

{config}
# This configuration is in {file}. Try:

cargo run -- run --config {file}
{PROGRAM} pay --amount 25000{this}
{PROGRAM} pay --amount 25000 --fault duplicate{this}
{PROGRAM} sign-refund --ref REF --amount 25000 --request-id r-1 --wait 60{this}
{PROGRAM} fault refund process-and-close{this}
{PROGRAM} bank{this}
{PROGRAM} pay vnpay --amount 100000{this}
{PROGRAM} pay qfpay --amount 1000{this}
{PROGRAM} pay --help

A real device needs agent.toml, certs/ca.pem and secrets/ (not cloud-password){client} in one folder.
{hint}
Everything here is throw-away. Ctrl-C ends it.
"#,
            addr = broker.addr(),
            base_url = http.base_url(),
            vnpay_url = vnpay.url(),
            qfpay_url = qfpay.base_url(),
            dir = dir.display(),
            config = folder.agent_toml(),
            file = folder.config.display(),
            this = if default { String::new() } else { format!(" --dir {}", dir.display()) },
        )?;
        loop {
            tokio::select! {
                Some(call) = calls.next() => writeln!(out, "{} vietqr {call}", call.at.format(TIME))?,
                Some(call) = vnpay_calls.next() => writeln!(out, "{} vnpay {call}", call.at.format(TIME))?,
                Some(call) = qfpay_calls.next() => writeln!(out, "{} qfpay {call}", call.at.format(TIME))?,
                Some(seen) = watch.next() => writeln!(out, "{} {seen}", chrono::Utc::now().format(TIME))?,
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
            }
        }
        http.stop().await;
        vnpay.stop().await;
        qfpay.stop().await;
        broker.stop().await
    }
}
