//! `support-bundle`: what is in it, and what is in no place that leaves the device (I8).
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "refund/daemon.rs"]
#[allow(dead_code)]
mod daemon;
mod support;

mod shop {
    /// Nothing in a test takes longer.
    pub const DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);
}

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{TimeDelta, Utc};
use daemon::{TERMINAL, Town, look, run};
use serde_json::{Value, json};
use std::{
    fs,
    ops::ControlFlow,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use vietqr_edge::{
    fs::{Fs, RealFs},
    ledger::verify,
    pin::PinHash,
};
use vietqr_edge_sandbox::{
    folder::PARTNER_USER,
    request::RefundRequest,
    vietqr::{Bdsd, http},
    vnpay::Payment,
};

/// No other text in this test has these.
const LAN: &str = "904217";
const BOSS: &str = "904219";
const WRONG: &str = "704219";
const ACCOUNT: &str = "1234567890";
const BANK_TEXT: &str = "banktext-7f31 ca phe";
const REASON: &str = "reason-7f32 khách trả hàng";
const SIGNED_REASON: &str = "reason-7f33 by message";
const CANCEL_REASON: &str = "reason-7f34 khách đổi ý";
const VERDICT_REASON: &str = "reason-7f37 sao kê không có";
/// What every token and signed message begins with.
const JWT: &str = "eyJhbGci";
const QUERY: &str = "query-7f35";
const ARGUMENT: &str = "argument-7f36";
const HOLDER: &str = "NGUYEN VAN A";

/// Every section that has a secret.
fn whole(config: String) -> String {
    let hash = |pin| PinHash::new(pin, [9; 16]).expose().to_owned();
    let config = config.replace("[refund]\n", "[refund]\napproval_above = 30000\n");
    let config = config.replace("cat >> said; echo >> said\"", &format!("cat >> said; echo >> said\", \"{ARGUMENT}\""));
    config
        + &format!(
            r#"
[[operator]]
name = "lan"
role = "cashier"
pin_hash = "{}"
[[operator]]
name = "boss"
role = "manager"
pin_hash = "{}"
[box]
mac = "AA:BB:CC:DD:EE:FF"
key_file = "secrets/box-key"
[callback]
listen = "127.0.0.1:8443"
username = "vietqr"
password_file = "secrets/callback-password"
cert_file = "certs/server.pem"
key_file = "certs/server.key"
[[api.token]]
name = "till"
role = "pos"
token_file = "secrets/till-token"
[[webhook]]
url = "https://pos.example.vn/hooks?token={QUERY}"
secret_file = "secrets/webhook"
events = ["payment.*"]
[head_office]
url = "mqtts://hq.example.vn:8883"
username = "shop-1"
password_file = "secrets/hq-password"
"#,
            hash(LAN),
            hash(BOSS)
        )
}

/// The secrets of those sections.
fn lay_secrets(dir: &Path) {
    for name in ["box-key", "callback-password", "till-token", "webhook", "hq-password"] {
        let path = dir.join("secrets").join(name);
        fs::write(&path, format!("{name}-secret-of-thirty-two-bytes-and-more\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Every file below a folder, in one.
fn everything_in(dir: &Path) -> Vec<u8> {
    let (mut folders, mut all) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                // The socket is no file to read.
                false => all.extend(fs::read(path).unwrap_or_default()),
            }
        }
    }
    all
}

fn has(text: &[u8], part: &str) -> bool {
    assert!(part.len() >= 6, "{part:?} is too short to be looked for");
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

/// The values of a field in the journal, however often it is quoted.
fn values(journal: &str, field: &str) -> Vec<String> {
    let behind = |(at, _): (usize, &str)| {
        let text = &journal[at + field.len()..];
        let start = text.find(|c: char| c.is_ascii_hexdigit())?;
        let value: String = text[start..].chars().take_while(char::is_ascii_hexdigit).collect();
        (value.len() >= 32).then_some(value)
    };
    journal.match_indices(field).filter_map(behind).collect()
}

/// What providers wrote beside their codes.
fn provider_words(feed: &[u8]) -> Vec<String> {
    let feed: Value = serde_json::from_slice(feed).unwrap();
    let attempts = feed["items"].as_array().unwrap().iter().map(|event| &event["data"]["attempt"]);
    attempts
        .flat_map(|attempt| [&attempt["message"], &attempt["reference"]])
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// A bundle, and what its parts are when it is unpacked.
fn bundle(town: &Town, name: &str) -> (Vec<u8>, PathBuf) {
    let file = town.path(name);
    let output = run(&town.folder.config, &["support-bundle", "--output", file.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = run(&town.folder.config, &["support-bundle", "--output", file.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "what is there is not written over");
    let unpacked = town.path(&format!("{name}-unpacked"));
    fs::create_dir(&unpacked).unwrap();
    let mut tar = Command::new("tar");
    let status = tar.arg("-xf").arg(&file).arg("-C").arg(&unpacked).arg("--strip-components=1").status();
    assert!(status.unwrap().success());
    (fs::read(file).unwrap(), unpacked)
}

/// Money in and out, wrong PINs, texts of people and banks. Gives the signed message.
async fn story(town: &mut Town) -> String {
    for reference in ["FT1", "FT2", "FT3"] {
        town.cloud.pay(&Bdsd::credit(50_000).reference(reference).content(BANK_TEXT)).await.unwrap();
    }
    town.until("the payments", |status| status["totals"]["credits"] == 3).await;
    let ask = |id: &str, reference: &str, amount: u64| {
        json!({"request_id": id, "provider": "vietqr", "bank_account": ACCOUNT, "reference_number": reference,
            "amount": amount, "reason": REASON, "operator": "lan", "pin": LAN})
    };
    let done = town.ask(&ask("r-1", "FT1", 20_000)).await;
    assert_eq!(town.ended(&done).await["state"], "succeeded");
    // Above the limit: called off by who asked.
    let waits = town.ask(&ask("r-2", "FT2", 40_000)).await;
    let cancel = json!({"operator": "lan", "pin": LAN, "reason": CANCEL_REASON});
    let (status, body) = town.post(&format!("/v1/refunds/{waits}/cancel"), &cancel).await.unwrap();
    assert_eq!((status, &body["state"]), (200, &json!("refused")), "{body:#}");
    // At VNPAY, for a hash of its own.
    let payment = town.vnpay.pay(Payment::new("HD1", 100_000));
    let vnpay = json!({"request_id": "r-3", "provider": "vnpay", "txn_ref": "HD1", "amount": 10_000, "reason": REASON,
        "transaction_date": payment.transaction_date, "original_amount": 100_000, "operator": "lan", "pin": LAN});
    let at_vnpay = town.ask(&vnpay).await;
    town.refund(&at_vnpay, |refund| refund["state"] == "succeeded").await;
    // One whose answer is lost, until a person decides.
    town.http.fault(http::Call::Refund, http::Fault::ReadAndClose).unwrap();
    let lost = town.ask(&ask("r-6", "FT2", 20_000)).await;
    assert_eq!(town.ended(&lost).await["state"], "review");
    let verdict = json!({"verdict": "failed", "reason": VERDICT_REASON});
    let (status, body) = town.post(&format!("/v1/refunds/{lost}/resolve"), &verdict).await.unwrap();
    assert_eq!((status, &body["state"]), (200, &json!("failed")), "{body:#}");
    for _ in 0..5 {
        let mut wrong = ask("r-4", "FT2", 10_000);
        (wrong["operator"], wrong["pin"]) = (json!("boss"), json!(WRONG));
        assert_eq!(town.post("/v1/refunds", &wrong).await.unwrap().0, 403);
    }
    let request = RefundRequest {
        request_id: "r-5".into(),
        terminal: TERMINAL.into(),
        account: ACCOUNT.into(),
        reference: "FT3".into(),
        amount: 20_000,
        reason: SIGNED_REASON.into(),
        operator: Some("lan".into()),
        multi_times: false,
    };
    let message = town.key().sign(&request.claims(Utc::now(), TimeDelta::seconds(120))).unwrap();
    town.request(message.clone()).await;
    town.until("the signed refund", |status| status["refunds"]["succeeded"] == 3).await;
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_must_not_leave_is_in_a_bundle_a_log_a_metric_or_an_event() {
    let mut town = Town::open(|config| config).await;
    town.kill();
    lay_secrets(town.dir.path());
    let config = fs::read_to_string(&town.folder.config).unwrap();
    fs::write(&town.folder.config, whole(config)).unwrap();
    town.start();
    town.until("the link", |status| status["link"]["state"] == "up").await;
    let message = story(&mut town).await;

    let metrics = town.client.get("http://localhost/metrics").send().await.unwrap().bytes().await.unwrap().to_vec();
    let feed = town.get("/v1/events?limit=1000").await.unwrap().to_string().into_bytes();
    let (running, unpacked) = bundle(&town, "running.tar");
    town.kill();
    let (stopped, _) = bundle(&town, "stopped.tar");
    let log = fs::read(town.path("log")).unwrap();
    let state = everything_in(&town.path("state"));
    let journal = String::from_utf8_lossy(&everything_in(&town.path("state/journal"))).into_owned();

    let mut secrets: Vec<String> = [LAN, BOSS, WRONG, ACCOUNT, QUERY, JWT].map(str::to_owned).into();
    let password = fs::read_to_string(town.path("secrets/vietqr-password")).unwrap();
    secrets.push(BASE64_STANDARD.encode(format!("{PARTNER_USER}:{}", password.trim())));
    for path in fs::read_dir(town.path("secrets")).unwrap().map(|entry| entry.unwrap().path()) {
        secrets.push(fs::read_to_string(path).unwrap().trim().to_owned());
    }
    for pin in [LAN, BOSS] {
        let hash = PinHash::new(pin, [9; 16]).expose().to_owned();
        secrets.extend(hash.rsplit('$').next().map(str::to_owned));
        secrets.push(hash);
    }
    // The signature of a message, and the checksums of calls: the journal has those that were sent.
    secrets.extend(message.rsplit('.').next().map(str::to_owned));
    let sums = [values(&journal, "checkSum"), values(&journal, "vnp_SecureHash")];
    let words = provider_words(&feed);
    assert!(message.starts_with(JWT) && !words.is_empty(), "this test looks for nothing");
    assert!(sums.iter().all(|found| !found.is_empty()), "this test looks for nothing");
    secrets.extend(sums.concat());
    let texts = [BANK_TEXT, REASON, SIGNED_REASON, CANCEL_REASON, VERDICT_REASON];
    for text in texts.into_iter().chain([ACCOUNT]) {
        assert!(has(&state, text), "{text:?} was never there, so this test looks for nothing");
    }

    for secret in &secrets {
        for (place, text) in [
            ("the bundle", &running),
            ("the other bundle", &stopped),
            ("the log", &log),
            ("the metrics", &metrics),
            ("the feed", &feed),
        ] {
            assert!(!has(text, secret), "{secret:?} is in {place}");
        }
    }
    // The feed has these by contract.
    let hashes = values(&journal, "raw_sha256");
    let more = texts.into_iter().chain([ARGUMENT, HOLDER]).map(str::to_owned).chain(hashes).chain(words);
    for text in more {
        for (place, bundle) in [("the bundle", &running), ("the other bundle", &stopped)] {
            assert!(!has(bundle, &text), "{text:?} is in {place}");
        }
    }
    let config = fs::read_to_string(unpacked.join("config.toml")).unwrap();
    assert!(config.contains("bank_account = \"***7890\"") && config.contains("account = \"***7890\""), "{config}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_has_what_support_needs_of_a_running_and_of_a_stopped_device() {
    let mut town = Town::open(|config| config).await;
    town.pay("FT1", 25_000).await;
    let said = |status: &Value| status["totals"]["announced"] == 1;
    town.until("the sentence", said).await;
    while !fs::read_to_string(town.path("said")).is_ok_and(|said| said.ends_with('\n')) {
        look().await;
    }
    let (_, unpacked) = bundle(&town, "running.tar");
    let text = |name: &str| fs::read_to_string(unpacked.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let json = |name: &str| serde_json::from_str::<Value>(&text(name)).unwrap();
    assert_eq!(json("contents.json")["not_in_it"], json!([]));
    assert_eq!(json("status.json")["link"]["state"], "up");
    assert_eq!((&json("check.json")["errors"], &json("journal.json")["report"]["damages"]), (&json!(0), &json!([])));
    assert!(text("metrics.txt").contains("vietqr_edge_link_up 1"));
    assert!(json("files.json")["files"].to_string().contains("journal/00000001.jsonl"));
    assert!(
        json("system.json")["memory"]["MemTotal"].is_string() && json("system.json")["disk"]["free_files"].is_u64()
    );
    let lines = |name: &Path| -> Vec<Value> {
        let text = fs::read_to_string(name.join("events.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let events = lines(&unpacked);
    let paid = events.iter().find(|event| event["type"] == "payment.received").unwrap();
    let kept = (&paid["data"]["reference_number"], &paid["data"]["bank_account"]);
    assert_eq!(kept, (&json!("FT1"), &json!("***7890")));

    // A stopped device: what only the daemon knows is missing and named; the folder is as it was.
    town.kill();
    let state = town.path("state");
    let before = everything_in(&state);
    let (_, unpacked) = bundle(&town, "stopped.tar");
    assert!(before == everything_in(&state), "it is read-only");
    let missing: Value = serde_json::from_str(&fs::read_to_string(unpacked.join("contents.json")).unwrap()).unwrap();
    let files: Vec<&str> =
        missing["not_in_it"].as_array().unwrap().iter().map(|part| part["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["status.json", "metrics.txt"]);
    assert_eq!(lines(&unpacked)[..events.len()], events);
}

#[test]
fn the_last_events_are_read_back_from_as_many_segments_as_they_lie_in() {
    let dir = tempfile::tempdir().unwrap();
    let (fs, clock): (Arc<dyn Fs>, _) = (Arc::new(RealFs), support::TestClock::new());
    let mut writer = support::open(&fs, &clock, dir.path(), &support::memory().1);
    for n in 0..60 {
        writer.commit(vec![support::notice(&format!("FT{n}"), 25_000)]).unwrap();
    }
    assert!(fs::read_dir(dir.path().join("journal")).unwrap().count() > 2);
    let mut all = Vec::new();
    let every = verify::each_event(&*fs, dir.path(), |identity, recorded| {
        all.push((identity.clone(), recorded));
        ControlFlow::Continue(())
    });
    every.unwrap();
    for n in [0, 1, 7, 50, all.len(), all.len() + 1] {
        let last = verify::last_events(&*fs, dir.path(), n).unwrap();
        assert_eq!(last, all[all.len().saturating_sub(n)..], "the last {n}");
    }
}

#[test]
fn without_a_configuration_a_bundle_says_what_it_could_not_get() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("agent.toml");
    fs::write(&config, "[mqtt]\nurl = \"password-7f37\nusername = password-7f38\n").unwrap();
    let output = run(&config, &["support-bundle"]);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("vietqr-edge-support-20") && told.contains("\nwithout config.toml: "), "{told}");
    let bundle = fs::read(dir.path().join(told.split(" (").next().unwrap())).unwrap();
    assert!(has(&bundle, "check.json"));
    for text in ["password-7f37", "password-7f38"] {
        assert!(!has(&bundle, text) && !told.contains(text), "{text}");
    }
}
