//! What `check` finds out about this machine.

use crate::place::{LEAST, Place};
use vietqr_edge::config::check;
use vietqr_edge::config::check::{Grade, Item, Report};
use vietqr_edge_core::time::Timestamp;

/// 2026-11-21.
const NOW: i64 = 1_795_230_000;
const DAY: i64 = 86_400;

const MUTUAL: &str = "ca_file = \"certs/ca.pem\"\nclient_cert_file = \"certs/client.pem\"\nclient_key_file = \"certs/client.key\"\n[[account]]";

fn at(place: &Place, text: &str, now: i64) -> Report {
    check(&place.config(text), Timestamp::from_secs(now))
}

fn mutual(place: &Place, now: i64) -> Report {
    at(place, &LEAST.replace("[[account]]", MUTUAL), now)
}

fn item<'r>(report: &'r Report, key: &str) -> &'r Item {
    let found: Vec<&Item> = report.items.iter().filter(|i| i.key == key).collect();
    assert_eq!(found.len(), 1, "{key}: {report}");
    found[0]
}

#[test]
fn a_sound_configuration_passes_with_days_left() {
    let report = mutual(&Place::new(), NOW);
    assert!(report.passed(), "{report}");
    assert_eq!(report.count(Grade::Warning), 0, "{report}");
    let client = item(&report, "mqtt.client_cert_file");
    assert_eq!((client.grade, client.line), (Grade::Ok, 7));
    assert!(client.message.contains("1500 days left"), "{client:?}");
    assert_eq!(item(&report, "mqtt.client_key_file").message, "belongs to its certificate");
}

#[test]
fn a_certificate_is_warned_of_below_thirty_days_and_an_error_when_expired() {
    let place = Place::new();
    let end = 1_924_905_600; // 2030-12-31T00:00:00Z
    for (now, grade) in [
        (end - 30 * DAY, Grade::Ok),
        (end - 30 * DAY + 1, Grade::Warning),
        (end - 1, Grade::Warning),
        (end, Grade::Error),
        (end + DAY, Grade::Error),
    ] {
        let report = mutual(&place, now);
        assert_eq!(item(&report, "mqtt.client_cert_file").grade, grade, "{report}");
        assert_eq!(item(&report, "mqtt.ca_file").grade, grade, "{report}");
        assert_eq!(report.passed(), grade != Grade::Error);
    }
}

#[test]
fn one_expired_authority_beside_a_good_one_is_a_warning() {
    let place = Place::new();
    let good = std::fs::read_to_string(place.path("certs/ca.pem")).unwrap();
    place.certificate("ca", 2020, 2021);
    let old = std::fs::read_to_string(place.path("certs/ca.pem")).unwrap();
    place.write("certs/ca.pem", &format!("{old}{good}"), 0o644);
    let report = mutual(&place, NOW);
    let ca = item(&report, "mqtt.ca_file");
    assert!(ca.grade == Grade::Warning && ca.message.contains("expired on 2021-12-31"), "{report}");
}

#[test]
fn a_certificate_of_the_future_is_a_warning_because_the_clock_may_be_wrong() {
    let report = mutual(&Place::new(), 1_600_000_000);
    let client = item(&report, "mqtt.client_cert_file");
    assert!(client.grade == Grade::Warning && client.message.contains("not valid before"), "{report}");
}

#[test]
fn the_key_of_another_certificate_is_an_error() {
    let place = Place::new();
    let other = std::fs::read_to_string(place.path("certs/api.key")).unwrap();
    place.write("certs/client.key", &other, 0o600);
    let report = mutual(&place, NOW);
    let key = item(&report, "mqtt.client_key_file");
    assert!(key.grade == Grade::Error && key.line == 8 && key.message.contains("does not belong"), "{report}");
}

#[test]
fn a_file_that_is_not_what_its_key_says_is_an_error() {
    let place = Place::new();
    let text = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    let (cert, key) = (text("certs/client.pem"), text("certs/client.key"));
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (name, content, item_key) in [
        ("certs/ca.pem", "", "mqtt.ca_file"),
        ("certs/ca.pem", key.as_str(), "mqtt.ca_file"),
        ("certs/ca.pem", garbage, "mqtt.ca_file"),
        ("certs/client.pem", "hello", "mqtt.client_cert_file"),
        ("certs/client.pem", garbage, "mqtt.client_cert_file"),
        ("certs/client.pem", &cert[..cert.len() / 2], "mqtt.client_cert_file"),
        ("certs/client.key", cert.as_str(), "mqtt.client_key_file"),
        (
            "certs/client.key",
            concat!("-----BEGIN ", "PRIVATE KEY-----\nAAAA\n-----END ", "PRIVATE KEY-----\n"),
            "mqtt.client_key_file",
        ),
    ] {
        let place = Place::new();
        place.write(name, content, 0o600);
        let report = mutual(&place, NOW);
        assert_eq!(item(&report, item_key).grade, Grade::Error, "{name}: {report}");
    }
}

#[test]
fn the_state_folder_is_there_or_can_be_created_and_is_not_created() {
    let place = Place::new();
    let report = at(&place, &LEAST.replace("\"state\"", "\"a/b/state\""), NOW);
    let dir = item(&report, "device.state_dir");
    assert!(dir.grade == Grade::Ok && dir.line == 3 && dir.message.contains("can be created"), "{report}");
    assert!(!place.path("a").exists());
    std::fs::create_dir(place.path("state")).unwrap();
    assert!(item(&at(&place, LEAST, NOW), "device.state_dir").message.contains("is there"));
    for (dir, _why) in [("agent.toml", "a file"), ("agent.toml/state", "below a file")] {
        let report = at(&place, &LEAST.replace("\"state\"", &format!("\"{dir}\"")), NOW);
        assert_eq!(item(&report, "device.state_dir").grade, Grade::Error, "{report}");
    }
}

#[test]
fn a_voice_program_that_is_not_there_is_a_warning() {
    let place = Place::new();
    place.write("speak", "#!/bin/sh\n", 0o755);
    place.write("not-executable", "", 0o644);
    let speak = place.path("speak").display().to_string();
    let plain = place.path("not-executable").display().to_string();
    for (program, grade) in [
        ("sh", Grade::Ok),
        (&*speak, Grade::Ok),
        (&*plain, Grade::Warning),
        ("no-such-program-at-all", Grade::Warning),
        ("/no/such/program", Grade::Warning),
    ] {
        let report = at(&place, &format!("{LEAST}[voice]\ncommand = [\"{program}\"]\n"), NOW);
        let command = item(&report, "voice.command");
        assert_eq!((command.grade, command.line), (grade, 16), "{report}");
        assert!(report.passed());
    }
}

#[test]
fn an_operators_hash_that_others_can_read_is_a_warning() {
    let place = Place::new();
    let hash = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";
    let text = format!("{LEAST}[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"{hash}\"\n");
    assert!(!at(&place, &text, NOW).items.iter().any(|i| i.key == "operator[0].pin_hash"));
    place.write("open.toml", &text, 0o644);
    let report = check(&place.path("open.toml"), Timestamp::from_secs(NOW));
    assert_eq!(
        (item(&report, "operator[0].pin_hash").grade, item(&report, "operator[0].pin_hash").line),
        (Grade::Warning, 18)
    );
}

#[test]
fn people_among_whom_nobody_can_approve_are_warned_of() {
    let place = Place::new();
    let hash = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";
    let who =
        |name: &str, role: &str| format!("[[operator]]\nname = \"{name}\"\nrole = \"{role}\"\npin_hash = \"{hash}\"\n");
    let warned = |people: &[String], limit: &str| {
        let report = at(&place, &format!("{LEAST}[refund]\n{limit}\n{}", people.concat()), NOW);
        report.items.iter().any(|i| i.key == "operator" && i.grade == Grade::Warning)
    };
    let (lan, boss) = (who("lan", "cashier"), who("boss", "manager"));
    assert!(warned(std::slice::from_ref(&lan), "") && warned(std::slice::from_ref(&boss), ""));
    assert!(!warned(&[lan.clone(), boss], "") && !warned(&[], ""));
    assert!(!warned(&[lan], "approval_above = 5000000"), "nothing is above");
}

#[test]
fn a_report_is_text_for_people_and_json_for_programs() {
    let place = Place::new();
    let report = at(&place, &LEAST.replace("mqtts://", "ssl://"), NOW);
    let file = place.path("agent.toml").display().to_string();
    assert!(report.to_string().contains(&format!("error   {file}:5: mqtt.url: expected mqtts://")), "{report}");
    assert!(report.to_string().ends_with("0 ok, 0 warnings, 1 error\n"), "{report}");
    let json = report.json();
    assert_eq!(json["errors"], 1);
    let item = &json["items"][0];
    assert_eq!(
        (&item["grade"], &item["line"], &item["key"], &item["file"]),
        (&"error".into(), &5.into(), &"mqtt.url".into(), &file.into())
    );
    assert!(item["message"].as_str().unwrap().contains("mqtts://"));
}
