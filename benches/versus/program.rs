//! What is compared, and how each is run.

use super::{
    broker::{Mosquitto, USER, topic},
    process::Running,
    tools::Tools,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The account that is paid to.
const ACCOUNT: &str = "1234567890";
/// Most messages that the batching programs put into one commit: as many as vietqr-edge does.
pub const BATCH: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    Edge,
    PahoEach,
    PahoBatch,
    MqttJsEach,
    MqttJsBatch,
    MosquittoSub,
}

impl Program {
    pub const ALL: [Program; 6] = [
        Program::Edge,
        Program::PahoEach,
        Program::PahoBatch,
        Program::MqttJsEach,
        Program::MqttJsBatch,
        Program::MosquittoSub,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Program::Edge => "vietqr-edge",
            Program::PahoEach => "paho, a commit each",
            Program::PahoBatch => "paho, batched",
            Program::MqttJsEach => "mqtt.js, a commit each",
            Program::MqttJsBatch => "mqtt.js, batched",
            Program::MosquittoSub => "mosquitto_sub, no promise",
        }
    }

    /// One that keeps the same promise about what it acknowledged; `mosquitto_sub` does not.
    pub fn is_rival(self) -> bool {
        !matches!(self, Program::Edge | Program::MosquittoSub)
    }

    pub fn commits_each(self) -> bool {
        matches!(self, Program::PahoEach | Program::MqttJsEach)
    }
}

/// A folder and a terminal for one run of one program.
pub struct Site<'a> {
    pub program: Program,
    pub broker: &'a Mosquitto,
    pub tools: &'a Tools,
    pub dir: PathBuf,
    pub terminal: String,
    /// Where sentences are said.
    pub said: Option<PathBuf>,
    /// Preloads the slower disk with this many milliseconds.
    pub slow_ms: Option<u32>,
}

impl Site<'_> {
    /// Starts it, behind `wrapper` if that is not empty.
    pub fn run(&self, wrapper: &[String]) -> Running {
        let argv = [wrapper, &self.argv()].concat();
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).stdin(Stdio::null()).stdout(Stdio::null());
        if self.program == Program::MosquittoSub {
            let out = self.said.clone().unwrap_or(self.dir.join("out"));
            command.stdout(File::options().create(true).append(true).open(out).unwrap());
        }
        if let Some(ms) = self.slow_ms {
            fs::write(self.syncs_file(), [0; 8]).unwrap();
            command.env("LD_PRELOAD", &self.tools.slow_sync).env("SLOW_SYNC_MS", ms.to_string());
            command.env("SLOW_SYNC_COUNT", self.syncs_file());
        }
        Running::start(command, self.broker.log(&self.client()))
    }

    fn client(&self) -> String {
        format!("client-{}", self.terminal)
    }

    fn argv(&self) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let rival = |program: &[&Path], batch: usize| {
            let mut argv: Vec<String> = program.iter().map(|path| text(path)).collect();
            for (name, value) in [
                ("host", "localhost".to_owned()),
                ("port", self.broker.port.to_string()),
                ("ca", text(&self.broker.ca)),
                ("user", USER.to_owned()),
                ("password-file", text(&self.broker.password_file)),
                ("client-id", self.client()),
                ("account", ACCOUNT.to_owned()),
                ("terminal", self.terminal.clone()),
                ("db", text(&self.db())),
                ("batch", batch.to_string()),
            ] {
                argv.extend([format!("--{name}"), value]);
            }
            argv.extend(self.said.iter().flat_map(|said| ["--voice".to_owned(), format!("tee {}", text(said))]));
            argv
        };
        let Tools { python, paho, mqttjs, .. } = self.tools;
        match self.program {
            Program::Edge => {
                fs::write(self.config(), self.edge_config()).unwrap();
                let config = text(&self.config());
                [&crate::daemon::binary(), "run", "--config", &config].map(str::to_owned).to_vec()
            }
            Program::PahoEach => rival(&[python, paho], 1),
            Program::PahoBatch => rival(&[python, paho], BATCH),
            Program::MqttJsEach => rival(&[Path::new("node"), mqttjs], 1),
            Program::MqttJsBatch => rival(&[Path::new("node"), mqttjs], BATCH),
            Program::MosquittoSub => {
                let mut client = self.broker.client("mosquitto_sub", USER);
                client.args(["-c", "-i", &self.client(), "-t", &topic(&self.terminal)]);
                let words = std::iter::once(client.get_program()).chain(client.get_args());
                words.map(|word| word.to_str().unwrap().to_owned()).collect()
            }
        }
    }

    fn edge_config(&self) -> String {
        let Mosquitto { port, ca, password_file, .. } = self.broker;
        let voice = match &self.said {
            Some(said) => format!("command = [\"tee\", {said:?}]"),
            None => "mode = \"off\"".to_owned(),
        };
        format!(
            "[device]\nid = \"bench\"\nstate_dir = {:?}\n[mqtt]\nurl = \"mqtts://localhost:{port}\"\nusername = {USER:?}\n\
             password_file = {password_file:?}\nca_file = {ca:?}\nclient_id = {:?}\n[[account]]\nbank_code = \"MB\"\n\
             bank_account = {ACCOUNT:?}\nholder = \"NGUYEN VAN A\"\n[[terminal]]\ncode = {:?}\naccount = {ACCOUNT:?}\n\
             [voice]\n{voice}\n[log]\nlevel = \"warn\"\n",
            self.dir.join("state"),
            self.client(),
            self.terminal,
        )
    }

    fn config(&self) -> PathBuf {
        self.dir.join("agent.toml")
    }

    fn db(&self) -> PathBuf {
        self.dir.join("payments.db")
    }

    fn syncs_file(&self) -> PathBuf {
        self.dir.join("syncs")
    }

    /// How many payments it has.
    pub fn stored(&self) -> usize {
        match self.program {
            Program::Edge => {
                let mut status = Command::new(crate::daemon::binary());
                status.args(["status", "--format", "json", "--config"]).arg(self.config());
                let status: serde_json::Value = serde_json::from_slice(&status.output().unwrap().stdout).unwrap();
                status["totals"]["credits"].as_u64().unwrap() as usize
            }
            Program::MosquittoSub => fs::read_to_string(self.dir.join("out")).unwrap().lines().count(),
            _ => self.tools.rows(&self.db()),
        }
    }

    /// Calls of fsync and fdatasync since its start.
    pub fn syncs(&self) -> Option<f64> {
        self.slow_ms?;
        let bytes = fs::read(self.syncs_file()).unwrap();
        Some(u64::from_ne_bytes(bytes.try_into().unwrap()) as f64)
    }

    /// Bytes of all its files.
    pub fn disk_bytes(&self) -> f64 {
        fn all(dir: &Path) -> u64 {
            let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
            entries
                .map(
                    |entry| {
                        if entry.path().is_dir() { all(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }
                    },
                )
                .sum()
        }
        all(&self.dir) as f64
    }
}
