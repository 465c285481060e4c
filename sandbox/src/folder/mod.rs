//! One folder with all that a sandbox and its device need: certificates, passwords, and the daemon's configuration.
//!
//! | path | is |
//! |---|---|
//! | `agent.toml` | the daemon's configuration; its paths are relative |
//! | `certs/` | [`Certs`] |
//! | `secrets/mqtt-password` | the device's password |
//! | `secrets/cloud-password` | the password of VietQR's side |
//! | `secrets/vietqr-password`, `secrets/vietqr-refund` | the device's login at VietQR's HTTP interface, the key of refund checksums |
//! | `secrets/vnpay` | the key of VNPAY's hashes |
//! | `secrets/qfpay` | QFPay's client key |
//! | `secrets/refund-request` | the key of refund requests over MQTT |
//! | `control.sock` | where a running `serve` takes orders |
//! | `broker/` | the broker's sessions |
//! | `state/` | the daemon's, if it is run from here |

mod providers;

pub use providers::PARTNER_USER;

use crate::certs::{Certs, Pair};
use crate::files;
use crate::mqtt::{Broker, BrokerOptions, Endpoint};
use crate::random;
use crate::vietqr::CloudOptions;
use anyhow::{Context, Result, bail};
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io::ErrorKind};

/// The login of the device.
pub const DEVICE_USER: &str = "shop";
/// The login of VietQR's side.
pub const CLOUD_USER: &str = "vietqr";

/// What a folder is prepared for.
#[derive(Clone, Debug)]
pub struct FolderOptions {
    /// Names or addresses by which devices reach the broker, beside localhost. The first one is in the configuration.
    pub hosts: Vec<String>,
    /// The address that the broker listens on.
    pub listen: IpAddr,
    /// The broker's port; 0: a free one.
    pub port: u16,
    /// The port of VietQR's HTTP interface; 0: a free one.
    pub http_port: u16,
    /// The port of VNPAY; 0: a free one.
    pub vnpay_port: u16,
    /// The port of QFPay; 0: a free one.
    pub qfpay_port: u16,
    /// Whether the broker asks devices for a certificate.
    pub client_certs: bool,
}

impl Default for FolderOptions {
    fn default() -> FolderOptions {
        FolderOptions {
            hosts: Vec::new(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8883,
            http_port: 0,
            vnpay_port: 0,
            qfpay_port: 0,
            client_certs: false,
        }
    }
}

/// A folder that has been prepared. It is left behind.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is.
    pub dir: PathBuf,
    /// The configuration of a daemon for this sandbox; there once it serves.
    pub config: PathBuf,
    /// Its certificates.
    pub certs: Certs,
    device_password: String,
    cloud_password: String,
    partner_password: String,
    refund_secret: String,
    vnpay_secret: String,
    qfpay_key: String,
    /// What providers that serve have added to the configuration.
    sections: Vec<String>,
    options: FolderOptions,
}

impl Folder {
    /// Prepares `dir`. A CA and passwords that are there already are kept, so that a device goes on trusting them.
    ///
    /// # Errors
    /// Where the folder is not ours, or something cannot be read or written.
    pub fn prepare(dir: &Path, options: FolderOptions) -> Result<Folder> {
        files::make_dir(dir)?;
        ours(dir)?;
        let secrets = dir.join("secrets");
        files::make_dir(&secrets)?;
        password(&secrets.join("refund-request"))?;
        Ok(Folder {
            dir: dir.to_path_buf(),
            config: dir.join("agent.toml"),
            certs: Certs::open_or_create(&dir.join("certs"), &options.hosts)?,
            device_password: password(&secrets.join("mqtt-password"))?,
            cloud_password: password(&secrets.join("cloud-password"))?,
            partner_password: password(&secrets.join("vietqr-password"))?,
            refund_secret: password(&secrets.join("vietqr-refund"))?,
            vnpay_secret: password(&secrets.join("vnpay"))?,
            qfpay_key: password(&secrets.join("qfpay"))?,
            sections: Vec::new(),
            options,
        })
    }

    /// Starts the broker of this folder, and writes the configuration for it.
    ///
    /// # Errors
    /// As for [`Broker::start`], or where the configuration cannot be written.
    pub async fn serve(&mut self) -> Result<Broker> {
        let broker = Broker::start(self.broker()).await?;
        self.options.port = broker.addr().port();
        files::write_public(&self.config, &self.agent_toml())?;
        Ok(broker)
    }

    /// The key of refund requests over MQTT; its file's stem is the `kid`.
    pub fn request_key(&self) -> PathBuf {
        request_key(&self.dir)
    }

    fn host(&self) -> &str {
        self.options.hosts.first().map_or("localhost", String::as_str)
    }

    fn broker(&self) -> BrokerOptions {
        BrokerOptions {
            tls: Some(self.certs.server.clone()),
            client_ca: self.options.client_certs.then(|| self.certs.ca.clone()),
            users: vec![
                (DEVICE_USER.to_string(), self.device_password.clone()),
                (CLOUD_USER.to_string(), self.cloud_password.clone()),
            ],
            persistent: Some(self.dir.join("broker")),
            listen: self.options.listen,
            port: self.options.port,
            ..BrokerOptions::default()
        }
    }

    /// How VietQR's side logs in to the broker of this folder, on this machine, once it serves.
    pub fn cloud(&self) -> CloudOptions {
        CloudOptions {
            url: format!("mqtts://localhost:{}", self.options.port),
            ca: Some(self.certs.ca.clone()),
            client: self.options.client_certs.then(|| self.certs.client.clone()),
            login: Some((CLOUD_USER.to_string(), self.cloud_password.clone())),
        }
    }

    /// How VietQR's side logs in to the broker that was last served from `dir`.
    ///
    /// # Errors
    /// Where `dir` was never prepared.
    pub fn cloud_of(dir: &Path) -> Result<CloudOptions> {
        let config = dir.join("agent.toml");
        let text = fs::read_to_string(&config).with_context(|| {
            format!("{}: expected the folder of a running `serve`, which --dir names", dir.display())
        })?;
        ours(dir)?;
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='));
            line.and_then(|rest| rest.split('"').nth(1)).map(str::to_string)
        };
        let url = value("url").with_context(|| format!("{}: expected mqtt.url", config.display()))?;
        let port = url.parse::<Endpoint>()?.port;
        let certs = dir.join("certs");
        let client =
            value("client_cert_file").map(|_| Pair { cert: certs.join("client.pem"), key: certs.join("client.key") });
        let password = password(&dir.join("secrets/cloud-password"))?;
        Ok(CloudOptions {
            url: format!("mqtts://localhost:{port}"),
            ca: Some(certs.join("ca.pem")),
            client,
            login: Some((CLOUD_USER.to_string(), password)),
        })
    }

    /// The text of `agent.toml`.
    pub fn agent_toml(&self) -> String {
        let host = self.host();
        let mut text = format!(
            r#"# For the sandbox of vietqr-edge. Throw-away: the keys beside this file protect nothing.
[device]
id = "sandbox-1"
state_dir = "state"

[mqtt]
url = "mqtts://{host}:{port}"
username = "{DEVICE_USER}"
password_file = "secrets/mqtt-password"
ca_file = "certs/ca.pem"
"#,
            port = self.options.port
        );
        if self.options.client_certs {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "client_cert_file = \"certs/client.pem\"\nclient_key_file = \"certs/client.key\"");
        }
        text.push_str(
            r#"
[[account]]
bank_code = "MB"
bank_account = "1234567890"
holder = "NGUYEN VAN A"

[[terminal]]
code = "VVB123456"
account = "1234567890"
label = "Quầy 1"

[voice]
mode = "full"
dialect = "north"
command = ["espeak-ng", "-v", "vi", "--stdin"]
"#,
        );
        text.extend(self.sections.iter().map(String::as_str));
        text
    }
}

/// The socket at which a `serve` of this folder takes orders.
pub fn control_socket(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}

/// The key of refund requests in a folder.
pub fn request_key(dir: &Path) -> PathBuf {
    dir.join("secrets/refund-request")
}

/// The folder that is used when none is named: the same one at every start, one for each user of the machine.
///
/// # Errors
/// Where the temporary folder cannot be written.
pub fn default_dir() -> Result<PathBuf> {
    let probe = tempfile::tempfile().context("cannot write to the temporary folder")?;
    Ok(std::env::temp_dir().join(format!("vietqr-edge-sandbox-{}", probe.metadata()?.uid())))
}

/// Refuses a folder that somebody else could have laid for us.
fn ours(dir: &Path) -> Result<()> {
    let uid = tempfile::tempfile().context("cannot write to the temporary folder")?.metadata()?.uid();
    let meta = fs::symlink_metadata(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    if !meta.is_dir() || meta.uid() != uid {
        bail!("{}: expected a folder of this user, not a link", dir.display());
    }
    Ok(())
}

/// The password in a file, or a new one of 256 bits.
fn password(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_string()),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let text = hex::encode(random::bytes::<32>()?);
            files::write_secret(path, &format!("{text}\n"))?;
            Ok(text)
        }
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_prepared_again_keeps_its_ca_and_its_passwords() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::prepare(dir.path(), FolderOptions::default()).unwrap();
        let ca = fs::read(&first.certs.ca).unwrap();
        let again = Folder::prepare(dir.path(), FolderOptions::default()).unwrap();
        assert_eq!(fs::read(&again.certs.ca).unwrap(), ca);
        assert_eq!(again.device_password, first.device_password);
        assert_ne!(again.device_password, again.cloud_password);
    }

    #[tokio::test]
    async fn the_cloud_finds_what_was_served() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Folder::cloud_of(dir.path()).unwrap_err().to_string().contains("serve"));
        let options =
            FolderOptions { hosts: vec!["pos.example.vn".into()], port: 0, client_certs: true, ..Default::default() };
        let mut folder = Folder::prepare(dir.path(), options).unwrap();
        let broker = folder.serve().await.unwrap();
        let (told, found) = (folder.cloud(), Folder::cloud_of(dir.path()).unwrap());
        assert_eq!(
            (&found.url, &found.ca, &found.client, &found.login),
            (&told.url, &told.ca, &told.client, &told.login)
        );
        let url = format!("url = \"mqtts://pos.example.vn:{}\"", broker.addr().port());
        assert!(folder.agent_toml().contains(&url));
        crate::vietqr::Cloud::connect_with(found).await.unwrap();
    }

    #[test]
    fn a_link_laid_in_our_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        assert!(Folder::prepare(&link, FolderOptions::default()).is_err());
    }
}
