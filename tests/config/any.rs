//! Any text at all: an answer, never a panic.

use crate::place::{Place, whole_example};
use proptest::prelude::*;
use std::sync::LazyLock;
use vietqr_edge::config::{Config, Severity, print};

static WHOLE: LazyLock<(Place, String)> = LazyLock::new(|| (Place::new(), whole_example(&["clips", "player"])));

/// Loads the text; an answer is a configuration that can be printed, or at least one error, each at a line of the file.
fn answers(text: &str) {
    let folder = &WHOLE.0;
    // A name of its own in the folder that has the secrets: tests run side by side.
    let file = tempfile::Builder::new().suffix(".toml").tempfile_in(folder.path("")).unwrap();
    std::fs::write(file.path(), text).unwrap();
    match Config::load(file.path()) {
        Ok((config, _)) => assert!(print(&config).contains("[mqtt]")),
        Err(problems) => {
            assert!(problems.0.iter().any(|p| p.severity == Severity::Error), "{problems}\n{text}");
            let lines = text.matches('\n').count() + 1;
            assert!(problems.0.iter().all(|p| (1..=lines).contains(&(p.line as usize))), "{problems}\n{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_configuration_is_an_answer(at in 0.0..1.0_f64, length in 0_usize..200, put in r#"[\[\]="'#\\a-z0-9.\n\{\}-]{0,6}"#) {
        let text = &WHOLE.1;
        let place = |i: usize| (i.min(text.len())..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap();
        let start = place((at * text.len() as f64) as usize);
        answers(&format!("{}{put}{}", &text[..start], &text[place(start + length)..]));
    }

    #[test]
    fn a_value_of_another_kind_is_an_answer(line in 0_usize..300, value in prop_oneof![
        Just("1"), Just("-1"), Just("true"), Just("\"\""), Just("\"x\""), Just("[]"), Just("[1]"), Just("{}"), Just("1.5"), Just("1979-05-27"),
    ]) {
        let mut lines: Vec<String> = WHOLE.1.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
        let line = line % lines.len();
        if let Some((key, _)) = lines[line].clone().split_once(" = ") {
            lines[line] = format!("{key} = {value}");
        }
        answers(&lines.join("\n"));
    }
}

#[test]
fn a_file_from_windows_and_tables_on_one_line_are_read_too() {
    let whole = WHOLE.1.replace('\n', "\r\n");
    answers(&whole);
    let text = "device = { id = \"a\", state_dir = \"s\" }\nmqtt.url = \"mqtts://h\"\naccount = [{ bank_code = \"MB\", bank_account = \"1\", holder = \"A\" }]\nterminal = [{ code = \"T\", account = \"1\" }, { code = \"T\", account = \"1\" }]\n";
    let place = Place::new();
    let problems = place.load(text).unwrap_err();
    assert_eq!(
        (problems.0.len(), problems.0[0].line, problems.0[0].key.as_str()),
        (1, 4, "terminal[1].code"),
        "{problems}"
    );
    assert!(place.load(&text.replacen("\"T\"", "\"U\"", 1)).is_ok());
    assert!(place.load(&format!("\u{feff}{}", crate::place::LEAST)).is_ok());
}
