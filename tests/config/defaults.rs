//! Every default of the contract, and what values become.

use crate::place::{LEAST, Place};
use vietqr_edge::config::{LogFormat, LogLevel, Mode, Speaker};
use vietqr_edge_core::money::Dong;
use vietqr_edge_core::provider::qfpay::{SignType, Verify};
use vietqr_edge_core::voice::Dialect;

#[test]
fn a_missing_section_has_the_defaults_of_the_contract() {
    let place = Place::new();
    let (config, warnings) = place.load(LEAST).unwrap();
    assert_eq!(warnings, []);
    let mqtt = &config.mqtt;
    assert_eq!((mqtt.endpoint.tls, mqtt.endpoint.host.as_str(), mqtt.endpoint.port), (true, "mqtt.example.vn", 8883));
    assert_eq!((mqtt.client_id.as_str(), mqtt.keep_alive_s), ("vietqr-edge-quay-1", 20));
    assert!(mqtt.username.is_none() && mqtt.password.is_none() && mqtt.ca_file.is_none() && mqtt.client_cert.is_none());
    assert_eq!((config.order.qr_timeout_s, config.order.expires_s), (10, 900));
    assert_eq!((config.api.socket.clone(), config.api.socket_mode), (place.path("state/agent.sock"), 0o600));
    assert!(config.api.listen.is_none() && config.api.tokens.is_empty());
    let kept = &config.retention;
    assert_eq!((kept.raw_days, kept.ledger_days, kept.max_disk_mb), (30, 400, 256));
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
    assert_eq!((config.fresh_s(), config.late_s()), (120, 900));
    assert!(config.voice.is_none() && config.refund.is_none() && config.paybox.is_none() && config.callback.is_none());
    assert!(config.vietqr.is_none() && config.vnpay.is_none() && config.qfpay.is_none());
    assert!(config.operators.is_empty() && config.webhooks.is_empty() && config.head_office.is_none());
}

#[test]
fn a_section_with_only_what_it_needs_has_the_defaults_of_the_contract() {
    let place = Place::new();
    let text = format!(
        r#"{LEAST}
[box]
mac = "aa:bb:cc:dd:ee:0f"
key_file = "secrets/box-key"
[vietqr]
base_url = "https://api.vietqr.org/vqr/"
username = "u"
password_file = "secrets/vietqr-password"
[vnpay]
url = "https://sandbox.vnpayment.vn/merchant_webapi/api/transaction"
tmn_code = "DEMO0001"
hash_secret_file = "secrets/vnpay"
ip = "203.0.113.7"
[qfpay]
base_url = "https://test-openapi-hk.qfapi.com"
app_code = "A1"
client_key_file = "secrets/qfpay"
[callback]
listen = "0.0.0.0:8443"
username = "vietqr"
password_file = "secrets/callback-password"
cert_file = "certs/callback.pem"
key_file = "certs/callback.key"
[refund]
[voice]
clips = "clips"
[[webhook]]
url = "http://localhost:9000/x"
secret_file = "secrets/webhook"
[head_office]
url = "mqtts://hq.example.vn"
"#
    );
    let (config, _) = place.load(&text).unwrap();
    let paybox = config.paybox.unwrap();
    assert_eq!((paybox.mac.as_str(), paybox.say_unconfirmed), ("AA:BB:CC:DD:EE:0F", true));
    let vietqr = config.vietqr.unwrap();
    assert_eq!(vietqr.base_url.as_str(), "https://api.vietqr.org/vqr");
    assert_eq!(vietqr.lookup_s, [30, 60, 120, 300, 600]);
    assert_eq!(config.vnpay.unwrap().lookup_s, [300, 900, 3600, 21600, 86400]);
    let qfpay = config.qfpay.unwrap();
    assert_eq!((qfpay.sign_type, qfpay.verify_answers), (SignType::Md5, Verify::Log));
    assert_eq!((qfpay.max_amount, qfpay.daily_total, qfpay.approval_above), (100_000, 400_000, 20_000));
    assert_eq!(qfpay.lookup_s, [5, 30, 120, 600, 3600]);
    assert_eq!(config.callback.unwrap().path, "");
    let refund = config.refund.unwrap();
    let limits = (refund.max_amount, refund.daily_total, refund.approval_above);
    assert_eq!(limits, (Dong(5_000_000), Dong(20_000_000), Dong(1_000_000)));
    assert_eq!(refund.timeout_s, 20);
    assert_eq!(refund.request_topic, "vietqr-edge/{terminal}/refund/request");
    assert_eq!(refund.response_topic, "vietqr-edge/{terminal}/refund/response");
    let voice = config.voice.unwrap();
    assert_eq!((voice.mode, voice.dialect, voice.quiet), (Mode::Full, Dialect::North, None));
    assert_eq!((voice.small_amount, voice.say_link, voice.fresh_s, voice.late_s), (Dong(1000), true, 120, 900));
    let player = vec!["aplay".to_owned(), "-q".to_owned()];
    assert_eq!(voice.speaker, Speaker::Clips { dir: place.path("clips"), player });
    assert_eq!(config.webhooks[0].events, ["*"]);
    assert_eq!(config.head_office.unwrap().topic, "shops/{device}/events/{type}");
}

#[test]
fn a_configured_socket_is_for_its_group_too() {
    let place = Place::new();
    let (config, _) = place.load(&format!("{LEAST}[api]\nsocket = \"run/agent.sock\"\n")).unwrap();
    assert_eq!((config.api.socket, config.api.socket_mode), (place.path("run/agent.sock"), 0o660));
}

#[test]
fn a_terminal_without_a_label_is_called_by_its_code() {
    let (config, _) = Place::new().load(&LEAST.replace("label", "# label")).unwrap();
    assert_eq!(config.terminals[0].label, "VVB123456");
}

#[test]
fn a_webhook_secret_is_decoded_or_taken_as_it_is() {
    let place = Place::new();
    place.write("secrets/std", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0o600);
    for (file, bytes) in [("std", 24), ("webhook", 52)] {
        let text = format!("{LEAST}[[webhook]]\nurl = \"https://a.vn\"\nsecret_file = \"secrets/{file}\"\n");
        let (config, _) = place.load(&text).unwrap();
        assert_eq!(config.webhooks[0].secret.len(), bytes, "{file}");
    }
}
