//! Wrong configurations: each is refused with its file, its line and its key.

use crate::place::{LEAST, Place};
use vietqr_edge::config::{Config, Problem, Severity};

/// What is put after the least configuration (its line 15 is line 1 here), the key of the one error and its line here.
const ADDED: &[(&str, &str, u32)] = &[
    ("[mqttt]", "mqttt", 1),
    ("[order]\nqr_timeout_s = 0", "order.qr_timeout_s", 2),
    ("[order]\nexpires_s = \"900\"", "order.expires_s", 2),
    ("[order]\n\nexpire_s = 900", "order.expire_s", 3),
    ("[box]\nkey_file = \"secrets/box-key\"", "box.mac", 1),
    ("[box]\nmac = \"AA:BB:CC:DD:EE\"\nkey_file = \"secrets/box-key\"", "box.mac", 2),
    ("[box]\nmac = \"AA:BB:CC:DD:EE:FF\"\nkey_file = \"secrets/none\"", "box.key_file", 3),
    (
        "[box]\nmac = \"AA:BB:CC:DD:EE:FF\"\nkey_file = \"secrets/box-key\"\nsay_unconfirmed = 1",
        "box.say_unconfirmed",
        4,
    ),
    (
        "[vietqr]\nbase_url = \"http://api.vietqr.org\"\nusername = \"u\"\npassword_file = \"secrets/vietqr-password\"",
        "vietqr.base_url",
        2,
    ),
    (
        "[vietqr]\nbase_url = \"https://a.vn\"\nusername = \"u:v\"\npassword_file = \"secrets/vietqr-password\"",
        "vietqr.username",
        3,
    ),
    ("[vietqr]\nbase_url = \"https://a.vn\"\nusername = \"u\"", "vietqr.password_file", 1),
    (
        "[vietqr]\nbase_url = \"https://a.vn\"\nusername = \"u\"\npassword_file = \"secrets/vietqr-password\"\nlookup_s = []",
        "vietqr.lookup_s",
        5,
    ),
    (
        "[vietqr]\nbase_url = \"https://a.vn\"\nusername = \"u\"\npassword_file = \"secrets/vietqr-password\"\nlookup_s = [1, 0]",
        "vietqr.lookup_s",
        5,
    ),
    (
        "[vnpay]\nurl = \"https://a.vn\"\ntmn_code = \"DEMO1\"\nhash_secret_file = \"secrets/vnpay\"\nip = \"203.0.113.7\"",
        "vnpay.tmn_code",
        3,
    ),
    (
        "[vnpay]\nurl = \"https://a.vn\"\ntmn_code = \"DEMO0001\"\nhash_secret_file = \"secrets/vnpay\"\nip = \"host\"",
        "vnpay.ip",
        5,
    ),
    (
        "[qfpay]\nbase_url = \"https://a.hk\"\napp_code = \"A1\"\nclient_key_file = \"secrets/qfpay\"\nsign_type = \"sha1\"",
        "qfpay.sign_type",
        5,
    ),
    (
        "[qfpay]\nbase_url = \"https://a.hk\"\napp_code = \"A1\"\nclient_key_file = \"secrets/qfpay\"\nverify_answers = true",
        "qfpay.verify_answers",
        5,
    ),
    (
        "[qfpay]\nbase_url = \"https://a.hk\"\napp_code = \"A1\"\nclient_key_file = \"secrets/qfpay\"\nmax_amount = -1",
        "qfpay.max_amount",
        5,
    ),
    (
        "[callback]\nlisten = \"0.0.0.0:8443\"\nusername = \"v\"\npassword_file = \"secrets/callback-password\"",
        "callback.cert_file",
        1,
    ),
    (
        "[callback]\nlisten = \"8443\"\nusername = \"v\"\npassword_file = \"secrets/callback-password\"\ncert_file = \"certs/callback.pem\"\nkey_file = \"certs/callback.key\"",
        "callback.listen",
        2,
    ),
    (
        "[callback]\nlisten = \"0.0.0.0:8443\"\npath = \"x/\"\nusername = \"v\"\npassword_file = \"secrets/callback-password\"\ncert_file = \"certs/callback.pem\"\nkey_file = \"certs/callback.key\"",
        "callback.path",
        3,
    ),
    ("[refund]\nmax_amount = 0", "refund.max_amount", 2),
    ("[refund]\ntimeout_s = 0", "refund.timeout_s", 2),
    ("[refund]\nrequest_topic = \"refund/request\"", "refund.request_topic", 2),
    ("[refund]\nrequest_topic = \"refund/{terminal}/#\"", "refund.request_topic", 2),
    ("[refund]\nrequest_topic = \"a/{terminal}\"\nresponse_topic = \"a/{terminal}\"", "refund.response_topic", 3),
    ("[refund]\nrequest_key_file = \"secrets/short\"", "refund.request_key_file", 2),
    ("[refund]\nrequest_key_file_next = \"secrets/refund-request\"", "refund.request_key_file_next", 2),
    (
        "[refund]\nrequest_key_file = \"secrets/refund-request\"\nrequest_key_file_next = \"secrets/refund-request\"",
        "refund.request_key_file_next",
        3,
    ),
    ("[[operator]]\nname = \"lan\"\nrole = \"boss\"\npin_hash = \"PIN\"", "operator[0].role", 3),
    ("[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"1234\"", "operator[0].pin_hash", 4),
    (
        "[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"$argon2id$v=19$m=7169,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI\"",
        "operator[0].pin_hash",
        4,
    ),
    (
        "[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"$argon2id$v=19$m=7168,t=4,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI\"",
        "operator[0].pin_hash",
        4,
    ),
    (
        "[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"$argon2d$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI\"",
        "operator[0].pin_hash",
        4,
    ),
    ("[[operator]]\nname = \"lan\"\npin_hash = \"PIN\"", "operator[0].role", 1),
    (
        "[[operator]]\nname = \"lan\"\nrole = \"cashier\"\npin_hash = \"PIN\"\n[[operator]]\nname = \"lan\"\nrole = \"manager\"\npin_hash = \"PIN\"",
        "operator[1].name",
        6,
    ),
    ("[operator]\nname = \"lan\"", "operator", 1),
    ("[voice]\nmode = \"loud\"\ncommand = [\"x\"]", "voice.mode", 2),
    ("[voice]\ndialect = \"central\"\ncommand = [\"x\"]", "voice.dialect", 2),
    ("[voice]\ncommand = []", "voice.command", 2),
    ("[voice]\ncommand = \"espeak-ng\"", "voice.command", 2),
    ("[voice]\ncommand = [\"\"]", "voice.command", 2),
    ("[voice]\ncommand = [\"x\"]\nclips = \"clips\"", "voice.clips", 3),
    ("[voice]\ncommand = [\"x\"]\nquiet = \"22-6\"", "voice.quiet", 3),
    ("[voice]\ncommand = [\"x\"]\nquiet = \"06:00-06:00\"", "voice.quiet", 3),
    ("[voice]\ncommand = [\"x\"]\nfresh_s = 900", "voice.fresh_s", 3),
    ("[voice]\ncommand = [\"x\"]\nlate_s = 120", "voice.late_s", 3),
    ("[voice]\ncommand = [\"x\"]\nsmall_amount = 1000.5", "voice.small_amount", 3),
    ("[voice]\ncommand = [\"x\"]\nsmall_amount = 99999999999999999999", "voice.small_amount", 3),
    ("[voice]\ncommand = [\"x\"]\nsay_link = \"yes\"", "voice.say_link", 3),
    ("[api]\nlisten = \"0.0.0.0:8780\"", "api.listen", 2),
    ("[api]\nlisten = \"localhost:8780\"", "api.listen", 2),
    ("[api]\nlisten = \"127.0.0.1:8780\"\ncert_file = \"certs/api.pem\"", "api.cert_file", 3),
    ("[api]\nsocket = \"LONG\"", "api.socket", 2),
    ("[[api.token]]\nname = \"till\"\nrole = \"root\"\ntoken_file = \"secrets/till-token\"", "api.token[0].role", 3),
    ("[[api.token]]\nname = \"till\"\nrole = \"pos\"", "api.token[0].token_file", 1),
    (
        "[[api.token]]\nname = \"till\"\nrole = \"pos\"\ntoken_file = \"secrets/two-lines\"",
        "api.token[0].token_file",
        4,
    ),
    (
        "[[api.token]]\nname = \"a\"\nrole = \"pos\"\ntoken_file = \"secrets/till-token\"\n[[api.token]]\nname = \"a\"\nrole = \"pos\"\ntoken_file = \"secrets/webhook\"",
        "api.token[1].name",
        6,
    ),
    (
        "[[api.token]]\nname = \"a\"\nrole = \"pos\"\ntoken_file = \"secrets/till-token\"\n[[api.token]]\nname = \"b\"\nrole = \"admin\"\ntoken_file = \"secrets/till-token\"",
        "api.token[1].token_file",
        8,
    ),
    ("[[webhook]]\nurl = \"http://pos.example.vn\"\nsecret_file = \"secrets/webhook\"", "webhook[0].url", 2),
    ("[[webhook]]\nurl = \"https://a.vn\"\nsecret_file = \"secrets/bad-whsec\"", "webhook[0].secret_file", 3),
    (
        "[[webhook]]\nurl = \"https://a.vn\"\nsecret_file = \"secrets/webhook\"\nevents = [\"payment.\"]",
        "webhook[0].events",
        4,
    ),
    ("[head_office]\nurl = \"mqtt://hq.example.vn\"", "head_office.url", 2),
    ("[head_office]\nurl = \"mqtts://hq.example.vn\"\ntopic = \"shops/{shop}\"", "head_office.topic", 3),
    (
        "[head_office]\nurl = \"mqtts://hq.example.vn\"\npassword_file = \"secrets/hq-password\"",
        "head_office.password_file",
        3,
    ),
    ("[retention]\nmax_disk_mb = 15", "retention.max_disk_mb", 2),
    ("[retention]\nledger_days = 0", "retention.ledger_days", 2),
    ("[retention]\nraw_days = 30.0", "retention.raw_days", 2),
    ("[log]\nlevel = \"verbose\"", "log.level", 2),
    ("[log]\nformat = \"xml\"", "log.format", 2),
    ("[[account]]\nbank_code = \"mb\"\nbank_account = \"2\"\nholder = \"B\"", "account[1].bank_code", 2),
    ("[[account]]\nbank_code = \"MB\"\nbank_account = \"1234567890\"\nholder = \"B\"", "account[1].bank_account", 3),
    ("[[account]]\nbank_code = \"MB\"\nbank_account = \"12 34\"\nholder = \"B\"", "account[1].bank_account", 3),
    ("[[terminal]]\ncode = \"VVB123456\"\naccount = \"1234567890\"", "terminal[1].code", 2),
    ("[[terminal]]\ncode = \"A+\"\naccount = \"1234567890\"", "terminal[1].code", 2),
    ("[[terminal]]\ncode = \"A/B\"\naccount = \"1234567890\"", "terminal[1].code", 2),
    ("[[terminal]]\ncode = \"B\"\naccount = \"42\"", "terminal[1].account", 3),
    ("[[terminal]]\ncode = \"B\"", "terminal[1].account", 1),
];

/// What is changed in the least configuration, the key of the one error and its line.
const CHANGED: &[(&str, &str, &str, u32)] = &[
    ("id = \"quay-1\"", "id = \"quầy\"", "device.id", 2),
    ("id = \"quay-1\"", "id = \"\"", "device.id", 2),
    ("id = \"quay-1\"", "id = \"123456789012345678901234567890123\"", "device.id", 2),
    ("id = \"quay-1\"", "", "device.id", 1),
    ("id = \"quay-1\"", "id = 1", "device.id", 2),
    ("state_dir = \"state\"", "", "device.state_dir", 1),
    ("state_dir = \"state\"", "statedir = \"state\"\nstate_dir = \"state\"", "device.statedir", 3),
    ("state_dir = \"state\"", "state_dir = \"LONG\"", "device.state_dir", 3),
    ("mqtts://", "mqtt://", "mqtt.url", 5),
    ("mqtts://", "ssl://", "mqtt.url", 5),
    ("mqtts://mqtt.example.vn", "mqtts://[::1]", "mqtt.url", 5),
    ("mqtts://mqtt.example.vn", "mqtts://u:PASS@h", "mqtt.url", 5),
    ("url = \"mqtts://mqtt.example.vn\"", "", "mqtt.url", 4),
    ("[[account]]", "keep_alive_s = 4\n[[account]]", "mqtt.keep_alive_s", 6),
    ("[[account]]", "keep_alive_s = 1201\n[[account]]", "mqtt.keep_alive_s", 6),
    ("[[account]]", "client_id = \"\"\n[[account]]", "mqtt.client_id", 6),
    ("[[account]]", "password = \"PASS\"\n[[account]]", "mqtt.password", 6),
    ("[[account]]", "password_file = \"secrets/mqtt-password\"\n[[account]]", "mqtt.password_file", 6),
    ("[[account]]", "username = \"u\"\npassword_file = \"secrets/open\"\n[[account]]", "mqtt.password_file", 7),
    ("[[account]]", "username = \"u\"\npassword_file = \"secrets/empty\"\n[[account]]", "mqtt.password_file", 7),
    ("[[account]]", "username = \"u\"\npassword_file = \"secrets/none\"\n[[account]]", "mqtt.password_file", 7),
    ("[[account]]", "username = \"u\"\npassword_file = \"secrets\"\n[[account]]", "mqtt.password_file", 7),
    ("[[account]]", "username = \"u\"\npassword_file = \"secrets/two-lines\"\n[[account]]", "mqtt.password_file", 7),
    ("[[account]]", "ca_file = \"certs/none.pem\"\n[[account]]", "mqtt.ca_file", 6),
    ("[[account]]", "client_cert_file = \"certs/client.pem\"\n[[account]]", "mqtt.client_cert_file", 6),
    ("[[account]]", "client_key_file = \"certs/client.key\"\n[[account]]", "mqtt.client_key_file", 6),
    (
        "[[account]]",
        "client_cert_file = \"certs/client.pem\"\nclient_key_file = \"secrets/open\"\n[[account]]",
        "mqtt.client_key_file",
        7,
    ),
    ("[[account]]", "[account]", "account", 6),
    ("holder = \"NGUYEN VAN A\"", "", "account[0].holder", 6),
    ("account = \"1234567890\"\nlabel", "account = \"42\"\nlabel", "terminal[0].account", 12),
    ("[device]\nid = \"quay-1\"\nstate_dir = \"state\"", "", "device", 1),
    ("[mqtt]\nurl = \"mqtts://mqtt.example.vn\"", "", "mqtt", 1),
    ("[[terminal]]\ncode = \"VVB123456\"\naccount = \"1234567890\"\nlabel = \"Quầy 1\"", "", "terminal", 1),
    ("id = \"quay-1\"", "id = ", "", 2),
    ("id = \"quay-1\"", "id = \"quay-1\"\nid = \"quay-2\"", "", 3),
    ("[mqtt]", "[mqtt", "", 4),
];

const PIN: &str = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";

fn place() -> Place {
    let place = Place::new();
    place.write("secrets/short", "1234567890123456789012345678901\n", 0o600);
    place.write("secrets/open", "open\n", 0o644);
    place.write("secrets/empty", "\n", 0o600);
    place.write("secrets/two-lines", "one\ntwo\n", 0o600);
    place.write("secrets/bad-whsec", "whsec_this is not base64\n", 0o600);
    place
}

/// The errors of a configuration.
fn errors(place: &Place, text: &str) -> Vec<Problem> {
    let text = text.replace("PIN", PIN).replace("LONG", &"x".repeat(108));
    let Err(problems) = place.load(&text) else { return Vec::new() };
    problems.0.into_iter().filter(|p| p.severity == Severity::Error).collect()
}

fn expect_one(place: &Place, text: &str, key: &str, line: u32) {
    let errors = errors(place, text);
    let found: Vec<_> = errors.iter().map(|e| (e.key.as_str(), e.line)).collect();
    assert_eq!(found, [(key, line)], "{errors:?}\n{text}");
    assert_eq!(errors[0].file, place.path("agent.toml"));
    assert!(!errors[0].message.contains("PASS"), "{errors:?}");
}

#[test]
fn a_wrong_value_is_named_with_its_file_line_and_key() {
    let place = place();
    for (added, key, line) in ADDED {
        expect_one(&place, &format!("{LEAST}{added}\n"), key, line + 14);
    }
    for (from, to, key, line) in CHANGED {
        assert_eq!(LEAST.matches(from).count(), 1, "{from}");
        expect_one(&place, &LEAST.replace(from, to), key, *line);
    }
}

#[test]
fn a_configuration_that_the_table_is_built_on_is_right() {
    assert_eq!(errors(&place(), LEAST), []);
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_lines() {
    let text =
        LEAST.replace("\"quay-1\"", "\"\"").replace("mqtts", "x").replace("\"MB\"", "1").replace("\ncode =", "\ncod =");
    let keys: Vec<String> = errors(&place(), &text).into_iter().map(|p| p.key).collect();
    assert_eq!(keys, ["device.id", "mqtt.url", "account[0].bank_code", "terminal[0].code", "terminal[0].cod"]);
}

#[test]
fn an_unknown_key_or_section_suggests_the_near_one() {
    let place = place();
    for (from, to, hint) in [
        ("state_dir", "state_dri", "did you mean state_dir?"),
        ("[mqtt]", "[mqt]", "did you mean [mqtt]?"),
        ("[[account]]", "password = \"x\"\n[[account]]", "did you mean password_file?"),
        ("[[account]]", "[[acount]]", "did you mean [account]?"),
    ] {
        let errors = errors(&place, &LEAST.replacen(from, to, 1));
        assert!(errors.iter().any(|e| e.message.contains(hint)), "{errors:?}");
    }
}

#[test]
fn plaintext_mqtt_is_warned_of_where_it_is_allowed() {
    let place = Place::new();
    let text = LEAST.replace("mqtts://", "mqtt://").replace("[[account]]", "allow_plaintext = true\n[[account]]");
    let (config, warnings) = place.load(&text).unwrap();
    assert_eq!((config.mqtt.endpoint.tls, config.mqtt.endpoint.port), (false, 1883));
    assert_eq!(warnings.iter().map(|w| (w.key.as_str(), w.line)).collect::<Vec<_>>(), [("mqtt.url", 5)]);
}

#[test]
fn a_file_that_is_no_configuration_is_one_clear_error() {
    let place = Place::new();
    for (name, content, line) in [("binary", &b"[device]\n\xff\xfe"[..], 2), ("long", &vec![b'#'; 1_100_000][..], 1)] {
        std::fs::write(place.path(name), content).unwrap();
        let problems = Config::load(&place.path(name)).unwrap_err();
        assert_eq!(problems.0.iter().map(|p| p.line).collect::<Vec<_>>(), [line], "{problems}");
    }
    for path in [place.path("none.toml"), place.path("secrets")] {
        let problems = Config::load(&path).unwrap_err();
        assert!(problems.to_string().contains(&path.display().to_string()), "{problems}");
    }
}

#[test]
fn the_two_listeners_need_two_ports() {
    let tls = "cert_file = \"certs/api.pem\"\nkey_file = \"certs/api.key\"";
    let text = format!(
        "{LEAST}[callback]\nlisten = \"0.0.0.0:8443\"\nusername = \"v\"\npassword_file = \"secrets/callback-password\"\n{tls}\n\
         [api]\nlisten = \"0.0.0.0:8443\"\n{tls}\n"
    );
    expect_one(&place(), &text, "api.listen", 22);
}
