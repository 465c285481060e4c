//! A broker that sends exactly the packets a test names: MQTT 3.1.1 over plain TCP, one connection at a time.
//!
//! For what a well-behaved broker does not do on request: a refused SUBACK, a session that is gone, a repeat with or without
//! DUP, an acknowledgement of nothing, a message that is too big, a connection taken over.

mod packet;

pub use packet::{Connect, Packet, Publish};

use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, SocketAddr};
use std::{future::Future, io::ErrorKind, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long anything may take that a test waits for.
const LIMIT: Duration = Duration::from_secs(15);

/// A listener on a free port of 127.0.0.1.
pub struct ScriptedBroker {
    listener: TcpListener,
}

impl ScriptedBroker {
    /// Listens.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> Result<ScriptedBroker> {
        Ok(ScriptedBroker { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen")? })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the system does not tell.
    pub fn addr(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Waits for the next connection and its CONNECT, which is not answered yet.
    ///
    /// # Errors
    /// Where none comes in time, or it begins with something else.
    pub async fn accept(&mut self) -> Result<Connection> {
        let (stream, _) = within("a connection", async { Ok(self.listener.accept().await?) }).await?;
        stream.set_nodelay(true)?;
        let mut connection = Connection { stream, connect: Connect::default(), seen: Vec::new(), answer_pings: true };
        match connection.read().await? {
            Packet::Connect(connect) => connection.connect = connect,
            other => bail!("expected CONNECT, got {other:?}"),
        }
        Ok(connection)
    }

    /// [`ScriptedBroker::accept`], a CONNACK that takes the client, and every SUBSCRIBE that comes until `topics` topics were
    /// asked for, all granted with QoS 1.
    ///
    /// # Errors
    /// As for [`ScriptedBroker::accept`], or where the client does something else.
    pub async fn welcome(&mut self, session_present: bool, topics: usize) -> Result<Connection> {
        let mut connection = self.accept().await?;
        connection.connack(session_present, 0).await?;
        let mut asked = 0;
        while asked < topics {
            let (id, filters) = connection.subscribe().await?;
            asked += filters.len();
            connection.suback(id, &vec![1; filters.len()]).await?;
        }
        Ok(connection)
    }
}

/// A client's connection. Dropped, it is closed.
pub struct Connection {
    stream: TcpStream,
    /// How the client introduced itself.
    pub connect: Connect,
    /// All that it sent since, in order, PINGREQ aside.
    pub seen: Vec<Packet>,
    /// Whether a PINGREQ is answered, which happens while something is waited for. True at first.
    pub answer_pings: bool,
}

impl Connection {
    /// Answers the CONNECT. `code` 0 takes the client; 1 to 5 refuse it (MQTT 3.1.1, 3.2.2.3).
    ///
    /// # Errors
    /// Where the client is gone.
    pub async fn connack(&mut self, session_present: bool, code: u8) -> Result<()> {
        self.raw(&[0x20, 2, u8::from(session_present), code]).await
    }

    /// Answers a SUBSCRIBE: 0 to 2 grant a QoS, 0x80 refuses.
    ///
    /// # Errors
    /// Where the client is gone.
    pub async fn suback(&mut self, packet_id: u16, codes: &[u8]) -> Result<()> {
        let mut body = packet_id.to_be_bytes().to_vec();
        body.extend_from_slice(codes);
        self.raw(&packet::frame(0x90, &body)).await
    }

    /// Acknowledges a publish of the client, or one that never was.
    ///
    /// # Errors
    /// Where the client is gone.
    pub async fn puback(&mut self, packet_id: u16) -> Result<()> {
        self.raw(&packet::frame(0x40, &packet_id.to_be_bytes())).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// Where the client is gone.
    pub async fn publish(&mut self, publish: &Publish) -> Result<()> {
        self.raw(&publish.bytes()).await
    }

    /// Sends any bytes.
    ///
    /// # Errors
    /// Where the client is gone.
    pub async fn raw(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream.write_all(bytes).await.context("the client is gone")
    }

    /// The next packet that is not a PINGREQ.
    ///
    /// # Errors
    /// Where none comes in time, the client closes, or its bytes are no MQTT.
    pub async fn next(&mut self) -> Result<Packet> {
        let packet = self.read().await?;
        self.seen.push(packet.clone());
        Ok(packet)
    }

    /// The next packet, which must be a SUBSCRIBE: its id, and topic filters with the QoS asked for.
    ///
    /// # Errors
    /// As for [`Connection::next`], or where it is another packet.
    pub async fn subscribe(&mut self) -> Result<(u16, Vec<(String, u8)>)> {
        match self.next().await? {
            Packet::Subscribe { packet_id, filters } => Ok((packet_id, filters)),
            other => bail!("expected SUBSCRIBE, got {other:?}"),
        }
    }

    /// The next packet, which must be a PUBACK: its id.
    ///
    /// # Errors
    /// As for [`Connection::next`], or where it is another packet.
    pub async fn expect_puback(&mut self) -> Result<u16> {
        match self.next().await? {
            Packet::PubAck(id) => Ok(id),
            other => bail!("expected PUBACK, got {other:?}"),
        }
    }

    /// Waits until the client closes the connection, with or without a DISCONNECT; what it sends before is in `seen`.
    ///
    /// # Errors
    /// Where it does not close in time.
    pub async fn closed(&mut self) -> Result<()> {
        let until_closed = async {
            while let Some(packet) = self.read_or_end().await? {
                self.seen.push(packet);
            }
            Ok(())
        };
        within("the client to close", until_closed).await
    }

    async fn read(&mut self) -> Result<Packet> {
        match within("a packet", self.read_or_end()).await? {
            Some(packet) => Ok(packet),
            None => bail!("the client closed the connection"),
        }
    }

    /// None: the client closed between two packets.
    async fn read_or_end(&mut self) -> Result<Option<Packet>> {
        loop {
            let first = match self.stream.read_u8().await {
                Ok(first) => first,
                Err(e) if matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return Ok(None),
                Err(e) => return Err(e.into()),
            };
            let mut length = packet::Length::default();
            while !length.add(self.stream.read_u8().await?)? {}
            let mut body = vec![0; length.value()];
            self.stream.read_exact(&mut body).await?;
            match packet::read(first, &body)? {
                Packet::PingReq if self.answer_pings => self.raw(&[0xD0, 0]).await?,
                Packet::PingReq => {}
                packet => return Ok(Some(packet)),
            }
        }
    }
}

async fn within<T>(what: &str, action: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(LIMIT, action).await {
        Ok(result) => result,
        Err(_) => bail!("waited {LIMIT:?} for {what}"),
    }
}
