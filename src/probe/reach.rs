//! The way to another machine: its name, TCP, TLS, and how long its certificate lasts.

use super::{
    handshake::{Shaken, shake},
    report::Steps,
};
use crate::{
    clock::Clock,
    config,
    tls::{self, Floor, Peer, TlsOptions},
};
use rustls::{CertificateError, Error as Tls};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// For a name to be resolved.
const DNS: Duration = Duration::from_secs(5);
/// For one address to answer.
const TCP: Duration = Duration::from_secs(5);
/// Addresses that are tried.
const ADDRESSES: usize = 4;

/// Another machine.
pub(super) struct Place<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    /// `None`: it is spoken to without TLS.
    pub(super) tls: Option<TlsOptions>,
    /// The section that names it, and its key with the address.
    pub(super) section: &'static str,
    pub(super) address: &'static str,
}

/// The clocks that certificates are checked by.
#[derive(Clone)]
pub(super) struct Clocks {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) floor: Floor,
}

/// Tries each step, and says whether the machine was reached.
pub(super) async fn reach(place: &Place<'_>, clocks: &Clocks, steps: &mut Steps) -> bool {
    let addresses = resolve(place, steps).await;
    let Some(tcp) = connect(place, addresses, steps).await else {
        steps.not_tried(&["tls", "certificate"], "there is no connection");
        return false;
    };
    let Some(options) = &place.tls else {
        match place.section {
            "mqtt" => steps.warning(
                "tls",
                "not used: everyone on the way can read and change what is sent",
                "use mqtts:// where the broker has it",
            ),
            // http:// is accepted for loopback only.
            _ => steps.ok("tls", "not used: it is this very machine"),
        }
        return true;
    };
    let config = match tls::client_config(options, clocks.clock.clone(), &clocks.floor) {
        Ok(config) => config,
        Err(error) => {
            steps.error("tls", error.to_string(), "put the file right");
            steps.not_tried(&["certificate"], "there is no TLS");
            return false;
        }
    };
    let shaken = shake(tcp, config, place.host.to_owned()).await;
    let authorities = options.authorities();
    match shaken {
        Ok(Shaken { version, end }) => {
            steps.ok("tls", format!("{version}, verified with {authorities}"));
            certificate(place, end, clocks, steps);
            true
        }
        Err(error) => {
            let peer = Peer {
                host: place.host,
                port: place.port,
                authorities: &authorities,
                client_certificate: options.client.is_some(),
                now: clocks.clock.now(),
                floor: clocks.floor.get(),
            };
            steps.error("tls", tls::explain(&error, &peer), advice(&error, place));
            steps.not_tried(&["certificate"], "there is no TLS");
            false
        }
    }
}

async fn resolve(place: &Place<'_>, steps: &mut Steps) -> Vec<SocketAddr> {
    let Place { host, port, section, address, .. } = place;
    if let Ok(ip) = host.parse::<IpAddr>() {
        steps.ok("dns", format!("{host} is an address"));
        return vec![SocketAddr::new(ip, *port)];
    }
    let hint = || format!("look at the network and its DNS server, and at {section}.{address}");
    match timeout(DNS, lookup_host((*host, *port))).await {
        Ok(Ok(found)) => {
            let mut found: Vec<SocketAddr> = found.collect();
            found.dedup();
            let names: Vec<String> = found.iter().take(ADDRESSES).map(|address| address.ip().to_string()).collect();
            match names.is_empty() {
                true => steps.error("dns", format!("{host} has no address"), hint()),
                false => steps.ok("dns", format!("{host} is {}", names.join(", "))),
            }
            found
        }
        Ok(Err(_)) => {
            steps.error("dns", format!("the name {host} can not be resolved"), hint());
            Vec::new()
        }
        Err(_) => {
            steps.error("dns", format!("the name {host} was not resolved within {} s", DNS.as_secs()), hint());
            Vec::new()
        }
    }
}

/// The first address that answers.
async fn connect(place: &Place<'_>, addresses: Vec<SocketAddr>, steps: &mut Steps) -> Option<TcpStream> {
    if addresses.is_empty() {
        steps.not_tried(&["tcp"], "there is no address");
        return None;
    }
    let mut last = None;
    for address in addresses.into_iter().take(ADDRESSES) {
        let began = Instant::now();
        match timeout(TCP, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let failed = last.map(|(address, why): (SocketAddr, String)| format!(" ({address} did not: {why})"));
                let ms = began.elapsed().as_millis();
                steps.ok("tcp", format!("{address} answers in {ms} ms{}", failed.unwrap_or_default()));
                return Some(stream);
            }
            Ok(Err(error)) => last = Some((address, said(&error))),
            Err(_) => last = Some((address, format!("no answer within {} s", TCP.as_secs()))),
        }
    }
    let (address, why) = last?;
    let Place { section, address: key, .. } = place;
    steps.error(
        "tcp",
        format!("{address}: {why}"),
        format!("look at the network, at firewalls, at the port in {section}.{key}, and whether the other side runs"),
    );
    None
}

fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    }
}

fn certificate(place: &Place<'_>, end: Result<i64, String>, clocks: &Clocks, steps: &mut Steps) {
    let now = clocks.clock.now().max(clocks.floor.get());
    match end {
        Ok(end) => {
            let (grade, left) = config::days_left(end, now);
            let hint = (grade != config::Grade::Ok).then(|| format!("whoever runs {} must renew it", place.host));
            steps.add(grade.into(), "certificate", format!("of {}: {left}", place.host), hint);
        }
        Err(error) => steps.warning("certificate", error, "how long it lasts can not be told"),
    }
}

/// What to do about a handshake that failed.
fn advice(error: &io::Error, place: &Place<'_>) -> String {
    let Place { host, section, address, .. } = place;
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>());
    match tls {
        Some(Tls::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)) => {
            format!("set {section}.ca_file to a file with the authority that signed it")
        }
        Some(Tls::InvalidCertificate(CertificateError::NotValidForNameContext { .. })) => {
            format!("{section}.{address} should have a name that the certificate has")
        }
        Some(Tls::InvalidCertificate(CertificateError::ExpiredContext { .. } | CertificateError::Expired)) => {
            format!("whoever runs {host} must renew it; if the date here is wrong, set the clock")
        }
        Some(Tls::InvalidCertificate(_)) => {
            "set the clock if it is wrong; else ask whoever runs the other side".to_owned()
        }
        Some(Tls::AlertReceived(_)) if *section == "mqtt" => {
            "look at mqtt.client_cert_file and mqtt.client_key_file".to_owned()
        }
        _ => format!("look at the port in {section}.{address}, and whether the other side runs"),
    }
}
