//! Debian's mosquitto with TLS: the same broker, the same publisher and the same log to measure by, for all.

use super::process::until;
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};
use vietqr_edge_sandbox::{certs::Certs, mqtt::free_port, vietqr::Bdsd};

/// The login of the device. VietQR's side has the same password.
pub const USER: &str = "shop";
const PASSWORD: &str = "pw";

pub struct Mosquitto {
    pub port: u16,
    pub ca: PathBuf,
    pub password_file: PathBuf,
    log: PathBuf,
    process: Child,
}

impl Mosquitto {
    pub fn start(dir: &Path) -> Mosquitto {
        let certs = Certs::create(&dir.join("certs"), &[]).unwrap();
        let port = free_port(Ipv4Addr::LOCALHOST.into()).unwrap();
        let path = |name: &str| dir.join(name).display().to_string();
        for (create, user) in [(&["-c", "-b"][..], USER), (&["-b"], "vietqr")] {
            let made =
                Command::new("mosquitto_passwd").args(create).arg(path("passwords")).args([user, PASSWORD]).status();
            assert!(made.expect("mosquitto_passwd of the Debian package mosquitto").success());
        }
        let config = [
            // Started as root it would become a user that can not read this folder.
            "user root".to_owned(),
            format!("listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}", path("passwords")),
            format!("certfile {}\nkeyfile {}", certs.server.cert.display(), certs.server.key.display()),
            // The deep queue is not to be cut off; what is in flight stays at mosquitto's default.
            "max_queued_messages 0\npersistence false".to_owned(),
            format!("log_dest file {}\nlog_type debug\n", path("mosquitto.log")),
        ];
        fs::write(dir.join("mosquitto.conf"), config.join("\n")).unwrap();
        let password_file = dir.join("password");
        fs::write(&password_file, PASSWORD).unwrap();
        fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600)).unwrap();
        let process = Command::new(program()).arg("-c").arg(dir.join("mosquitto.conf")).stderr(Stdio::null()).spawn();
        let process = process.expect("mosquitto of the Debian package mosquitto");
        until("mosquitto to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
        Mosquitto { port, ca: certs.ca, password_file, log: dir.join("mosquitto.log"), process }
    }

    /// A client of the package mosquitto-clients that is logged in as `user`.
    pub fn client(&self, program: &str, user: &str) -> Command {
        let mut client = Command::new(program);
        client.args([
            "-h",
            "localhost",
            "-u",
            user,
            "-P",
            PASSWORD,
            "-q",
            "1",
            "-p",
            &self.port.to_string(),
            "--cafile",
        ]);
        client.arg(&self.ca);
        client
    }

    /// VietQR's side: publishes a line each time it is given one.
    pub fn publisher(&self, terminal: &str) -> Publisher {
        let mut pub_ = self.client("mosquitto_pub", "vietqr");
        pub_.args(["-l", "-t", &topic(terminal)]).stdin(Stdio::piped());
        let mut process = pub_.spawn().expect("mosquitto_pub of the Debian package mosquitto-clients");
        let stdin = process.stdin.take().unwrap();
        Publisher { process, stdin, terminal: terminal.to_owned() }
    }

    /// What it logs of a client from now on.
    pub fn log(&self, client: &str) -> Log {
        let mut file = File::open(&self.log).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        let client = client.to_owned();
        Log { file, part: String::new(), client, subscribed: false, acknowledged: 0 }
    }

    /// Its name and version.
    pub fn version() -> String {
        let help = Command::new(program()).arg("-h").output().expect("mosquitto of the Debian package mosquitto");
        String::from_utf8_lossy(&help.stdout).lines().next().unwrap_or_default().replace(" version", "")
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> &'static str {
    if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" }
}

pub fn topic(terminal: &str) -> String {
    format!("vietqr/bdsd/{terminal}")
}

pub struct Publisher {
    process: Child,
    stdin: ChildStdin,
    terminal: String,
}

impl Publisher {
    /// Publishes the n-th payment, paid now.
    pub fn pay(&mut self, n: usize) {
        let paid = Bdsd::credit(25_000 + n as u64).terminal(&self.terminal).reference(&format!("FT26325{n:09}"));
        let body = paid.order(&format!("HD{n}")).content(&format!("VQR0a1b2c3d4e thanh toan don hang {n}")).body();
        writeln!(self.stdin, "{body}").unwrap();
    }

    /// Ends when the broker has all of it.
    pub fn end(mut self) {
        drop(self.stdin);
        assert!(self.process.wait().unwrap().success(), "mosquitto_pub failed");
    }
}

/// The broker's log of one client as it grows.
pub struct Log {
    file: File,
    part: String,
    client: String,
    subscribed: bool,
    acknowledged: usize,
}

impl Log {
    /// SUBACK was sent.
    pub fn subscribed(&mut self) -> bool {
        self.read();
        self.subscribed
    }

    /// How many PUBACKs were received.
    pub fn acknowledged(&mut self) -> usize {
        self.read();
        self.acknowledged
    }

    fn read(&mut self) {
        self.file.read_to_string(&mut self.part).unwrap();
        let whole = self.part.rfind('\n').map_or(0, |end| end + 1);
        for line in self.part.drain(..whole).collect::<String>().lines() {
            let what = line.split_once(": ").map_or("", |(_, what)| what);
            self.subscribed |= what.strip_prefix("Sending SUBACK to ") == Some(&self.client);
            let puback = what.strip_prefix("Received PUBACK from ").and_then(|rest| rest.strip_prefix(&self.client));
            self.acknowledged += usize::from(puback.is_some_and(|rest| rest.starts_with(' ')));
        }
    }
}
