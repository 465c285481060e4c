//! The command line, as a person or a script uses it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use serde_json::Value;
use std::{
    path::Path,
    process::{Output, Stdio},
};
use support::served::{DEADLINE, Served, operator};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};
use vietqr_edge::{
    config,
    http::{Role, SpeakError},
    pin::PinHash,
};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vietqr-edge"));
    command.args(arguments).env_remove("VIETQR_EDGE_CONFIG").stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(arguments: &[&str]) -> Output {
    tokio::time::timeout(DEADLINE, program(arguments).output()).await.expect("it ends").unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

struct Shop {
    served: Served,
    socket: String,
}

impl Shop {
    fn new() -> Shop {
        let served = Served::new();
        let socket = served.socket.to_str().unwrap().to_owned();
        Shop { served, socket }
    }

    /// Standard output of a command that must succeed and say nothing on standard error.
    async fn ask(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()), "{arguments:?}");
        text(&output.stdout)
    }

    async fn output(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--socket", &self.socket]].concat()).await
    }
}

#[tokio::test]
async fn a_stranger_with_an_empty_ledger_is_told_so() {
    let shop = Shop::new();
    assert_eq!(shop.ask(&["payments"]).await, "no payment yet\n");
    assert_eq!(shop.ask(&["events"]).await, "no event yet\n");
    assert_eq!(shop.ask(&["events", "--json"]).await, "");
    let status = shop.ask(&["status"]).await;
    assert!(
        status.contains("DOWN since 21/11 09:29:00 (1 min 0 s), mqtt.example.vn:8883, 3 tries: the broker refused"),
        "{status}"
    );
    assert!(status.contains("none yet"), "{status}");
    assert!(status.contains("mqtt.client_cert_file: 20 days left: replace it soon"), "{status}");
}

#[tokio::test]
async fn tables_mask_accounts_and_json_has_the_resources_themselves() {
    let shop = Shop::new();
    let id = shop.served.book(1, 1).await[0];
    shop.served.book(1, 1).await;
    shop.served.say(id).await;
    let table = shop.ask(&["payments"]).await;
    let row = table.lines().nth(1).unwrap();
    for part in ["p1", "21/11 09:30:00", "25.000 đ", "***7890", "VVB123456", "FT00001", "thanh toan"] {
        assert!(row.contains(part), "{part} is not in\n{table}");
    }
    for arguments in [&["payments"][..], &["payment", "p1"], &["trace", "FT00001"], &["events"], &["status"]] {
        assert!(!shop.ask(arguments).await.contains("1234567890"), "{arguments:?}");
    }
    let list: Value = serde_json::from_str(&shop.ask(&["payments", "--json"]).await).unwrap();
    assert_eq!(list, shop.served.get("/v1/payments").await.2);
    let payment: Value = serde_json::from_str(&shop.ask(&["payment", "p1", "--json"]).await).unwrap();
    assert_eq!(payment["bank_account"], "1234567890");
    let status: Value = serde_json::from_str(&shop.ask(&["status", "--format", "json"]).await).unwrap();
    assert_eq!(status["totals"]["credits"], 1);
    assert!(shop.ask(&["status", "--format", "prometheus"]).await.contains("vietqr_edge_repeats_total 1"));
}

#[tokio::test]
async fn a_refund_is_asked_for_shown_and_cancelled() {
    let shop = Shop::new();
    assert_eq!(shop.ask(&["refunds"]).await, "no refund\n");
    shop.served.book(1, 2).await;
    let new = ["refund", "new", "--payment", "p1", "--amount", "10000", "--reason", "khách trả hàng"];
    let new = [&new[..], &["--operator", "lan", "--request-id", "r-1"]].concat();
    let shown = shop.ask(&new).await;
    for part in ["r3", "queued", "10.000 đ", "FT00001", "khách trả hàng", "refund.requested"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert_eq!(shop.ask(&new).await, shown, "the same request is the same refund");
    let reference = ["refund", "new", "--account", "1234567890", "--reference", "FT00002", "--amount", "1"];
    shop.ask(&[&reference[..], &["--reason", "x", "--operator", "lan", "--request-id", "r-2"]].concat()).await;
    let table = shop.ask(&["refunds"]).await;
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(!table.contains("1234567890") && !shown.contains("1234567890"));
    let cancelled = shop.ask(&["refund", "cancel", "r3", "--reason", "nhầm", "--operator", "lan"]).await;
    assert!(cancelled.contains("refused") && cancelled.contains("cancelled, by lan, nhầm"), "{cancelled}");
    let shown: Value = serde_json::from_str(&shop.ask(&["refund", "show", "r3", "--json"]).await).unwrap();
    assert_eq!(shown, shop.served.get("/v1/refunds/r3").await.2);
    let again = shop.output(&["refund", "cancel", "r3", "--reason", "nhầm"]).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("wrong_state"), "{}", text(&again.stderr));
    let verdict = ["refund", "resolve", "r5", "--verdict", "failed", "--reason", "x"];
    assert!(text(&shop.output(&verdict).await.stderr).contains("the refund is queued; expected review"));
    let approve = shop.output(&["refund", "approve", "r5", "--operator", "boss"]).await;
    assert!(text(&approve.stderr).contains("wrong_state"));
    let list: Value = serde_json::from_str(&shop.ask(&["refunds", "--state", "refused", "--json"]).await).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert!(shop.ask(&["status"]).await.contains("refunds      1 queued, 1 refused\n"));
}

#[tokio::test]
async fn payments_shows_the_last_ones_however_long_ago_they_were() {
    let shop = Shop::new();
    shop.served.book_together(1, 30).await;
    for _ in 0..3 {
        let sends = (0..100).map(|_| shop.served.record());
        futures_util::future::join_all(sends).await;
    }
    let table = shop.ask(&["payments", "--limit", "3"]).await;
    let ids: Vec<&str> = table.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(ids, ["p28", "p29", "p30"]);
    let table = shop.ask(&["payments", "--after", "p3", "--limit", "2"]).await;
    assert!(table.contains("more: vietqr-edge payments --after p5\n"), "{table}");
}

#[tokio::test]
async fn a_trace_is_found_by_reference_or_id_and_shows_each_station() {
    let shop = Shop::new();
    let id = shop.served.book(1, 1).await[0];
    shop.served.clock.forward(2_000);
    shop.served.say(id).await;
    for name in ["FT00001", "p1"] {
        let trace = shop.ask(&["trace", name]).await;
        assert!(trace.contains("received   21/11/2026 09:30:01.500        +1.500 s"), "{trace}");
        assert!(trace.contains("delivered  -"), "{trace}");
    }
    let output = shop.output(&["trace", "FT99999"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no payment has the reference 'FT99999' here"));
}

#[tokio::test]
async fn say_prints_what_was_said_or_why_nothing_was() {
    let shop = Shop::new();
    assert_eq!(shop.ask(&["say", "--test", "1000"]).await, "Đây là giao dịch thử, 1.000 đồng\n");
    assert_eq!(shop.ask(&["say", "--test"]).await, "Đây là giao dịch thử, 25.000 đồng\n");
    for arguments in [&["say"][..], &["say", "--replay"], &["say", "--replay", "p1"]] {
        assert!(shop.ask(arguments).await.starts_with("Nhắc lại, "), "{arguments:?}");
    }
    let asked = ["test 1000", "test 25000", "replay None", "replay None", "replay Some(PaymentId(1))"];
    assert_eq!(*shop.served.fake.asked.lock().unwrap(), asked);
    *shop.served.fake.refusal.lock().unwrap() = Some(SpeakError::QuietHours);
    let output = shop.output(&["say"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("quiet hours"), "{}", text(&output.stderr));
}

struct Follower {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    fn new(arguments: &[&str]) -> Follower {
        let mut child = program(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Follower { _child: child, lines }
    }

    async fn line(&mut self) -> String {
        tokio::time::timeout(DEADLINE, self.lines.next_line()).await.expect("a line in time").unwrap().unwrap()
    }
}

#[tokio::test]
async fn followed_events_come_as_they_happen_each_once() {
    let shop = Shop::new();
    shop.served.book(1, 2).await;
    let mut follower = Follower::new(&["events", "--follow", "--after", "0", "--socket", &shop.socket]);
    assert!(follower.line().await.contains("payment.received        p1 25.000 đ VVB123456 FT00001 thanh toan"));
    assert!(follower.line().await.contains("p2 25.000 đ"));
    shop.served.record().await;
    assert!(follower.line().await.contains("link.down               mqtt.example.vn:8883: a test"));
    let mut follower = Follower::new(&["events", "--follow", "--after", "2", "--json", "--socket", &shop.socket]);
    let document: Value = serde_json::from_str(&follower.line().await).unwrap();
    assert_eq!(document["sequence"], "000000000003");
}

#[tokio::test]
async fn followed_events_go_on_through_a_restart_each_once() {
    let mut shop = Shop::new();
    let mut follower = Follower::new(&["events", "--follow", "--after", "0", "--socket", &shop.socket]);
    shop.served.book(1, 1).await;
    assert!(follower.line().await.contains(" p1 "));
    shop.served.restart().await;
    shop.served.book(2, 3).await;
    assert!(follower.line().await.contains(" p2 "));
    assert!(follower.line().await.contains(" p3 "));
}

#[tokio::test]
async fn events_lists_every_page() {
    let shop = Shop::new();
    shop.served.book_together(1, 230).await;
    let lines = shop.ask(&["events", "--after", "10", "--json"]).await;
    let numbers: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(numbers, (11..=230).map(|n| format!("{n:012}")).collect::<Vec<_>>());
    assert_eq!(shop.ask(&["events"]).await.lines().count(), 20);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let shop = Shop::new();
    shop.served.book_together(1, 600).await;
    let arguments = ["events", "--after", "0", "--json", "--socket", &shop.socket];
    let mut child = program(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    stdout.next_line().await.unwrap().unwrap();
    drop(stdout);
    let status = tokio::time::timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).await.unwrap();
    assert_eq!((status.code(), stderr), (Some(0), String::new()));
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_exit_69_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("none.sock");
    let socket = socket.to_str().unwrap();
    for command in
        [&["status"][..], &["payments"], &["payment", "p1"], &["events", "--follow"], &["say"], &["trace", "x"]]
    {
        let output = run(&[command, &["--socket", socket, "--config", "shop.toml"]].concat()).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{command:?}: {stderr}");
        let expected =
            format!("{socket}: is its service started? (by hand, as its user: vietqr-edge run --config shop.toml)");
        assert!(stderr.contains(&expected), "{stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn wrong_usage_is_exit_2() {
    for wrong in [
        &["pay"][..],
        &["payment", "7"],
        &["payments", "--limit", "0"],
        &["payments", "--limit", "1001"],
        &["check", "--on-line"],
        &["say", "--test", "--replay"],
        &["journal"],
        &[],
    ] {
        assert_eq!(run(wrong).await.status.code(), Some(2), "{wrong:?}");
    }
}

fn write_config(folder: &Path, state_dir: &str, more: &str) -> String {
    let file = folder.join("agent.toml");
    let text = format!(
        r#"[device]
id = "quay-1"
state_dir = "{state_dir}"
[mqtt]
url = "mqtts://mqtt.example.vn:8883"
[[account]]
bank_code = "MB"
bank_account = "1234567890"
holder = "NGUYEN VAN A"
[[terminal]]
code = "VVB123456"
account = "1234567890"
label = "Quầy 1"
{more}"#
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_configuration_is_exit_78_with_its_line_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "state", "[voice]\nmoed = \"full\"\n");
    for command in ["run", "check", "config"] {
        let output = run(&[command, "--config", &config]).await;
        assert_eq!(output.status.code(), Some(78), "{command}");
        let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(all.contains("agent.toml:15: voice.moed"), "{command}: {all}");
    }
    let missing = run(&["status", "--config", "/no/such/agent.toml"]).await;
    assert_eq!(missing.status.code(), Some(78));
    assert!(text(&missing.stderr).contains("give --config FILE, or --socket"), "{}", text(&missing.stderr));
}

#[tokio::test]
async fn a_right_configuration_is_printed_so_that_it_could_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "state", "");
    let check = run(&["check", "--config", &config]).await;
    assert_eq!(check.status.code(), Some(0), "{}", text(&check.stdout));
    let report: Value = serde_json::from_slice(&run(&["check", "--json", "--config", &config]).await.stdout).unwrap();
    assert!(report.is_object(), "{report}");
    let printed = run(&["config", "--config", &config]).await;
    assert_eq!(printed.status.code(), Some(0));
    std::fs::write(&config, &printed.stdout).unwrap();
    assert_eq!(run(&["config", "--config", &config]).await.stdout, printed.stdout);
}

#[tokio::test]
async fn the_socket_and_the_journal_are_found_through_the_configuration() {
    let shop = Shop::new();
    let folder = shop.served.folder.path();
    shop.served.book(1, 3).await;
    let config = write_config(folder, "state", "[api]\nsocket = \"agent.sock\"\n");
    let environment = program(&["payments"]).env("VIETQR_EDGE_CONFIG", &config).output().await.unwrap();
    assert_eq!(text(&environment.stdout).lines().count(), 4);
    let verified = run(&["journal", "verify", "--config", &config]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stderr));
    assert!(text(&verified.stdout).contains("events 1 to 3"), "{}", text(&verified.stdout));
    let exported = text(&run(&["journal", "export", "--config", &config]).await.stdout);
    assert_eq!(exported, shop.ask(&["events", "--after", "0", "--json"]).await);
}

#[tokio::test]
async fn a_bad_line_is_named_and_exit_1() {
    let shop = Shop::new();
    shop.served.book(1, 3).await;
    let state = shop.served.folder.path().join("state");
    let segment = state.join("journal/00000001.jsonl");
    let journal = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, journal.replacen("FT00002", "FT00009", 1)).unwrap();
    let output = run(&["journal", "verify", "--state-dir", state.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(1));
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stderr.contains("the first of 1 bad places is 00000001.jsonl line "), "{stderr}");
    assert!(stdout.contains("event 2 is missing"), "{stdout}");
    let nothing = run(&["journal", "verify", "--state-dir", "/no/such/folder"]).await;
    assert_eq!(nothing.status.code(), Some(1));
}

/// Standard output and error, and the exit code, of a command that is given this on standard input.
async fn given(arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    use tokio::io::AsyncWriteExt;
    let mut child =
        program(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that has read enough closes it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("it ends").unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

#[tokio::test]
async fn a_pin_becomes_a_hash_that_the_configuration_takes_and_that_does_not_show_it() {
    let (hash, error, code) = given(&["operator", "hash"], "432156\n").await;
    assert_eq!((error.as_str(), code), ("", Some(0)));
    assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$") && !hash.contains("432156"), "{hash}");
    let parsed = PinHash::parse(hash.trim_end()).unwrap();
    assert!(parsed.is_of("432156") && !parsed.is_of("432157"));
    assert_ne!(given(&["operator", "hash"], "432156").await.0, hash, "each has its own salt");
    for wrong in ["", "\n", "123\n", "12345x\n", "1234567890123\n", &"9".repeat(5000)] {
        let (hash, error, code) = given(&["operator", "hash"], wrong).await;
        assert_eq!((hash.as_str(), code), ("", Some(1)), "{wrong}");
        assert!(error.contains("PIN") && (wrong.len() < 3 || !error.contains(wrong.trim())), "{error}");
    }
}

#[tokio::test]
async fn where_people_are_known_a_refund_is_asked_for_with_a_pin_from_standard_input() {
    let shop = Shop::new();
    shop.served.book(1, 1).await;
    let desk = shop.served.desk(vec![operator("lan", config::Role::Cashier, "432156")]);
    drop(shop.served.also_for(Role::Admin, Some(&desk), "people"));
    let socket = shop.served.folder.path().join("Admintruepeople.sock");
    let new = ["refund", "new", "--payment", "p1", "--amount", "10000", "--reason", "x", "--operator", "lan"];
    let new = [&new[..], &["--request-id", "r-1", "--socket", socket.to_str().unwrap()]].concat();
    let (_, error, code) = given(&new, "432156\n").await;
    assert!(code == Some(1) && error.contains("(pin_required); with --pin it is read"), "{error}");
    let with_pin = [&new[..], &["--pin"]].concat();
    let (_, error, code) = given(&with_pin, "432157\n").await;
    assert!(code == Some(1) && error.contains("(wrong_pin)") && !error.contains("432157"), "{error}");
    let (shown, error, code) = given(&with_pin, "432156\n").await;
    assert!(code == Some(0) && shown.contains("queued") && !shown.contains("432156"), "{shown}{error}");
    let cancel = ["refund", "cancel", "r2", "--reason", "x", "--socket", socket.to_str().unwrap()];
    assert_eq!(given(&[&cancel[..], &["--pin"]].concat(), "432156\n").await.2, Some(2), "whose PIN?");
    let (shown, error, _) = given(&[&cancel[..], &["--operator", "lan", "--pin"]].concat(), "432156\n").await;
    assert!(shown.contains("cancelled, by lan, x"), "{shown}{error}");
}
