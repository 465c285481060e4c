//! The example configuration and the printed one.

use crate::place::{LEAST, Place, whole_example};
use std::path::Path;
use vietqr_edge::config::check::Grade;
use vietqr_edge::config::{Config, Severity, Speaker, check, print};
use vietqr_edge_core::time::Timestamp;

#[test]
fn the_example_passes_the_check_on_a_fresh_checkout() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/agent.example.toml");
    let report = check(&path, Timestamp::from_secs(1_795_000_000));
    assert!(report.passed(), "{report}");
    assert!(report.count(Grade::Ok) > 0);
}

#[test]
fn every_commented_line_of_the_example_is_valid() {
    let place = Place::new();
    for without in [["clips", "player"], ["command", "command"]] {
        let (config, warnings) = place.load(&whole_example(&without)).unwrap();
        let unserved = warnings.iter().filter(|w| w.message.contains("does not serve it yet")).count();
        assert_eq!(unserved, 9);
        assert_eq!(unserved, warnings.len(), "{warnings:?}");
        assert_eq!(matches!(config.voice.unwrap().speaker, Speaker::Clips { .. }), without[0] == "command");
    }
}

#[test]
fn the_example_has_every_key_that_the_printed_configuration_has() {
    let place = Place::new();
    let example = whole_example(&[]);
    for without in [["clips", "player"], ["command", "command"]] {
        let printed = print(&place.load(&whole_example(&without)).unwrap().0);
        let lines = |text: &str| -> Vec<String> {
            let name = |line: &str| line.split(" = ").next().unwrap().to_owned();
            text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(name).collect()
        };
        let kept: Vec<String> = lines(&example).into_iter().filter(|l| !without.contains(&l.as_str())).collect();
        assert_eq!(lines(&printed), kept);
    }
}

#[test]
fn the_printed_configuration_is_valid_and_prints_itself() {
    let place = Place::new();
    for text in [LEAST.to_owned(), whole_example(&["clips", "player"]), whole_example(&["command"])] {
        let printed = print(&place.load(&text).unwrap().0);
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join("printed.toml");
        std::fs::write(&path, &printed).unwrap();
        let (again, _) = Config::load(&path).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert_eq!(print(&again), printed);
    }
}

#[test]
fn every_key_of_the_printed_configuration_is_explained() {
    let place = Place::new();
    let printed = print(&place.load(&whole_example(&["command"])).unwrap().0);
    let lines: Vec<&str> = printed.lines().collect();
    for pair in lines.windows(2) {
        if !pair[1].starts_with('#') && !pair[1].is_empty() {
            assert!(pair[0].starts_with("# "), "{}", pair[1]);
        }
    }
}

#[test]
fn what_is_not_served_yet_is_said_with_its_line() {
    let place = Place::new();
    let text = format!("{LEAST}[order]\nexpires_s = 60\n");
    let (_, warnings) = place.load(&text).unwrap();
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].line, warnings[0].key.as_str(), warnings[0].severity), (15, "order", Severity::Warning));
}
