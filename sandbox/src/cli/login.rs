//! Where a command finds the broker.

use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;
use vietqr_edge_sandbox::certs::Pair;
use vietqr_edge_sandbox::folder::{self, Folder};
use vietqr_edge_sandbox::vietqr::CloudOptions;

/// The folder of a running `serve`.
#[derive(Args)]
pub(crate) struct Place {
    /// The folder of the running `serve` [default: the one that serve takes by default].
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Place {
    pub(crate) fn dir(&self) -> Result<PathBuf> {
        match &self.dir {
            Some(dir) => Ok(dir.clone()),
            None => folder::default_dir(),
        }
    }

    /// The socket at which `serve` takes orders.
    pub(crate) fn control(&self) -> Result<PathBuf> {
        Ok(folder::control_socket(&self.dir()?))
    }
}

/// The broker of a running `serve`, or another one.
#[derive(Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Another broker: mqtts://host:port, or mqtt://host:port.
    #[arg(long)]
    pub(crate) url: Option<String>,
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

impl Login {
    pub(crate) fn options(&self) -> Result<CloudOptions> {
        let Some(url) = &self.url else { return Folder::cloud_of(&self.place.dir()?) };
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

    /// The socket of a `serve` that takes orders. None: another broker, or a folder whose bank is not there.
    pub(crate) fn control(&self) -> Result<Option<PathBuf>> {
        let socket = self.place.control()?;
        Ok((self.url.is_none() && socket.exists()).then_some(socket))
    }
}
