//! No secret, no PIN's hash and no whole account number where it does not belong.

use crate::place::{LEAST, Place, SECRET, whole_example};
use vietqr_edge::config::{check, print};
use vietqr_edge_core::time::Timestamp;

const HASH: &str = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";

fn whole() -> (Place, String) {
    let example = whole_example(&["clips", "player", "pin_hash", "url = \"https://pos"]);
    let text = example
        .replace("role = \"cashier\"", &format!("role = \"cashier\"\npin_hash = \"{HASH}\""))
        .replace("/hooks/vietqr\"", &format!("/hooks/vietqr?token={SECRET}\""));
    (Place::new(), text)
}

#[test]
fn a_secret_is_read_whole_and_shown_nowhere() {
    let (place, text) = whole();
    let (config, warnings) = place.load(&text).unwrap();
    let password = config.mqtt.password.as_ref().unwrap();
    assert_eq!(password.expose_text(), Some(format!("{SECRET}-mqtt-password").as_str()));
    assert!(config.webhooks[0].url.as_str().contains(SECRET));
    let report = check(&place.path("agent.toml"), Timestamp::from_secs(1_795_000_000));
    let shown = [
        format!("{config:?}{config:#?}"),
        print(&config),
        format!("{warnings:?}"),
        format!("{report}{}", report.json()),
    ];
    for text in shown {
        assert!(!text.contains(SECRET) && !text.contains("c29tZXNhbHQ") && !text.contains("LZdzWn0A"), "{text}");
    }
}

#[test]
fn debug_and_messages_mask_account_numbers() {
    let (place, text) = whole();
    let (config, _) = place.load(&text).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("1234567890") && shown.contains("***7890"), "{shown}");
    let wrong = LEAST.replace("account = \"1234567890\"\nlabel", "account = \"99887766554433\"\nlabel");
    let problems = place.load(&wrong).unwrap_err();
    assert!(!problems.to_string().contains("99887766554433"), "{problems}");
}

#[test]
fn a_secret_written_into_the_file_itself_is_not_repeated() {
    let place = Place::new();
    for line in [
        format!("password = \"{SECRET}\""),
        format!("password_file = \"{SECRET}\" x"),
        format!("password_file = {SECRET}"),
        format!("client_id = [\"{SECRET}\"]"),
        format!("url = \"mqtts://u:{SECRET}@h\""),
        format!("ca_file = '''{SECRET}\n'''"),
    ] {
        let text = LEAST.replace("url = \"mqtts://mqtt.example.vn\"", &line);
        let problems = place.load(&text).unwrap_err();
        assert!(!problems.to_string().contains(SECRET) && !format!("{problems:?}").contains(SECRET), "{problems}");
    }
}

#[test]
fn the_printed_configuration_names_the_file_and_length_of_a_secret() {
    let (place, text) = whole();
    let printed = print(&place.load(&text).unwrap().0);
    let line = format!("password_file = \"{}\"   # *** (38 bytes)", place.path("secrets/mqtt-password").display());
    assert!(printed.contains(&line), "{printed}");
}
