//! A TCP proxy with a switch: what a bad line does to a connection.

use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::{io, sync::Arc, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf};
use tokio::{sync::watch, task::JoinHandle};

/// What the proxy does, from the moment it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes pass both ways.
    Pass,
    /// Nothing passes and nothing is closed: half-open. What was held back goes on when the line passes again.
    Stall,
    /// New connections are refused. Those that exist go on.
    Refuse,
    /// Every connection is closed once this many bytes have gone to the client.
    CutToClient(u64),
    /// Every connection is closed once this many bytes have gone to the server.
    CutToServer(u64),
    /// Each piece that is read waits so long before it goes on.
    Delay(Duration),
}

/// A proxy on a free port of 127.0.0.1. Dropped, it closes everything.
pub struct Proxy {
    addr: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    cuts: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens, and connects to `target` for every connection that comes.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start(target: SocketAddr) -> Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen")?;
        let addr = listener.local_addr()?;
        let line = Arc::new(watch::Sender::new(Line::Pass));
        let cuts = watch::Sender::new(0);
        let task = tokio::spawn(accept(listener, addr, target, line.subscribe(), cuts.subscribe()));
        Ok(Proxy { addr, line, cuts, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes what the line does, for connections that exist and for new ones.
    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Closes every connection now.
    pub fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    addr: SocketAddr,
    target: SocketAddr,
    mut line: watch::Receiver<Line>,
    cuts: watch::Receiver<u64>,
) {
    let mut listener = Some(listener);
    loop {
        let refuse = *line.borrow_and_update() == Line::Refuse;
        let Some(open) = listener.take_if(|_| !refuse) else {
            drop(listener.take());
            // Bound and not listening: refused, and nobody else can take the port.
            let Ok(held) = hold(addr) else { return };
            if line.wait_for(|line| *line != Line::Refuse).await.is_err() {
                return;
            }
            let Ok(again) = held.listen(64) else { return };
            listener = Some(again);
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((client, _)) = accepted {
                    tokio::spawn(connection(client, target, line.clone(), cuts.clone()));
                }
            }
            changed = line.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        listener = Some(open);
    }
}

fn hold(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

async fn connection(
    client: TcpStream,
    target: SocketAddr,
    line: watch::Receiver<Line>,
    mut cuts: watch::Receiver<u64>,
) {
    cuts.mark_unchanged();
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The first to end closes both.
    tokio::select! {
        _ = pump(from_client, to_server, line.clone(), |line| match line { Line::CutToServer(n) => Some(n), _ => None }) => {}
        _ = pump(from_server, to_client, line, |line| match line { Line::CutToClient(n) => Some(n), _ => None }) => {}
        _ = cuts.changed() => {}
    }
}

/// Passes bytes one way, until an end, an error, or the number of bytes that `limit` reads from the line.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    limit: fn(Line) -> Option<u64>,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut passed = 0;
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        // Counting begins when the line is set.
        if line.has_changed().unwrap_or(false) {
            passed = 0;
        }
        let now = *line.wait_for(|line| *line != Line::Stall).await.map_err(io::Error::other)?;
        if let Line::Delay(delay) = now {
            tokio::time::sleep(delay).await;
        }
        let room = limit(now).map_or(n as u64, |limit| limit.saturating_sub(passed).min(n as u64));
        to.write_all(&buffer[..usize::try_from(room).unwrap_or(n)]).await?;
        passed += room;
        if limit(now).is_some_and(|limit| passed >= limit) {
            to.shutdown().await?;
            return Ok(());
        }
    }
}
