//! `serve`: a broker for a device, until it is interrupted.

use anyhow::Result;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use tokio::signal::unix::{SignalKind, signal};
use vietqr_edge_sandbox::folder::{self, Folder, FolderOptions};
use vietqr_edge_sandbox::mqtt::{Broker, BrokerOptions};

#[derive(Args)]
pub(crate) struct Serve {
    /// Folder for certificates, passwords, sessions and agent.toml [default: one in the temporary folder].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// TCP port.
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
        let options = FolderOptions { hosts: self.hosts, port: self.port, client_certs: self.client_certs };
        let reachable = !options.hosts.is_empty();
        let folder = Folder::prepare(&dir, options)?;
        let mut broker = Broker::start(BrokerOptions { listen: self.listen, ..folder.broker() }).await?;
        let mut watch = broker.watch();
        // Before anything is printed: who reads it may stop us at once.
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);

        let this = if default { String::new() } else { format!(" --dir {}", dir.display()) };
        let program = "cargo run -p vietqr-edge-sandbox --";
        println!("The broker listens on {} (TLS). Its folder is {}\n", broker.addr(), dir.display());
        println!("{}", folder.agent_toml());
        println!("# This configuration is in {}. Try:\n", folder.config.display());
        println!("cargo run -- run --config {}", folder.config.display());
        println!("{program} pay --amount 25000{this}");
        println!("{program} pay --amount 25000 --fault duplicate{this}");
        println!("{program} pay --help\n");
        let client = if self.client_certs { ", certs/client.pem, certs/client.key" } else { "" };
        println!("A real device needs agent.toml, certs/ca.pem, secrets/mqtt-password{client} in one folder.");
        if self.listen.is_loopback() {
            println!("Only this machine reaches the broker; for others: serve --listen 0.0.0.0 --host NAME");
        } else if !reachable {
            println!("The certificate is for localhost; for other machines: serve --host NAME");
        }
        println!("Everything here is throw-away. Ctrl-C ends it.\n");
        loop {
            tokio::select! {
                Some(seen) = watch.next() => println!("{} {seen}", chrono::Utc::now().format("%H:%M:%S%.3fZ")),
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
            }
        }
        broker.stop().await
    }
}
