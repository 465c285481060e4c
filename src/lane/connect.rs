//! The way to a provider: its address, and a connection to it.

use crate::exchange::Stream;
use hyper::{Uri, header::HeaderValue, http::uri::PathAndQuery};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Where a call goes.
pub(super) struct Address {
    tls: bool,
    /// A name or an address, an IPv6 one without brackets.
    pub(super) host: String,
    /// 443 with TLS and 80 without, where the URL names none.
    pub(super) port: u16,
    /// For the request's `Host`.
    pub(super) header: HeaderValue,
}

impl Address {
    /// From a URL; and what of it goes into the request's first line.
    ///
    /// # Errors
    /// What was expected.
    pub(super) fn parse(url: &str) -> Result<(Address, Uri), String> {
        let wrong = || "expected the address of a provider as https://HOST[:PORT]/PATH".to_owned();
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        let header = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let target = uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        Ok((Address { tls, host, port, header }, Uri::from(target)))
    }
}

/// Connects, with TLS where the address wants it. Each of the host's addresses has its share of `longest`; the first that answers is
/// taken.
///
/// # Errors
/// Why there is no connection: nothing was sent.
pub(super) async fn connect(
    address: &Address,
    config: Arc<ClientConfig>,
    longest: Duration,
) -> io::Result<Box<dyn Stream>> {
    let places: Vec<SocketAddr> = lookup_host((address.host.as_str(), address.port)).await?.collect();
    let tcp = first(&places, longest).await?;
    tcp.set_nodelay(true)?;
    if !address.tls {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(config).connect(name, tcp).await?))
}

async fn first(places: &[SocketAddr], longest: Duration) -> io::Result<TcpStream> {
    let share = longest / u32::try_from(places.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::other("the name has no address");
    for place in places {
        match timeout(share, TcpStream::connect(place)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_to_connect_and_what_to_ask_for() {
        for (url, host, port, header, target) in [
            ("https://api.vietqr.org/vqr/x", "api.vietqr.org", 443, "api.vietqr.org", "/vqr/x"),
            ("https://a.vn:8443?x=1", "a.vn", 8443, "a.vn:8443", "/?x=1"),
            ("http://[::1]:81/", "::1", 81, "[::1]:81", "/"),
            ("http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1", "/"),
        ] {
            let (address, uri) = Address::parse(url).unwrap();
            assert_eq!((address.host.as_str(), address.port, uri.to_string().as_str()), (host, port, target), "{url}");
            assert_eq!((address.header.to_str().unwrap(), address.tls), (header, url.starts_with("https")), "{url}");
        }
        for url in ["", "/x", "a.vn/x", "ftp://a.vn/", "no address/x", "https:///x"] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
