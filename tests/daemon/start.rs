//! Whether the daemon starts, and what it says when it does not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::daemon::{Shop, side::Side};
use std::{fs, path::Path, process::Output};

const PLAIN: &str = "url = \"mqtt://127.0.0.1:1\"\nallow_plaintext = true";

/// `run` with this configuration, which is expected to end by itself.
fn run(shop: &Shop) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = shop.cli(&["run"]);
    assert!(stdout.is_empty(), "results only");
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn shop(dir: &Path) -> Shop {
    let shop = Shop::new(dir, PLAIN);
    shop.write();
    shop
}

#[test]
fn errors_of_the_configuration_end_it_with_78_naming_file_line_and_key() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path());
    let right = fs::read_to_string(shop.config()).unwrap();
    let file = shop.config().display().to_string();
    for (from, to, key) in [
        ("allow_plaintext = true", "allow_plaintext = \"yes\"", "mqtt.allow_plaintext"),
        ("allow_plaintext = true", "alow_plaintext = true", "mqtt.alow_plaintext"),
        ("code = \"VVB123456\"", "code = \"\"", "terminal[0].code"),
        ("bank_code = \"MB\"", "bank_code = \"MB", ""),
    ] {
        fs::write(shop.config(), right.replacen(from, to, 1)).unwrap();
        let (code, stderr) = run(&shop);
        let line = 1 + right[..right.find(from).unwrap()].lines().count();
        assert_eq!(code, Some(78), "{stderr}");
        assert!(stderr.contains(&format!("{file}:{line}: {key}")), "expected {file}:{line}: {key} in {stderr}");
    }
    fs::remove_file(shop.config()).unwrap();
    let (code, stderr) = run(&shop);
    assert!(code == Some(78) && stderr.contains(&file), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_second_daemon_on_one_folder_ends_naming_the_first() {
    let side = Side::new().await;
    let mut daemon = side.open();
    let (code, stderr) = run(&side.shop);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&daemon.id().to_string()), "{stderr}");
    daemon.up();
    daemon.kill();
    // A lock of a process that is gone holds nothing.
    side.open();
}

#[test]
fn a_folder_that_can_not_be_written_ends_it_with_a_sentence_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = shop(dir.path());
    let file = dir.path().join("a-file");
    fs::write(&file, "").unwrap();
    shop.state = file.join("state");
    shop.write();
    let (code, stderr) = run(&shop);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&shop.state.display().to_string()), "{stderr}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_run_that_was_killed_is_told_by_the_next() {
    let side = Side::new().await;
    side.open().kill();
    let daemon = side.open();
    daemon.terminate();
    side.open().terminate();
    let events = side.shop.exported();
    let clean: Vec<&serde_json::Value> =
        events.iter().filter(|event| event["type"] == "device.started").map(|event| &event["data"]["clean"]).collect();
    assert_eq!(clean[1..], [&false.into(), &serde_json::Value::Bool(true)], "{clean:?}");
}
