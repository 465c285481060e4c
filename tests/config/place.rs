//! A throw-away folder with a configuration and everything that it can name.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vietqr_edge::config::{Config, Problem, Problems};

/// The least that a configuration needs: 14 lines.
pub(crate) const LEAST: &str = r#"[device]
id = "quay-1"
state_dir = "state"
[mqtt]
url = "mqtts://mqtt.example.vn"
[[account]]
bank_code = "MB"
bank_account = "1234567890"
holder = "NGUYEN VAN A"
[[terminal]]
code = "VVB123456"
account = "1234567890"
label = "Quầy 1"
# end
"#;

/// What every secret file of [`Place`] contains somewhere.
pub(crate) const SECRET: &str = "s3cr3t-never-to-be-shown";

pub(crate) struct Place(TempDir);

impl Place {
    /// `secrets/*` for every secret of the contract, and `certs/*` valid to the end of 2030.
    pub(crate) fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for name in
            ["mqtt-password", "box-key", "vietqr-password", "vietqr-refund", "vnpay", "qfpay", "callback-password"]
        {
            place.write(&format!("secrets/{name}"), &format!("{SECRET}-{name}\n"), 0o600);
        }
        for name in ["refund-request", "refund-request-next", "till-token", "webhook", "hq-password"] {
            place.write(&format!("secrets/{name}"), &format!("{SECRET}-{name}-of-32-bytes-or-more\n"), 0o640);
        }
        for name in ["ca", "client", "callback", "api"] {
            place.certificate(name, 2025, 2030);
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str, mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// `certs/NAME.pem` and `.key`, valid from the first day of one year to the last of another.
    pub(crate) fn certificate(&self, name: &str, from: i32, to: i32) {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 12, 31);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        self.write(&format!("certs/{name}.pem"), &certificate.pem(), 0o644);
        self.write(&format!("certs/{name}.key"), &key.serialize_pem(), 0o600);
    }

    pub(crate) fn config(&self, text: &str) -> PathBuf {
        self.write("agent.toml", text, 0o640);
        self.path("agent.toml")
    }

    pub(crate) fn load(&self, text: &str) -> Result<(Config, Vec<Problem>), Problems> {
        Config::load(&self.config(text))
    }
}

/// The example configuration with every commented line taken in, but those of the keys `without`.
pub(crate) fn whole_example(without: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agent.example.toml");
    let text = fs::read_to_string(path).unwrap();
    let keep = |line: &&str| !without.iter().any(|key| line.starts_with(&format!("{key} = ")));
    let lines: Vec<&str> = text.lines().map(taken_in).filter(keep).collect();
    lines.join("\n")
}

fn taken_in(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase())).unwrap_or(line)
}
