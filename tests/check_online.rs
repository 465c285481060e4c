//! `check --online`: what is found of each thing that goes wrong, and that nothing is disturbed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "refund/daemon.rs"]
#[allow(dead_code)]
mod daemon;
mod support;

mod shop {
    /// Nothing in a test takes longer.
    pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
}

use daemon::{TERMINAL, Town, run};
use serde_json::{Value, json};
use shop::DEADLINE;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use vietqr_edge_sandbox::{
    folder::{Folder, FolderOptions},
    mqtt::{Broker, BrokerOptions, Seen, Sessions},
    proxy::{Line, Proxy},
    vietqr::http::VietQrHttp,
};

/// A broker and VietQR's HTTP side, and a configuration for them. No daemon runs.
struct Bench {
    dir: TempDir,
    folder: Folder,
    broker: Broker,
    http: VietQrHttp,
}

impl Bench {
    async fn new() -> Bench {
        let dir = TempDir::new().unwrap();
        let mut folder = Folder::prepare(dir.path(), FolderOptions { port: 0, ..FolderOptions::default() }).unwrap();
        let broker = folder.serve().await.unwrap();
        let http = folder.serve_http().await.unwrap();
        Bench { dir, folder, broker, http }
    }

    /// The configuration with something changed.
    fn config(&self, change: impl FnOnce(String) -> String) -> PathBuf {
        let path = self.dir.path().join("check.toml");
        fs::write(&path, change(fs::read_to_string(&self.folder.config).unwrap())).unwrap();
        path
    }

    fn secret(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join("secrets").join(name)).unwrap().trim().to_owned()
    }
}

/// What a check found.
struct Found {
    code: i32,
    report: Value,
}

impl Found {
    fn of(config: &Path) -> Found {
        let output = run(config, &["check", "--online", "--json"]);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)));
        Found { code: output.status.code().unwrap(), report }
    }

    fn steps(&self) -> Vec<(&str, &str, &str)> {
        let steps = self.report["online"].as_array().unwrap().iter();
        steps
            .map(|step| {
                let text = |key: &str| step[key].as_str().unwrap();
                (text("target"), text("step"), text("grade"))
            })
            .collect()
    }

    /// The grades of a target's steps, in order.
    fn grades(&self, target: &str) -> Vec<(&str, &str)> {
        self.steps().into_iter().filter(|(t, ..)| *t == target).map(|(_, step, grade)| (step, grade)).collect()
    }

    /// Message and hint of a step that failed.
    fn error(&self, target: &str, step: &str) -> String {
        let steps = self.report["online"].as_array().unwrap().iter();
        let mut of = steps.filter(|s| s["target"] == target && s["step"] == step && s["grade"] == "error");
        let found = of.next().unwrap_or_else(|| panic!("{target} {step} is no error: {:#}", self.report));
        format!("{}; {}", found["message"].as_str().unwrap(), found["hint"].as_str().expect("it says what to do"))
    }
}

const WAY: [(&str, &str); 4] = [("dns", "ok"), ("tcp", "ok"), ("tls", "ok"), ("certificate", "ok")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_daemon_everything_is_tried_and_nothing_is_disturbed() {
    let mut town = Town::open(|config| config).await;
    let before = town.until("the status", |_| true).await;
    let mut watch = town.broker.watch();
    let found = Found::of(&town.folder.config);
    assert_eq!((found.code, &found.report["errors"]), (0, &json!(0)), "{:#}", found.report);
    let asked = [("login", "ok"), ("subscribe", "ok"), ("subscribe", "ok")];
    assert_eq!(found.grades("broker"), [&WAY[..], &asked].concat());
    assert_eq!(found.grades("vietqr"), [&WAY[..], &[("token", "ok")]].concat());
    // What is behind TLS there is about a payment, so it is not tried.
    for provider in ["vnpay", "qfpay"] {
        assert_eq!(found.grades(provider), [&WAY[..], &[("login", "not_tried")]].concat());
    }
    assert_eq!(found.grades("disk"), [("space", "ok"), ("inodes", "ok"), ("write", "ok")]);
    assert_eq!(found.grades("speaker"), [("program", "ok")]);
    assert_eq!(found.grades("daemon"), [("running", "ok")]);
    let clock = found.grades("clock");
    assert_eq!((clock[0], clock[1].0, clock[2]), (("floor", "ok"), "ntp", ("date", "ok")));

    // The broker saw a client of its own, with a session that ends, and it said good-bye.
    let checker = "vietqr-edge-sandbox-1-check".to_owned();
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some(Seen::Disconnected { .. })) {
        seen.push(watch.wait_for(DEADLINE, |_| true).await.unwrap());
    }
    let topic = |topic: String| Seen::Subscribed { client: checker.clone(), topic, granted: true };
    let expected = [
        Seen::Connected { client: checker.clone(), clean_session: true },
        topic(format!("vietqr/bdsd/{TERMINAL}")),
        topic(format!("vietqr-edge/{TERMINAL}/refund/request")),
        Seen::Disconnected { client: checker.clone(), unexpected: false },
    ];
    assert_eq!(seen, expected);
    // The daemon's session, its journal and its files are as they were.
    let after = town.until("the status", |_| true).await;
    assert_eq!((&after["link"], &after["events"]), (&before["link"], &before["events"]));
    let left = fs::read_dir(town.path("state")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("check")));
    assert!(town.vnpay.handled().is_empty() && town.qfpay.handled().is_empty());
    town.pay("FT1", 25_000).await;
    town.until("the payment", |status| status["totals"]["credits"] == 1).await;
    // For people: one line a step, aligned.
    let output = run(&town.folder.config, &["check", "--online"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nok      broker   login        as user shop, client id "), "{text}");
    assert!(text.contains("\n-       vnpay    login        not tried: "), "{text}");
    assert!(text.ends_with(" errors, 2 not tried\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_login_is_told_for_each_machine_and_no_secret_is_printed() {
    let bench = Bench::new().await;
    fs::write(bench.dir.path().join("secrets/wrong"), "hunter2-hunter2\n").unwrap();
    keep_private(&bench.dir.path().join("secrets/wrong"));
    let config = bench.config(|text| {
        text.replace("secrets/mqtt-password", "secrets/wrong").replace("secrets/vietqr-password", "secrets/wrong")
    });
    let found = Found::of(&config);
    assert_eq!(found.code, 78);
    let error = found.error("broker", "login");
    assert!(error.contains("bad user name or password (user shop)") && error.contains("mqtt.password_file"), "{error}");
    assert_eq!(found.grades("broker").last(), Some(&("subscribe", "not_tried")));
    let error = found.error("vietqr", "token");
    assert!(error.contains("does not take this login") && error.contains("vietqr.password_file"), "{error}");
    let all = found.report.to_string();
    for secret in ["hunter2", &bench.secret("vietqr-refund"), &bench.secret("refund-request")] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_wrong_certificate_is_told_with_what_to_do_and_what_needs_it_is_not_tried() {
    let mut bench = Bench::new().await;
    let config = bench.config(|text| text);
    let bad = bench.folder.certs.bad.clone();
    for (pair, sentence, hint) in [
        (bad.other_server, "is not signed by any authority in", "set mqtt.ca_file"),
        (bad.expired, "expired on 20", "must renew it"),
        (bad.not_yet_valid, "is not valid before 20", "set the clock"),
        (bad.wrong_host, "is for another host: it names wrong-host.invalid", "mqtt.url should have a name"),
    ] {
        bench.broker.set_certificate(pair);
        bench.broker.restart(Sessions::Kept).await.unwrap();
        let found = Found::of(&config);
        let error = found.error("broker", "tls");
        assert!(found.code == 78 && error.contains(sentence) && error.contains(hint), "{error}");
        let rest = [("certificate", "not_tried"), ("login", "not_tried"), ("subscribe", "not_tried")];
        assert_eq!(found.grades("broker")[3..], rest);
        assert_eq!(found.grades("vietqr").last(), Some(&("token", "ok")), "one machine does not hold up another");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_that_the_broker_wants_is_told() {
    let dir = TempDir::new().unwrap();
    let options = FolderOptions { port: 0, client_certs: true, ..FolderOptions::default() };
    let mut folder = Folder::prepare(dir.path(), options).unwrap();
    let _broker = folder.serve().await.unwrap();
    assert_eq!(Found::of(&folder.config).grades("broker")[4], ("login", "ok"));
    let text = fs::read_to_string(&folder.config).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("client_")).collect();
    let config = dir.path().join("check.toml");
    fs::write(&config, without.join("\n")).unwrap();
    let found = Found::of(&config);
    let error = found.error("broker", "login");
    assert!(found.code == 78 && error.contains("requires a client certificate and none is set"), "{error}");
    assert!(error.contains("look at mqtt.client_cert_file"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_gone_and_a_name_that_is_none_leave_the_later_steps_untried() {
    let mut bench = Bench::new().await;
    let port = bench.http.addr().port();
    let config =
        bench.config(|text| text.replace(&format!("https://localhost:{port}"), "https://no-such-host.invalid"));
    bench.broker.stop().await.unwrap();
    let found = Found::of(&config);
    assert!(found.error("broker", "tcp").contains("nothing listens there; look at the network"));
    let rest = ["tls", "certificate", "login", "subscribe"].map(|step| (step, "not_tried"));
    assert_eq!(found.grades("broker")[2..], rest);
    assert!(found.error("vietqr", "dns").contains("no-such-host.invalid"));
    let rest = ["tcp", "tls", "certificate", "token"].map(|step| (step, "not_tried"));
    assert_eq!(found.grades("vietqr")[1..], rest);
    assert_eq!((found.code, found.grades("clock")[2]), (78, ("date", "not_tried")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_topic_is_named_and_a_line_that_others_read_is_a_warning() {
    let bench = Bench::new().await;
    let refused = format!("vietqr/bdsd/{TERMINAL}");
    let options = BrokerOptions { refused_topics: vec![refused.clone()], ..BrokerOptions::default() };
    let broker = Broker::start(options).await.unwrap();
    let port = bench.broker.addr().port();
    let url = format!("mqtt://127.0.0.1:{}\"\nallow_plaintext = true #", broker.addr().port());
    let config = bench.config(|text| text.replace(&format!("mqtts://localhost:{port}"), &url));
    let found = Found::of(&config);
    let grades = [("dns", "ok"), ("tcp", "ok"), ("tls", "warning"), ("login", "ok"), ("subscribe", "error")];
    assert_eq!(found.grades("broker"), [&grades[..], &[("subscribe", "ok")]].concat());
    let error = found.error("broker", "subscribe");
    assert!(error.starts_with(&refused) && error.contains("must be allowed to read it"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_hangs_is_given_up_and_holds_up_nothing_else() {
    let bench = Bench::new().await;
    let (broker, http) = (bench.broker.addr(), bench.http.addr());
    let (first, second) = (Proxy::start(broker).await.unwrap(), Proxy::start(http).await.unwrap());
    first.set(Line::Stall);
    second.set(Line::Stall);
    let through = |text: String| {
        let text = text.replace(&format!(":{}\"", broker.port()), &format!(":{}\"", first.addr().port()));
        text.replace(&format!(":{}/", http.port()), &format!(":{}/", second.addr().port()))
    };
    let config = bench.config(through);
    let began = Instant::now();
    let found = Found::of(&config);
    let took = began.elapsed();
    assert!(found.error("broker", "tls").contains("did not answer in time"), "{:#}", found.report);
    // This one may be ended by the sandbox, which has a patience of its own.
    found.error("vietqr", "tls");
    assert_eq!(found.code, 78);
    // One handshake's patience is 10 s; in a row it would be 20.
    assert!(took >= Duration::from_secs(9) && took < Duration::from_secs(18), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_errors_in_the_configuration_nothing_is_tried() {
    let bench = Bench::new().await;
    let mut watch = bench.broker.watch();
    let config = bench.config(|text| text.replace("[voice]", "[voice]\nloudness = 11"));
    let found = Found::of(&config);
    assert_eq!((found.code, found.steps()), (78, vec![("online", "all", "not_tried")]));
    assert!(bench.http.handled().is_empty());
    assert!(watch.wait_for(Duration::from_millis(200), |_| true).await.is_err(), "the broker saw nobody");
}

fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
