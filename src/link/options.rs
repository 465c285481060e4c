//! What the link is configured with.

use super::desk::Desk;
use crate::{
    config::{Config, Secret},
    tls::TlsOptions,
};
use std::time::Duration;

/// One broker, one client id, the topics to hear.
#[derive(Clone, Debug)]
pub struct Options {
    /// DNS name or IP address, an IPv6 one without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How it is spoken to.
    pub transport: Transport,
    /// MQTT user name.
    pub username: Option<String>,
    /// MQTT password; not sent without a user name.
    pub password: Option<Secret>,
    /// Stable: the broker keeps our session under it.
    pub client_id: String,
    /// The session ends with the connection: only for a try ([`super::attempt`]). The daemon's own is kept by the broker.
    pub clean_session: bool,
    /// Seconds between pings, at least 1; a dead connection is found within two of them.
    pub keep_alive_s: u16,
    /// What is subscribed at each connection.
    pub topics: Vec<Topic>,
    /// Reads refund requests; without it none is believed.
    pub desk: Option<Desk>,
    /// Pauses and patience.
    pub timing: Timing,
}

/// How the broker is spoken to. Nothing turns one into the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `mqtts://`
    Tls(TlsOptions),
    /// `mqtt://`, readable by everyone on the way: only where the configuration allows it.
    Plain,
}

/// A topic to subscribe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name, without wildcards.
    pub name: String,
    /// Code of the terminal it is for.
    pub terminal: String,
    /// What comes on it.
    pub kind: Kind,
}

/// What comes on a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Balance changes, `vietqr/bdsd/{code}` (vietqr.md 5.6).
    Bdsd,
    /// Refund requests that the shop's own system signed.
    RefundRequest,
}

/// Pauses and patience. The defaults are the product's; tests shorten them.
#[derive(Clone, Debug)]
pub struct Timing {
    /// From the start of a connection to its CONNACK, and from there to the SUBACK.
    pub connect: Duration,
    /// First pause after a failure; it doubles.
    pub first_pause: Duration,
    /// Longest pause; also the pause after a take-over and before a message that blocks a topic.
    pub most_pause: Duration,
    /// Shortest pause while the disk is full.
    pub full_pause: Duration,
    /// A connection that lasted this long after its CONNACK was healthy: pauses begin anew.
    pub healthy: Duration,
    /// A connection that the broker ends this soon after its CONNACK may be a take-over of the client id.
    pub brief: Duration,
    /// For the last acknowledgements and DISCONNECT when it stops.
    pub goodbye: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            connect: Duration::from_secs(20),
            first_pause: Duration::from_secs(1),
            most_pause: Duration::from_secs(60),
            full_pause: Duration::from_secs(5),
            healthy: Duration::from_secs(30),
            brief: Duration::from_secs(5),
            goodbye: Duration::from_millis(1500),
        }
    }
}

impl Options {
    /// As the configuration has it. Plain only where that says `mqtt://`, which it refuses without `allow_plaintext`.
    pub fn from_config(config: &Config) -> Options {
        let mqtt = &config.mqtt;
        let tls = || TlsOptions { ca_file: mqtt.ca_file.clone(), client: mqtt.client_cert.clone() };
        let desk = Desk::from_config(config);
        let topics = config.terminals.iter().flat_map(|terminal| {
            let code = &terminal.code;
            let requests = config.refund.as_ref().filter(|_| desk.is_some());
            let requests =
                requests.map(|refund| (refund.request_topic.replace("{terminal}", code), Kind::RefundRequest));
            let topics = [Some((format!("vietqr/bdsd/{code}"), Kind::Bdsd)), requests].into_iter().flatten();
            topics.map(|(name, kind)| Topic { name, terminal: code.clone(), kind })
        });
        let topics = topics.collect();
        Options {
            host: mqtt.endpoint.host.clone(),
            port: mqtt.endpoint.port,
            transport: if mqtt.endpoint.tls { Transport::Tls(tls()) } else { Transport::Plain },
            username: mqtt.username.clone(),
            password: mqtt.password.clone(),
            client_id: mqtt.client_id.clone(),
            clean_session: false,
            keep_alive_s: mqtt.keep_alive_s,
            topics,
            desk,
            timing: Timing::default(),
        }
    }

    /// Host and port, as people write them.
    pub fn broker(&self) -> String {
        format!("{}:{}", self.wire_host(), self.port)
    }

    /// The host as an address wants it: IPv6 in brackets.
    pub(super) fn wire_host(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    pub(super) fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mqtt: &str) -> Options {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("agent.toml");
        let text = format!(
            "[device]\nid = \"quay-1\"\nstate_dir = \"state\"\n[mqtt]\n{mqtt}\n\
             [[account]]\nbank_code = \"MB\"\nbank_account = \"1234567890\"\nholder = \"A\"\n\
             [[terminal]]\ncode = \"VVB123456\"\naccount = \"1234567890\"\nlabel = \"Quầy 1\"\n"
        );
        std::fs::write(&file, text).unwrap();
        Options::from_config(&Config::load(&file).unwrap().0)
    }

    #[test]
    fn only_mqtt_in_the_url_makes_it_plain() {
        let tls = options("url = \"mqtts://a.vn\"\nallow_plaintext = true");
        assert_eq!((tls.transport, tls.port), (Transport::Tls(TlsOptions::default()), 8883));
        let plain = options("url = \"mqtt://a.vn\"\nallow_plaintext = true");
        assert_eq!((plain.transport, plain.port), (Transport::Plain, 1883));
    }

    #[test]
    fn each_terminal_is_a_topic_and_the_client_id_is_the_devices() {
        let options = options("url = \"mqtts://a.vn\"");
        let topic = Topic { name: "vietqr/bdsd/VVB123456".into(), terminal: "VVB123456".into(), kind: Kind::Bdsd };
        assert_eq!((options.topics, options.client_id.as_str()), (vec![topic], "vietqr-edge-quay-1"));
    }
}
