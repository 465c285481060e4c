//! The people who may refund, in the whole daemon: PINs, kills, memory, signed requests, approval while offline.

use super::{
    daemon::{TERMINAL, Town, ask, look},
    shop::DEADLINE,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::{fs, time::Instant};
use vietqr_edge::pin::PinHash;

/// No other text in a test has these digits.
const LAN: &str = "904217";
const HOA: &str = "904218";
const BOSS: &str = "904219";
const WRONG: &str = "704219";
/// The most that the shipped program may have resident while a PIN is checked, in KiB.
const BUDGET_KIB: u64 = 20 * 1024;

fn operator(name: &str, role: &str, pin: &str) -> String {
    let hash = PinHash::new(pin, [9; 16]).expose();
    format!("\n[[operator]]\nname = \"{name}\"\nrole = \"{role}\"\npin_hash = \"{hash}\"\n")
}

/// Three people; above 10.000 đ a manager approves.
fn with_people(config: String) -> String {
    let config = config.replace("[refund]\n", "[refund]\napproval_above = 10000\n");
    config + &operator("lan", "cashier", LAN) + &operator("hoa", "cashier", HOA) + &operator("boss", "manager", BOSS)
}

/// No provider is there: nothing is sent.
fn offline(config: String) -> String {
    let lines = config.lines().map(|line| match line.starts_with("base_url") {
        true => "base_url = \"https://127.0.0.1:1/vqr\"",
        false => line,
    });
    with_people(lines.collect::<Vec<_>>().join("\n") + "\n")
}

fn with_pin(mut body: Value, operator: &str, pin: &str) -> Value {
    (body["operator"], body["pin"]) = (json!(operator), json!(pin));
    body
}

impl Town {
    /// Status and code of a request that only its PIN may come to anything: its amount is above the limit.
    async fn guess(&self, operator: &str, pin: &str) -> (u16, String) {
        let body = with_pin(ask("guess", "FT0", 4_000_000_000), operator, pin);
        let (status, body) = self.post("/v1/refunds", &body).await.unwrap();
        (status, body["code"].as_str().unwrap().to_owned())
    }

    async fn restarted(&mut self) {
        self.kill();
        self.start();
        self.until("the daemon", |_| true).await;
    }

    /// Whether these digits stand in any file that the daemon writes, its log included.
    fn keeps(&self, digits: &str) -> bool {
        let mut folders = vec![self.path("state")];
        let mut texts = vec![fs::read(self.path("log")).unwrap()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => folders.push(path),
                    // The socket is no file to read.
                    false => texts.extend(fs::read(path).ok()),
                }
            }
        }
        texts.iter().any(|text| text.windows(digits.len()).any(|window| window == digits.as_bytes()))
    }
}

fn is(answer: &(u16, String), status: u16, code: &str) -> bool {
    (answer.0, answer.1.as_str()) == (status, code)
}

#[tokio::test]
async fn a_kill_between_wrong_pins_resets_nothing() {
    let mut town = Town::open(with_people).await;
    for n in 0..5 {
        assert!(is(&town.guess("lan", WRONG).await, 403, "wrong_pin"), "{n}");
        town.restarted().await;
    }
    for _ in 0..2 {
        assert!(is(&town.guess("lan", LAN).await, 429, "too_many_wrong_pins"));
        town.restarted().await;
    }
    assert!(is(&town.guess("hoa", HOA).await, 422, "above_max_amount"), "others are heard");
    for pin in [LAN, HOA, WRONG] {
        assert!(!town.keeps(pin), "{pin}");
    }
    assert!(town.keeps("a wrong PIN") && town.keeps("operator.locked"), "the search finds what is there");
}

#[tokio::test]
async fn ten_wrong_pins_at_once_stay_within_the_memory_of_a_terminal() {
    let town = Town::open(with_people).await;
    let resident = || {
        let status = fs::read_to_string(format!("/proc/{}/status", town.pid())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = resident();
    let guesses = join_all((0..10).map(|n| town.guess(if n < 5 { "lan" } else { "hoa" }, WRONG))).await;
    assert!(guesses.iter().all(|guess| is(guess, 403, "wrong_pin")), "{guesses:?}");
    let more = join_all((0..10).map(|_| town.guess("lan", WRONG))).await;
    assert!(more.iter().all(|guess| is(guess, 429, "too_many_wrong_pins")), "{more:?}");
    assert!(is(&town.guess("boss", BOSS).await, 422, "above_max_amount"));
    let peak = resident();
    eprintln!("resident at most: {before} KiB before, {peak} KiB with PIN checks");
    // Two checks side by side would be 14 MiB more.
    assert!(peak - before < 11 * 1024, "{before} KiB before, {peak} after");
    // Other profiles are larger from the start.
    if env!("CARGO_BIN_EXE_vietqr-edge").contains("/release/") {
        assert!(peak < BUDGET_KIB, "{peak} KiB");
    }
}

#[tokio::test]
async fn approval_and_cancellation_work_offline_and_across_restarts() {
    let mut town = Town::open(offline).await;
    for n in 1..=3 {
        town.pay(&format!("FT{n}"), 25_000).await;
    }
    town.until("the payments", |status| status["totals"]["credits"] == 3).await;
    let mut refunds = Vec::new();
    for n in 1..=3 {
        let body = with_pin(ask(&format!("r-{n}"), &format!("FT{n}"), 20_000), "lan", LAN);
        let (status, refund) = town.post("/v1/refunds", &body).await.unwrap();
        assert_eq!((status, &refund["state"]), (202, &json!("awaiting_approval")), "{refund}");
        refunds.push(format!("/v1/refunds/{}", refund["id"].as_str().unwrap()));
    }
    town.restarted().await;
    let boss = json!({"operator": "boss", "pin": BOSS});
    for path in &refunds[..2] {
        let (status, refund) = town.post(&format!("{path}/approve"), &boss).await.unwrap();
        assert_eq!((status, &refund["state"], &refund["approved_by"]), (200, &json!("queued"), &json!("boss")));
    }
    town.restarted().await;
    let cancel = json!({"operator": "hoa", "pin": HOA, "reason": "nhầm"});
    let (status, problem) = town.post(&format!("{}/cancel", refunds[0]), &cancel).await.unwrap();
    assert_eq!((status, &problem["code"]), (403, &json!("not_the_requester")));
    let cancel = json!({"operator": "lan", "pin": LAN, "reason": "nhầm"});
    for path in [&refunds[0], &refunds[2]] {
        let (status, refund) = town.post(&format!("{path}/cancel"), &cancel).await.unwrap();
        assert_eq!((status, &refund["state"], &refund["code"]), (200, &json!("refused"), &json!("cancelled")));
    }
    town.restarted().await;
    let states: Vec<Value> =
        join_all(refunds.iter().map(|path| town.get(path))).await.into_iter().map(Option::unwrap).collect();
    let told = |n: usize| (&states[n]["state"], &states[n]["operator"], &states[n]["approved_by"]);
    assert_eq!(told(0), (&json!("refused"), &json!("lan"), &json!("boss")));
    assert_eq!(told(1), (&json!("queued"), &json!("lan"), &json!("boss")));
    assert_eq!(told(2), (&json!("refused"), &json!("lan"), &Value::Null));
    assert!((1..=3).all(|n| town.moved(&format!("FT{n}")) == 0));
}

#[tokio::test]
async fn people_are_read_again_on_sighup_and_nothing_is_sent_before_approval() {
    let mut town = Town::open(with_people).await;
    town.pay("FT1", 25_000).await;
    town.until("the payment", |status| status["totals"]["credits"] == 1).await;
    let body = with_pin(ask("r-1", "FT1", 20_000), "minh", "904210");
    assert_eq!(town.post("/v1/refunds", &body).await.unwrap().1["code"], "wrong_pin");
    let text = fs::read_to_string(&town.folder.config).unwrap();
    fs::write(&town.folder.config, text + &operator("minh", "manager", "904210")).unwrap();
    let hangup = std::process::Command::new("kill").args(["-HUP", &town.pid().to_string()]).status().unwrap();
    assert!(hangup.success());
    let by = Instant::now() + DEADLINE;
    while !town.keeps("operators, voice and log level are read again") {
        assert!(Instant::now() < by);
        look().await;
    }
    let (status, refund) = town.post("/v1/refunds", &body).await.unwrap();
    assert_eq!(status, 202, "{refund}");
    let path = format!("/v1/refunds/{}", refund["id"].as_str().unwrap());
    let minh = json!({"operator": "minh", "pin": "904210"});
    assert_eq!(town.post(&format!("{path}/approve"), &minh).await.unwrap().1["code"], "same_person");
    assert_eq!(town.moved("FT1"), 0);
    let boss = json!({"operator": "boss", "pin": BOSS});
    assert_eq!(town.post(&format!("{path}/approve"), &boss).await.unwrap().0, 200);
    while town.get(&path).await.unwrap()["state"] != "succeeded" {
        assert!(Instant::now() < by + DEADLINE);
        look().await;
    }
    assert_eq!(town.moved("FT1"), 1);
}

#[tokio::test]
async fn a_signed_request_names_an_operator_and_waits_for_a_manager() {
    let mut town = Town::open(with_people).await;
    let (mut answers, key) = (town.answers().await, town.key());
    town.pay("FT1", 25_000).await;
    town.until("the payment", |status| status["totals"]["credits"] == 1).await;
    let now = chrono::Utc::now().timestamp();
    for (request_id, operator) in [("r-1", "nobody"), ("r-2", "lan")] {
        let mut claims = ask(request_id, "FT1", 20_000);
        let fields = claims.as_object_mut().unwrap();
        fields.remove("request_id");
        fields.extend([("jti".into(), json!(request_id)), ("aud".into(), json!(TERMINAL))]);
        fields.extend([
            ("iat".into(), json!(now)),
            ("exp".into(), json!(now + 120)),
            ("operator".into(), json!(operator)),
        ]);
        town.request(key.sign(&claims).unwrap()).await;
        let text = tokio::time::timeout(DEADLINE, answers.next()).await.expect("an answer").unwrap();
        let answer = key.verify(&text).unwrap();
        assert_eq!(answer["request_id"], request_id);
        match operator {
            "lan" => assert_eq!(answer["state"], "awaiting_approval", "{answer}"),
            _ => assert_eq!((&answer["state"], &answer["code"]), (&json!("refused"), &json!("unknown_operator"))),
        }
    }
    assert_eq!(town.moved("FT1"), 0);
}
