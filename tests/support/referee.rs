//! Debian's mosquitto as a process: TLS, client certificates, a password file, an access list, sessions on disk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{LIMIT, Shop, side, wait_for};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;
use vietqr_edge_sandbox::{certs::Certs, mqtt::free_port};

/// The topic of the shop's terminal.
pub const TOPIC: &str = "vietqr/bdsd/VVB123456";
/// The device may read its topics, VietQR's side may write all.
const ACL: &str = "user shop\ntopic read vietqr/bdsd/VVB123456\nuser vietqr\ntopic write #\n";

pub struct Mosquitto {
    pub shop: Shop,
    certs: Certs,
    port: u16,
    process: Child,
    dir: TempDir,
}

impl Mosquitto {
    pub fn start() -> Mosquitto {
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(&dir.path().join("certs"), &[]).unwrap();
        let port = free_port(Ipv4Addr::LOCALHOST.into()).unwrap();
        fs::create_dir(dir.path().join("secrets")).unwrap();
        let mut shop = Shop::new(dir.path(), &side::mqtt(port));
        shop.mqtt.push_str("client_cert_file = \"certs/client.pem\"\nclient_key_file = \"certs/client.key\"\n");
        let path = |name: &str| dir.path().join(name).display().to_string();
        for (create, user) in [(&["-c", "-b"][..], "shop"), (&["-b"], "vietqr")] {
            let made = Command::new("mosquitto_passwd").args(create).arg(path("passwords")).args([user, "pw"]).status();
            assert!(made.expect("mosquitto_passwd of the Debian package mosquitto").success());
        }
        let config = [
            // Started as root it would become a user that can not read this folder.
            "user root".to_owned(),
            format!("listener {port} 127.0.0.1"),
            format!("cafile {}\ncertfile {}", certs.ca.display(), certs.server.cert.display()),
            format!("keyfile {}\nrequire_certificate true", certs.server.key.display()),
            format!("allow_anonymous false\npassword_file {}\nacl_file {}", path("passwords"), path("acl")),
            format!("persistence true\npersistence_location {}/", dir.path().display()),
            "max_inflight_messages 0\nmax_queued_messages 0".to_owned(),
            format!("log_dest file {}\nlog_type all\n", path("mosquitto.log")),
        ];
        fs::write(dir.path().join("mosquitto.conf"), config.join("\n")).unwrap();
        fs::write(dir.path().join("acl"), ACL).unwrap();
        let mosquitto = Mosquitto { process: run(dir.path(), port), shop, certs, port, dir };
        mosquitto.password("pw");
        mosquitto
    }

    /// What the device takes for its password.
    pub fn password(&self, password: &str) {
        let path = self.dir.path().join("secrets/mqtt-password");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).unwrap();
        file.write_all(password.as_bytes()).unwrap();
    }

    /// From now on the device may subscribe to this topic alone. The plugin for it, because with an access list mosquitto 2.0
    /// grants every subscription and delivers nothing.
    pub fn grant(&mut self, topic: &str) {
        let path = |name: &str| self.dir.path().join(name);
        let (rules, config) = (path("rules.json"), path("mosquitto.conf"));
        if !rules.exists() {
            let init =
                Command::new("mosquitto_ctrl").args(["dynsec", "init"]).arg(&rules).args(["shop", "pw"]).output();
            assert!(init.expect("mosquitto_ctrl of the Debian package mosquitto").status.success());
            let text = fs::read_to_string(&config).unwrap();
            let kept: Vec<&str> = text
                .lines()
                .filter(|line| !line.starts_with("password_file") && !line.starts_with("acl_file"))
                .collect();
            let plugin = format!("plugin {}\nplugin_opt_config_file {}\n", plugin().display(), rules.display());
            fs::write(&config, format!("{}\n{plugin}", kept.join("\n"))).unwrap();
        }
        let mut told: Value = serde_json::from_slice(&fs::read(&rules).unwrap()).unwrap();
        told["roles"][0]["acls"] = json!([{"acltype": "subscribeLiteral", "topic": topic, "allow": true}]);
        fs::write(&rules, told.to_string()).unwrap();
        self.restart();
    }

    /// Ends it as a service does, so that it writes its sessions down, and starts it again.
    pub fn restart(&mut self) {
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        self.process.wait().unwrap();
        self.process = run(self.dir.path(), self.port);
    }

    /// SIGKILL, and starts it again: it has what it wrote down before.
    pub fn kill_and_restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = run(self.dir.path(), self.port);
    }

    /// `mosquitto_pub` over TLS, a message a line, with QoS 1 and further arguments.
    pub fn publish(&self, lines: &[impl AsRef<str>], arguments: &[&str]) {
        let mut client = Command::new("mosquitto_pub")
            .args([
                "-h",
                "localhost",
                "-p",
                &self.port.to_string(),
                "-u",
                "vietqr",
                "-P",
                "pw",
                "-q",
                "1",
                "-t",
                TOPIC,
                "-l",
            ])
            .args(arguments)
            .arg("--cafile")
            .arg(&self.certs.ca)
            .arg("--cert")
            .arg(&self.certs.client.cert)
            .arg("--key")
            .arg(&self.certs.client.key)
            .stdin(Stdio::piped())
            .spawn()
            .expect("mosquitto_pub of the Debian package mosquitto-clients");
        let mut stdin = client.stdin.take().unwrap();
        for line in lines {
            writeln!(stdin, "{}", line.as_ref()).unwrap();
        }
        drop(stdin);
        assert!(wait_for("mosquitto_pub to end", LIMIT, || client.try_wait().unwrap()).success());
    }

    /// How many lines of its log have this text.
    pub fn logged(&self, text: &str) -> usize {
        let log = fs::read(self.dir.path().join("mosquitto.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).lines().filter(|line| line.contains(text)).count()
    }
}

fn plugin() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut plugins = folders.map(|folder| folder.join("mosquitto_dynamic_security.so"));
    plugins.find(|plugin| plugin.exists()).expect("the plugin of the Debian package mosquitto")
}

fn run(dir: &Path, port: u16) -> Child {
    let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].map(PathBuf::from).into_iter().find(|p| p.exists());
    let program = program.expect("mosquitto of the Debian package mosquitto");
    let config = dir.join("mosquitto.conf");
    let process = Command::new(program).arg("-c").arg(config).stderr(Stdio::null()).spawn().unwrap();
    wait_for("mosquitto to listen", LIMIT, || TcpStream::connect(("127.0.0.1", port)).ok());
    process
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
