//! `pay`: payments as VietQR tells of them.

use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use vietqr_edge_sandbox::certs::Pair;
use vietqr_edge_sandbox::folder::{self, Folder};
use vietqr_edge_sandbox::vietqr::{Bdsd, Cloud, CloudOptions, Fault, Publish, Quirk};

#[derive(Args)]
pub(crate) struct Pay {
    /// Đồng.
    #[arg(long)]
    amount: u64,
    /// The terminal whose topic tells of it.
    #[arg(long, default_value = "VVB123456")]
    terminal: String,
    /// bankAccount.
    #[arg(long, default_value = "1234567890")]
    account: String,
    /// referenceNumber [default: a new one for each payment].
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// orderId.
    #[arg(long)]
    order: Option<String>,
    /// content.
    #[arg(long)]
    content: Option<String>,
    /// Paid this many seconds ago.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    late: u32,
    /// A form that the message takes; may be given more than once.
    #[arg(long = "quirk", value_name = "QUIRK")]
    quirks: Vec<Quirk>,
    /// What goes wrong.
    #[arg(long)]
    fault: Option<Fault>,
    /// How many payments, one after the other.
    #[arg(long, default_value_t = 1)]
    times: u32,
    /// The folder of the running `serve` [default: the one that serve takes by default].
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Another broker: mqtts://host:port, or mqtt://host:port.
    #[arg(long)]
    url: Option<String>,
    /// With --url: the CA file.
    #[arg(long, requires = "url")]
    ca: Option<PathBuf>,
    /// With --url: the certificate to show.
    #[arg(long, requires = "url", requires = "key")]
    cert: Option<PathBuf>,
    /// With --url: the key of --cert.
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
    /// With --url: the name to log in with.
    #[arg(long, requires = "url", requires = "password_file")]
    user: Option<String>,
    /// With --url: the file with the password.
    #[arg(long, requires = "user")]
    password_file: Option<PathBuf>,
}

impl Pay {
    pub(crate) async fn run(self) -> Result<()> {
        let options = self.login()?;
        let cloud = Cloud::connect_with(options).await?;
        let mut out = std::io::stdout();
        for _ in 0..self.times {
            let bdsd = self.bdsd();
            let publishes = self.fault.map_or_else(|| vec![Publish::from(&bdsd)], |fault| fault.publishes(&bdsd));
            for publish in publishes {
                let body = String::from_utf8_lossy(&publish.body);
                let shown = body.chars().take(400).collect::<String>();
                let line = format!("{} {} bytes {shown}", publish.topic, publish.body.len());
                cloud.publish(publish).await?;
                writeln!(out, "{line}")?;
            }
        }
        cloud.close().await;
        Ok(())
    }

    fn login(&self) -> Result<CloudOptions> {
        let Some(url) = &self.url else {
            let dir = match &self.dir {
                Some(dir) => dir.clone(),
                None => folder::default_dir()?,
            };
            return Folder::cloud_of(&dir);
        };
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => {
                let password =
                    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
                Some((user.clone(), password.trim_end_matches(['\r', '\n']).to_string()))
            }
            _ => None,
        };
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(Pair { cert: cert.clone(), key: key.clone() }),
            _ => None,
        };
        Ok(CloudOptions { url: url.clone(), ca: self.ca.clone(), client, login })
    }

    fn bdsd(&self) -> Bdsd {
        let mut bdsd = Bdsd::credit(self.amount).terminal(&self.terminal).account(&self.account).late(self.late);
        if let Some(reference) = &self.reference {
            bdsd = bdsd.reference(reference);
        }
        if let Some(order) = &self.order {
            bdsd = bdsd.order(order);
        }
        if let Some(content) = &self.content {
            bdsd = bdsd.content(content);
        }
        self.quirks.iter().fold(bdsd, |bdsd, quirk| bdsd.quirk(*quirk))
    }
}
