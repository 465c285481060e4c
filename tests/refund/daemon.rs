//! The real daemon beside a whole sandbox: broker, VietQR's HTTP side with one bank, VNPAY, QFPay.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use vietqr_edge_sandbox::{
    folder::{Folder, FolderOptions},
    mqtt::Broker,
    qfpay::Qfpay,
    request::{Answers, RequestKey},
    vietqr::{Bdsd, Cloud, Publish, http::VietQrHttp},
    vnpay::Vnpay,
};

use super::shop::DEADLINE;

pub const TERMINAL: &str = "VVB123456";

pub struct Town {
    pub dir: TempDir,
    pub folder: Folder,
    pub http: VietQrHttp,
    pub vnpay: Vnpay,
    pub qfpay: Qfpay,
    pub cloud: Cloud,
    pub client: reqwest::Client,
    #[allow(dead_code)] // held; not every test asks what it saw
    pub broker: Broker,
    child: Option<Child>,
}

impl Town {
    /// Starts it all. `change` is made to the daemon's configuration.
    pub async fn open(change: impl FnOnce(String) -> String) -> Town {
        let dir = TempDir::new().unwrap();
        let options = FolderOptions { port: 0, ..FolderOptions::default() };
        let mut folder = Folder::prepare(dir.path(), options).unwrap();
        let broker = folder.serve().await.unwrap();
        let http = folder.serve_http().await.unwrap();
        http.set(|settings| {
            settings.refund_window = Duration::ZERO;
            settings.execute_late = Duration::from_millis(300);
            settings.answer_late = Duration::from_secs(2);
            settings.drip = Duration::from_millis(150);
        });
        let (vnpay, qfpay) = (folder.serve_vnpay().await.unwrap(), folder.serve_qfpay().await.unwrap());
        let (late, later, drip) = (Duration::from_millis(300), Duration::from_secs(2), Duration::from_millis(20));
        vnpay.set(|settings| (settings.execute_late, settings.answer_late, settings.drip) = (late, later, drip));
        qfpay.set(|settings| (settings.execute_late, settings.answer_late, settings.drip) = (late, later, drip));
        let text = fs::read_to_string(&folder.config).unwrap();
        let text = text.replace("[vnpay]\n", "[vnpay]\nlookup_s = [1, 1]\n");
        let text = text.replace("[qfpay]\n", "[qfpay]\nlookup_s = [1, 1]\n");
        let text = text.replace("[vietqr]\n", "[vietqr]\nlookup_s = [1, 1, 1]\n");
        let text = text.replace("[refund]\n", "[refund]\ntimeout_s = 1\n");
        let text =
            text.replace(r#"["espeak-ng", "-v", "vi", "--stdin"]"#, r#"["sh", "-c", "cat >> said; echo >> said"]"#);
        fs::write(&folder.config, change(text)).unwrap();
        let cloud = Cloud::connect_with(folder.cloud()).await.unwrap().with_bank(http.bank());
        let client = super::support::served::client(&dir.path().join("state/agent.sock"));
        let mut town = Town { dir, folder, http, vnpay, qfpay, cloud, client, broker, child: None };
        town.start();
        town.until("the link", |status| status["link"]["state"] == "up").await;
        town
    }

    pub fn start(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let child = program()
            .args(["run", "--config"])
            .arg(&self.folder.config)
            .current_dir(self.dir.path())
            .stderr(Stdio::from(log))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// SIGKILL: not a word more.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; how it ended.
    pub async fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let by = Instant::now() + DEADLINE;
        loop {
            if let Some(ended) = child.try_wait().unwrap() {
                return ended;
            }
            assert!(Instant::now() < by, "SIGTERM does not end it");
            look().await;
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub async fn get(&self, path: &str) -> Option<Value> {
        let response = self.client.get(format!("http://localhost{path}")).send().await.ok()?;
        response.json().await.ok()
    }

    /// Status and body; `None` where the daemon is not there.
    pub async fn post(&self, path: &str, body: &Value) -> Option<(u16, Value)> {
        let response = self.client.post(format!("http://localhost{path}")).json(body).send().await.ok()?;
        Some((response.status().as_u16(), response.json().await.ok()?))
    }

    /// Waits until the status is so.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let (mut last, by) = (Value::Null, Instant::now() + DEADLINE);
        while Instant::now() < by {
            if let Some(ended) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                panic!("waited for {what}; the daemon ended: {ended}");
            }
            match self.get("/v1/status").await {
                Some(status) if wanted(&status) => return status,
                Some(status) => last = status,
                None => {}
            }
            look().await;
        }
        panic!("waited for {what}; the status is {last:#}");
    }

    /// A payment, told over MQTT.
    pub async fn pay(&self, reference: &str, amount: u64) {
        self.cloud.pay(&Bdsd::credit(amount).reference(reference)).await.unwrap();
    }

    /// Asks for a refund; its id.
    pub async fn ask(&self, body: &Value) -> String {
        let (status, refund) = self.post("/v1/refunds", body).await.unwrap();
        assert_eq!(status, 202, "{refund:#}");
        refund["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the refund is so.
    pub async fn refund(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let (mut last, by) = (Value::Null, Instant::now() + DEADLINE);
        while Instant::now() < by {
            if let Some(refund) = self.get(&format!("/v1/refunds/{id}")).await {
                if wanted(&refund) {
                    return refund;
                }
                last = refund;
            }
            look().await;
        }
        panic!("{last:#}");
    }

    /// Waits until nothing is left to do but by people.
    pub async fn ended(&self, id: &str) -> Value {
        let ends = ["succeeded", "failed", "refused", "review"];
        self.refund(id, |refund| ends.iter().any(|end| refund["state"] == *end)).await
    }

    pub fn moved(&self, reference: &str) -> usize {
        self.http.bank().movements().iter().filter(|movement| movement.reference == reference).count()
    }

    pub fn key(&self) -> RequestKey {
        RequestKey::read(&self.folder.request_key()).unwrap()
    }

    pub async fn answers(&self) -> Answers {
        Answers::subscribe(&self.folder.cloud(), &format!("vietqr-edge/{TERMINAL}/refund/response")).await.unwrap()
    }

    /// Publishes a message on the request topic.
    pub async fn request(&self, body: String) {
        let topic = format!("vietqr-edge/{TERMINAL}/refund/request");
        self.cloud.publish(Publish { topic, body: body.into_bytes(), retain: false }).await.unwrap();
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            let from = log.len().saturating_sub(6000);
            eprintln!("the daemon's log:\n{}", log.get(from..).unwrap_or(&log));
        }
    }
}

/// The program: `VIETQR_EDGE`, or the one that cargo built for the tests. `VIETQR_EDGE_RUNNER` is what runs it, with its arguments,
/// where this machine does not: `arm-toolchain run armv7-unknown-linux-gnueabihf`.
pub fn program() -> Command {
    let binary = std::env::var_os("VIETQR_EDGE").unwrap_or_else(|| env!("CARGO_BIN_EXE_vietqr-edge").into());
    // It is started in another folder.
    let binary = std::path::absolute(binary).unwrap();
    let runner = std::env::var("VIETQR_EDGE_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(first) = words.next() else { return Command::new(binary) };
    let first = if first.contains('/') { std::path::absolute(first).unwrap() } else { first.into() };
    let mut command = Command::new(first);
    command.args(words).arg(binary);
    command
}

/// The program with this configuration, until it ends.
#[allow(dead_code)] // not every test needs it
pub fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = program();
    command.current_dir(config.parent().unwrap()).arg("--config").arg(config).args(arguments).output().unwrap()
}

/// Between two looks at something that can not be waited for otherwise.
pub async fn look() {
    tokio::time::sleep(Duration::from_millis(30)).await;
}

pub fn ask(request_id: &str, reference: &str, amount: u64) -> Value {
    json!({"request_id": request_id, "provider": "vietqr", "bank_account": "1234567890",
        "reference_number": reference, "amount": amount, "reason": "khách trả hàng", "operator": "lan"})
}
