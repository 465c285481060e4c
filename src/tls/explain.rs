//! What went wrong with a connection, in one sentence for people.

use rustls::{AlertDescription, CertificateError, Error as Tls, InvalidMessage, pki_types::UnixTime};
use std::{
    error::Error,
    fmt::Write,
    io::{self, ErrorKind},
};
use vietqr_edge_core::time::Timestamp;

/// The other side of a connection that failed, and what this device knew when it did.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Name or address that was asked for.
    pub host: &'a str,
    /// Port that was asked for.
    pub port: u16,
    /// What was trusted, as `TlsOptions::authorities` names it.
    pub authorities: &'a str,
    /// This device showed a client certificate of its own.
    pub client_certificate: bool,
    /// The system's time.
    pub now: Timestamp,
    /// The floor of the time that certificates are checked at.
    pub floor: Timestamp,
}

/// Says which thing went wrong, from anywhere in the chain of `error`. What is not recognised is the chain's own text; it
/// holds no secret, because no error of a connection carries what was sent over it.
pub fn explain(error: &(dyn Error + 'static), peer: &Peer<'_>) -> String {
    let mut link = Some(error);
    while let Some(e) = link {
        if let Some(tls) = tls_error(e) {
            return tls_sentence(tls, peer);
        }
        if let Some(sentence) = e.downcast_ref::<io::Error>().and_then(|io| io_sentence(io, peer)) {
            return sentence;
        }
        link = e.source();
    }
    format!("{}:{}: {}", peer.host, peer.port, chain(error))
}

/// A TLS error, also where it is wrapped in an I/O error (whose `source` passes over it).
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Tls> {
    let wrapped = || error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<Tls>();
    error.downcast_ref::<Tls>().or_else(wrapped)
}

fn tls_sentence(error: &Tls, peer: &Peer<'_>) -> String {
    let Peer { host, port, .. } = peer;
    match error {
        Tls::InvalidCertificate(wrong) => certificate_sentence(wrong, peer),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            format!("{host}:{port} does not speak TLS; is it the right port?")
        }
        Tls::AlertReceived(alert) => alert_sentence(*alert, peer),
        Tls::PeerIncompatible(why) => format!("{host}:{port} offers no TLS that is safe enough: {why:?}"),
        other => format!("TLS with {host}:{port} failed: {other}"),
    }
}

fn certificate_sentence(wrong: &CertificateError, peer: &Peer<'_>) -> String {
    let Peer { host, authorities, .. } = peer;
    match wrong {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("the certificate of {host} is not signed by any authority in {authorities}")
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!(
                "the certificate of {host} expired on {}; this device's clock says {}",
                unix(*not_after),
                clock_says(peer)
            )
        }
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the certificate of {host} is not valid before {}; is this device's clock right? it says {}",
            unix(*not_before),
            clock_says(peer)
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") };
            format!("the certificate of {host} is for another host: it names {names}")
        }
        CertificateError::Revoked => format!("the certificate of {host} was revoked"),
        other => format!("the certificate of {host} can not be trusted: {other}"),
    }
}

/// `DnsName("a.vn")`, as rustls writes a name, is `a.vn` to people.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, inner)| inner.trim_end_matches(')')).trim_matches('"')
}

fn clock_says(peer: &Peer<'_>) -> String {
    let mut text = day(peer.now);
    if peer.floor > peer.now {
        let _ = write!(text, ", which can not be: it is at least {}", day(peer.floor));
    }
    text
}

fn alert_sentence(alert: AlertDescription, peer: &Peer<'_>) -> String {
    use AlertDescription as A;
    let Peer { host, port, .. } = peer;
    let about_certificate = matches!(
        alert,
        A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            | A::NoCertificate
            // TLS 1.2 has no alert of its own for a missing certificate.
            | A::HandshakeFailure
    );
    match (about_certificate, peer.client_certificate) {
        (true, false) if alert != A::HandshakeFailure => {
            format!("{host}:{port} requires a client certificate and none is set (client_cert_file): {alert:?}")
        }
        (true, true) => format!("{host}:{port} refuses this device's client certificate: {alert:?}"),
        _ => format!("{host}:{port} ended the TLS handshake: {alert:?}"),
    }
}

fn io_sentence(error: &io::Error, peer: &Peer<'_>) -> Option<String> {
    let Peer { host, port, .. } = peer;
    // std gives a failed look-up no kind of its own.
    if error.to_string().starts_with("failed to lookup address") {
        return Some(format!("the name {host} can not be resolved; is there a network, and is the name right?"));
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => format!("{host}:{port} refuses connections: nothing listens there"),
        ErrorKind::TimedOut => format!("{host}:{port} did not answer in time"),
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
            format!("there is no way to {host}:{port}: {error}")
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            format!("{host}:{port} cut the connection")
        }
        ErrorKind::UnexpectedEof => format!("{host}:{port} ended the connection"),
        _ => return None,
    })
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(e) = next {
        let part = e.to_string();
        // Many errors repeat their source in their own text.
        if !text.contains(&part) {
            let _ = write!(text, ": {part}");
        }
        next = e.source();
    }
    text
}

fn unix(at: UnixTime) -> String {
    day(Timestamp::from_secs(i64::try_from(at.as_secs()).unwrap_or(i64::MAX)))
}

/// `2026-11-21 02:30 UTC`.
fn day(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::ServerName;
    use std::time::Duration;

    fn peer() -> Peer<'static> {
        Peer {
            host: "mqtt.example.vn",
            port: 8883,
            authorities: "certs/ca.pem",
            client_certificate: false,
            now: "2026-11-21T02:30:00Z".parse().unwrap(),
            floor: Timestamp::from_secs(0),
        }
    }

    fn of(wrong: CertificateError) -> String {
        let tls = Tls::InvalidCertificate(wrong);
        explain(&io::Error::new(ErrorKind::InvalidData, tls), &peer())
    }

    fn at(text: &str) -> UnixTime {
        let at: Timestamp = text.parse().unwrap();
        UnixTime::since_unix_epoch(Duration::from_millis(at.millis().unsigned_abs()))
    }

    #[test]
    fn each_wrong_certificate_has_its_own_sentence() {
        assert_eq!(
            of(CertificateError::UnknownIssuer),
            "the certificate of mqtt.example.vn is not signed by any authority in certs/ca.pem"
        );
        let (time, edge) = (at("2026-11-21T02:30:00Z"), at("2026-11-20T00:00:00Z"));
        assert_eq!(
            of(CertificateError::ExpiredContext { time, not_after: edge }),
            "the certificate of mqtt.example.vn expired on 2026-11-20 00:00 UTC; this device's clock says 2026-11-21 02:30 UTC"
        );
        let later = of(CertificateError::NotValidYetContext { time, not_before: at("2027-11-21T00:00:00Z") });
        assert!(later.contains("not valid before 2027-11-21") && later.contains("clock right? it says 2026-11-21"));
        let expected = ServerName::try_from("mqtt.example.vn").unwrap();
        let presented = vec!["DnsName(\"a.vn\")".to_owned(), "DnsName(\"b.vn\")".to_owned()];
        assert_eq!(
            of(CertificateError::NotValidForNameContext { expected, presented }),
            "the certificate of mqtt.example.vn is for another host: it names a.vn, b.vn"
        );
    }

    #[test]
    fn a_client_certificate_that_is_missing_or_refused_is_told_apart() {
        let alert = Tls::AlertReceived(AlertDescription::CertificateRequired);
        assert!(explain(&alert, &peer()).contains("requires a client certificate and none is set"));
        let with = Peer { client_certificate: true, ..peer() };
        assert!(explain(&alert, &with).contains("refuses this device's client certificate"));
    }

    #[test]
    fn what_is_not_tls_or_not_there_is_said() {
        let plain = Tls::InvalidMessage(InvalidMessage::InvalidContentType);
        assert!(explain(&plain, &peer()).contains("does not speak TLS"));
        for (kind, part) in [
            (ErrorKind::ConnectionRefused, "nothing listens there"),
            (ErrorKind::TimedOut, "did not answer in time"),
            (ErrorKind::ConnectionReset, "cut the connection"),
            (ErrorKind::HostUnreachable, "no way to"),
        ] {
            let sentence = explain(&io::Error::from(kind), &peer());
            assert!(sentence.contains(part), "{sentence}");
        }
        let name = io::Error::other("failed to lookup address information: Name or service not known");
        assert!(explain(&name, &peer()).contains("mqtt.example.vn can not be resolved"));
    }

    #[test]
    fn a_clock_behind_the_floor_is_named_as_wrong() {
        let peer = Peer { floor: "2026-11-22T00:00:00Z".parse().unwrap(), ..peer() };
        assert!(clock_says(&peer).contains("it is at least 2026-11-22 00:00 UTC"));
    }
}
