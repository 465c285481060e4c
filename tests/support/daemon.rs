//! The real program as a process, and a shop's folder for it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod side;
mod socket;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that a test waits for.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Between two looks at something outside this process.
const LOOK: Duration = Duration::from_millis(15);

/// Looks until there is something, and gives it.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited {limit:?} for {what}");
        thread::sleep(LOOK);
    }
}

/// A folder with what one device needs. Its fields are written to the configuration at each start.
#[derive(Clone, Debug)]
pub struct Shop {
    pub dir: PathBuf,
    pub state: PathBuf,
    /// Lines of `[mqtt]`.
    pub mqtt: String,
    /// Lines of `[voice]`.
    pub voice: String,
}

impl Shop {
    /// What is said is appended to a file of the folder.
    pub fn new(dir: &Path, mqtt: &str) -> Shop {
        let mut shop =
            Shop { dir: dir.to_owned(), state: dir.join("state"), mqtt: mqtt.to_owned(), voice: String::new() };
        shop.voice = format!("command = [\"tee\", \"-a\", {:?}]", shop.dir.join("said"));
        shop
    }

    pub fn config(&self) -> PathBuf {
        self.dir.join("shop.toml")
    }

    /// Writes the configuration: two accounts, the second one that of VietQR's sample (vietqr.md 5.6).
    pub fn write(&self) {
        let Shop { state, mqtt, voice, .. } = self;
        let account = |number: &str| {
            format!("[[account]]\nbank_code = \"MB\"\nbank_account = \"{number}\"\nholder = \"NGUYEN VAN A\"\n")
        };
        let text = format!(
            "[device]\nid = \"e2e\"\nstate_dir = {state:?}\n\n[mqtt]\n{mqtt}\n\n{}{}\n\
             [[terminal]]\ncode = \"VVB123456\"\naccount = \"1234567890\"\nlabel = \"Quầy 1\"\n\n[voice]\n{voice}\n",
            account("1234567890"),
            account("9876543210"),
        );
        fs::write(self.config(), text).unwrap();
    }

    /// What was said, a line a sentence.
    pub fn said(&self) -> Vec<String> {
        let text = fs::read_to_string(self.dir.join("said")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until so many sentences were said, and gives them.
    pub fn wait_said(&self, n: usize) -> Vec<String> {
        let until = Instant::now() + LIMIT;
        loop {
            let said = self.said();
            if said.len() >= n {
                return said;
            }
            assert!(Instant::now() < until, "waited {LIMIT:?} for {n} sentences, there are {}: {said:?}", said.len());
            thread::sleep(LOOK);
        }
    }

    /// The program with these arguments, until it ends.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        // Files: a pipe that nobody reads would hold a long answer up.
        let (mut stdout, mut stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let (out, err) = (stdout.try_clone().unwrap(), stderr.try_clone().unwrap());
        let mut child = self.command(arguments).stdout(out).stderr(err).spawn().unwrap();
        let status = wait_for(&format!("the end of {arguments:?}"), LIMIT, || child.try_wait().unwrap());
        Output { status, stdout: whole(&mut stdout), stderr: whole(&mut stderr) }
    }

    /// The JSON that the program answers.
    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.results(arguments)).unwrap()
    }

    /// What the program writes when it does what it should.
    fn results(&self, arguments: &[&str]) -> Vec<u8> {
        let Output { status, stdout, stderr } = self.cli(arguments);
        assert!(status.success(), "{arguments:?}: {status}, {}", String::from_utf8_lossy(&stderr));
        stdout
    }

    /// Every event in the journal of a stopped device.
    pub fn exported(&self) -> Vec<Value> {
        let text = String::from_utf8(self.results(&["journal", "export"])).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vietqr-edge"));
        command.arg("--config").arg(self.config()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Starts the daemon and waits until it answers.
    pub fn start(&self) -> Daemon {
        let mut daemon = self.spawn();
        daemon.wait("an answer", |_| true);
        daemon
    }

    /// Starts the daemon, and the link is up.
    pub fn open(&self) -> Daemon {
        let mut daemon = self.start();
        daemon.up();
        daemon
    }

    /// Starts the daemon. It may not listen yet.
    pub fn spawn(&self) -> Daemon {
        self.spawn_with(&[])
    }

    /// Where the daemon's log goes; a file with nothing in it.
    pub fn empty_log(&self) -> File {
        File::create(self.dir.join("log")).unwrap()
    }

    /// [`Shop::spawn`] with these variables in its environment.
    pub fn spawn_with(&self, variables: &[(&str, &str)]) -> Daemon {
        self.write();
        let log = self.dir.join("log");
        let child = self
            .command(&["run"])
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(self.empty_log())
            .spawn()
            .unwrap();
        Daemon { child, socket: self.state.join("agent.sock"), log }
    }
}

fn whole(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A daemon that runs. Dropped, it is killed; in a test that fails its log is printed.
pub struct Daemon {
    child: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl Daemon {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The document at a path; none: the daemon does not answer now.
    pub fn get(&self, path: &str) -> Option<Value> {
        socket::get(&self.socket, path).ok()
    }

    /// Waits until `wanted` is true of the status, and gives it.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let until = Instant::now() + LIMIT;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("waited for {what}; the daemon ended: {status}");
            }
            match self.get("/v1/status") {
                Some(status) if wanted(&status) => return status,
                Some(status) => last = status,
                None => {}
            }
            thread::sleep(LOOK);
        }
        panic!("waited {LIMIT:?} for {what}; the status is {last:#}");
    }

    /// Waits until the link is up.
    pub fn up(&mut self) -> Value {
        self.wait("the link to be up", |status| status["link"]["state"] == "up")
    }

    /// Waits until the link is down for a reason that says `part`, and gives the reason.
    pub fn down_saying(&mut self, part: &str) -> String {
        let says = |status: &Value| status["link"]["reason"].as_str().is_some_and(|reason| reason.contains(part));
        let down = |status: &Value| status["link"]["state"] == "down" && says(status);
        let status = self.wait(&format!("the link to be down, saying {part:?}"), down);
        status["link"]["reason"].as_str().unwrap().to_owned()
    }

    /// Waits until so many payments in are booked.
    pub fn credits(&mut self, n: u64) -> Value {
        self.wait(&format!("{n} payments"), |status| status["totals"]["credits"] == n)
    }

    /// Every event held.
    pub fn events(&self) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("/v1/events?after={after}&limit=1000")).unwrap();
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                return events;
            }
            events.extend(items.iter().cloned());
            after = page["next"].as_u64().unwrap();
        }
    }

    /// Waits for an event of this type, and gives the first.
    pub fn event(&self, name: &str) -> Value {
        wait_for(name, LIMIT, || self.events().into_iter().find(|event| event["type"] == name))
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// SIGKILL: not a word more.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; gives how it ended, and after how long.
    pub fn terminate(self) -> (ExitStatus, Duration) {
        let asked = Instant::now();
        self.signal(Signal::TERM);
        (self.ended(), asked.elapsed())
    }

    /// Waits until it ends by itself.
    pub fn ended(mut self) -> ExitStatus {
        wait_for("the daemon's end", LIMIT, || self.child.try_wait().unwrap())
    }

    /// What it wrote on stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(8000);
            eprintln!("the daemon's log:\n{}", log.get(from..).unwrap_or(&log));
        }
    }
}
