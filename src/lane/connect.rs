//! The way to a provider: a connection.

use crate::{config::HttpUrl, exchange::Stream};
use rustls::ClientConfig;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// Connects, with TLS where the URL wants it. Each of the host's addresses has its share of `longest`; the first that answers is
/// taken.
///
/// # Errors
/// Why there is no connection: nothing was sent.
pub(super) async fn connect(
    url: &HttpUrl,
    config: Arc<ClientConfig>,
    longest: Duration,
) -> io::Result<Box<dyn Stream>> {
    let place = url.place();
    let places: Vec<SocketAddr> = lookup_host((place.host.as_str(), place.port)).await?.collect();
    let tcp = first(&places, longest).await?;
    tcp.set_nodelay(true)?;
    if !place.tls {
        return Ok(Box::new(tcp));
    }
    Ok(Box::new(TlsConnector::from(config).connect(url.server_name().clone(), tcp).await?))
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
