//! One TLS handshake with an end in time, for what it shows of the other side.

use crate::config;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, pki_types::ServerName};
use std::{
    io::{self, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// For all of it.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What a handshake tells.
pub(super) struct Shaken {
    pub(super) version: &'static str,
    /// When the server's certificate ends, in seconds since 1970.
    pub(super) end: Result<i64, String>,
}

/// Shakes hands and hangs up.
///
/// # Errors
/// As rustls or the system says; `TimedOut` after [`HANDSHAKE`].
pub(super) async fn shake(tcp: TcpStream, config: Arc<ClientConfig>, host: String) -> io::Result<Shaken> {
    let tcp = tcp.into_std()?;
    tcp.set_nonblocking(false)?;
    let shaken = tokio::task::spawn_blocking(move || {
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut line = Line { tcp, until: Instant::now() + HANDSHAKE };
        connection.complete_io(&mut line)?;
        let version = match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS 1.2",
        };
        let end = match connection.peer_certificates().and_then(|chain| chain.first()) {
            Some(certificate) => config::certificate_end(certificate),
            None => Err("the server shows no certificate".to_owned()),
        };
        // A broker's log need not say that we broke off.
        connection.send_close_notify();
        let _ = connection.write_tls(&mut line);
        Ok(Shaken { version, end })
    });
    shaken.await.map_err(io::Error::other)?
}

/// A connection whose reads and writes all end by one moment.
struct Line {
    tcp: std::net::TcpStream,
    until: Instant,
}

impl Line {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

/// A socket's own time-out has the name of a full buffer.
fn late(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tcp.set_read_timeout(self.left()?)?;
        self.tcp.read(buffer).map_err(late)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.tcp.set_write_timeout(self.left()?)?;
        self.tcp.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
