//! The addresses of other machines.

use hyper::{Uri, header::HeaderValue, http::uri::InvalidUri};
use rustls::pki_types::ServerName;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where an MQTT broker listens, or a server of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `mqtts://`; without it everything is readable on the way.
    pub tls: bool,
    /// A DNS name in lower case or an IP address, an IPv6 one without brackets.
    pub host: String,
    /// 8883 with TLS and 1883 without, where the URL names none.
    pub port: u16,
}

impl Endpoint {
    /// From `mqtts://HOST[:PORT]` or `mqtt://HOST[:PORT]`.
    ///
    /// # Errors
    /// A sentence that says what was expected. An IPv6 literal with TLS is one: rumqttc 0.25 cannot verify it.
    pub fn parse(url: &str) -> Result<Endpoint, String> {
        let (scheme, rest) = split_scheme(url).ok_or("expected mqtts://HOST[:PORT]")?;
        let tls = match scheme.as_str() {
            "mqtts" => true,
            "mqtt" => false,
            _ => return Err("expected mqtts:// (or mqtt:// without TLS)".to_owned()),
        };
        let (name, port) = authority(rest.strip_suffix('/').unwrap_or(rest))?;
        let host = name.to_str().into_owned();
        if tls && host.parse::<Ipv6Addr>().is_ok() {
            return Err("an IPv6 address cannot be used with TLS; expected a host name".to_owned());
        }
        Ok(Endpoint { tls, host, port: port.unwrap_or(if tls { 8883 } else { 1883 }) })
    }

    /// This very machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl fmt::Display for Endpoint {
    /// As a URL, the port always named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        match self.host.parse::<Ipv6Addr>() {
            Ok(v6) => write!(f, "{scheme}://[{v6}]:{}", self.port),
            Err(_) => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// An `https://` URL, or an `http://` one of this very machine, taken apart for whoever connects. Shown without its query, which
/// may be a token.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    place: Endpoint,
    name: ServerName<'static>,
    host: HeaderValue,
    /// Where path and query begin in the text, which is its end where there are none.
    path_at: usize,
}

impl HttpUrl {
    /// From a URL without login and fragment.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(url: &str) -> Result<HttpUrl, String> {
        let (scheme, rest) = split_scheme(url).ok_or("expected https://HOST[:PORT]/PATH")?;
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err("expected https://".to_owned());
        }
        if rest.contains('#') || !rest.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("expected a URL of printable ASCII without spaces and without #".to_owned());
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (name, port) = authority(&rest[..end])?;
        let (tls, host) = (scheme == "https", name.to_str().into_owned());
        if !tls && !is_loopback(&host) {
            return Err("http:// is for this machine only (localhost, 127.0.0.1, [::1]); expected https://".to_owned());
        }
        let header = HeaderValue::from_str(&rest[..end]).map_err(|_| "expected a host of visible ASCII")?;
        let url = HttpUrl {
            text: format!("{scheme}://{rest}"),
            place: Endpoint { tls, host, port: port.unwrap_or(if tls { 443 } else { 80 }) },
            name,
            host: header,
            path_at: scheme.len() + "://".len() + end,
        };
        url.target("").map_err(|_| "expected a path as RFC 3986 has it, with %XX for other characters")?;
        Ok(url)
    }

    /// The same for an address that paths are added to: no query, no slash at the end.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse_base(url: &str) -> Result<HttpUrl, String> {
        let mut url = HttpUrl::parse(url)?;
        if url.text.contains('?') {
            return Err("expected a URL without a query".to_owned());
        }
        url.text.truncate(url.text.trim_end_matches('/').len());
        Ok(url)
    }

    /// Where it leads: whether with TLS, the host as [`Endpoint`] has it, and the port.
    pub fn place(&self) -> &Endpoint {
        &self.place
    }

    /// What its certificate must name.
    pub(crate) fn server_name(&self) -> &ServerName<'static> {
        &self.name
    }

    /// For the `Host` of a request: host and port as they are written.
    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.host
    }

    /// For the first line of a request: path and query, with `path` behind them; `/` where there is nothing of it.
    ///
    /// # Errors
    /// Where `path` has what no URL may have.
    pub(crate) fn target(&self, path: &str) -> Result<Uri, InvalidUri> {
        let own = &self.text[self.path_at..];
        let slash = if own.starts_with('/') || own.is_empty() && path.starts_with('/') { "" } else { "/" };
        format!("{slash}{own}{path}").parse()
    }

    /// The whole URL, its query included.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for HttpUrl {
    /// `https://host/path?***`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.split_once('?') {
            Some((before, _)) => write!(f, "{before}?***"),
            None => f.write_str(&self.text),
        }
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn split_scheme(url: &str) -> Option<(String, &str)> {
    url.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
}

/// Host, a name in lower case, and port of `HOST[:PORT]`.
fn authority(text: &str) -> Result<(ServerName<'static>, Option<u16>), String> {
    if text.contains('@') {
        return Err("a login does not belong in a URL; expected it in username and password_file".to_owned());
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or("expected ] after an IPv6 address")?;
            let address: Ipv6Addr = address.parse().map_err(|_| "expected an IPv6 address between [ and ]")?;
            (ServerName::from(IpAddr::V6(address)), after)
        }
        None => {
            let end = text.find(':').unwrap_or(text.len());
            let host = ServerName::try_from(text[..end].to_ascii_lowercase());
            (host.map_err(|_| "expected a host name or an IP address")?, &text[end..])
        }
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.strip_prefix(':').filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
    match digits.and_then(|d| d.parse().ok()) {
        Some(port) if port > 0 => Ok((host, Some(port))),
        _ => Err("expected a port of 1 to 65535 after the host".to_owned()),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_url_says_whether_tls_host_and_port() {
        for (url, shown) in [
            ("mqtts://mqtt.example.vn", "mqtts://mqtt.example.vn:8883"),
            ("mqtts://MQTT.example.vn:443/", "mqtts://mqtt.example.vn:443"),
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883"),
            ("MQTT://[::1]:1884", "mqtt://[::1]:1884"),
            ("mqtt://[::1]", "mqtt://[::1]:1883"),
        ] {
            assert_eq!(Endpoint::parse(url).unwrap().to_string(), shown, "{url}");
        }
        assert_eq!(Endpoint::parse("mqtt://[::1]").unwrap().host, "::1");
    }

    #[test]
    fn a_broker_url_of_another_kind_is_refused() {
        for url in [
            "",
            "mqtt.example.vn:8883",
            "mqtts://",
            "mqtts://:8883",
            "ssl://h",
            "ws://h",
            "https://h",
            "mqtts://h:0",
            "mqtts://h:65536",
            "mqtts://h:+1",
            "mqtts://h:",
            "mqtts://u:p@h",
            "mqtts://h/path",
            "mqtts://[::1]:8883",
            "mqtt://[::1",
            "mqtt://::1",
            "mqtts://h h",
            "mqtts://h?x",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn http_is_for_loopback_only() {
        for url in ["https://a.vn", "http://localhost:8080/x", "http://127.0.0.9", "http://[::1]:1/x?y=1"] {
            assert!(HttpUrl::parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://a.vn",
            "http://localhost.a.vn",
            "http://10.0.0.1",
            "ftp://a.vn",
            "a.vn",
            "https://u:p@a.vn",
            "https://a.vn/#x",
            "https://a.vn/a b",
            "https:///x",
            "https://a.vn/a<b",
        ] {
            assert!(HttpUrl::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_http_url_leads_to_a_host_and_a_port() {
        for (url, tls, host, port) in [
            ("https://A.vn", true, "a.vn", 443),
            ("https://a.vn:8443/vqr?x", true, "a.vn", 8443),
            ("https://a.vn?x", true, "a.vn", 443),
            ("http://[::1]:80/x", false, "::1", 80),
            ("http://localhost/", false, "localhost", 80),
        ] {
            assert_eq!(HttpUrl::parse(url).unwrap().place(), &Endpoint { tls, host: host.into(), port }, "{url}");
        }
    }

    #[test]
    fn an_http_url_says_what_a_request_to_it_asks_for_and_whom() {
        for (url, path, name, header, target) in [
            ("https://api.vietqr.org/vqr", "/api/x", "api.vietqr.org", "api.vietqr.org", "/vqr/api/x"),
            ("https://A.vn:8443", "/x", "a.vn", "A.vn:8443", "/x"),
            ("https://a.vn", "", "a.vn", "a.vn", "/"),
            ("https://a.vn:8443?x=1", "", "a.vn", "a.vn:8443", "/?x=1"),
            ("https://a.vn/hook?x=1", "", "a.vn", "a.vn", "/hook?x=1"),
            ("http://[0::1]:81/", "", "::1", "[0::1]:81", "/"),
            ("http://127.0.0.1", "", "127.0.0.1", "127.0.0.1", "/"),
        ] {
            let parsed = HttpUrl::parse(url).unwrap();
            assert_eq!(
                (parsed.server_name().to_str().as_ref(), parsed.host_header().to_str().unwrap()),
                (name, header),
                "{url}"
            );
            assert_eq!(parsed.target(path).unwrap().to_string(), target, "{url}");
        }
        let base = HttpUrl::parse_base("https://a.vn/").unwrap();
        assert_eq!(base.target("/x").unwrap().to_string(), "/x");
        assert!(base.target("/a b").is_err());
    }

    #[test]
    fn a_query_is_used_but_not_shown() {
        let url = HttpUrl::parse("https://a.vn/hook?token=t0p").unwrap();
        assert_eq!(format!("{url} {url:?}"), "https://a.vn/hook?*** https://a.vn/hook?***");
        assert!(url.as_str().ends_with("?token=t0p"));
        assert!(HttpUrl::parse_base("https://a.vn/?x").is_err());
        assert_eq!(HttpUrl::parse_base("https://a.vn/vqr/").unwrap().as_str(), "https://a.vn/vqr");
    }
}
