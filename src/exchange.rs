//! One HTTP/1.1 exchange on a connection of its own: no pool, no retry, no redirect, no proxy. Whoever asks makes the connection, so
//! it knows that an error before [`exchange`] sent nothing; after it, nothing is known.

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::HeaderMap,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
};

/// A connection: plain, TLS or a Unix socket. One type for all, so that HTTP is compiled once.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An answer whose body is still to come. Dropped, its connection ends.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
    _connection: Connection,
}

/// Moves the bytes of an exchange until nobody waits for them.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request, whose `Host` the caller has set, and waits for the head of the answer. Without an end by itself: the caller has a
/// time-out. Cancelled, the connection ends.
///
/// # Errors
/// Whatever broke it off. The request may have been read by then, whole or in part.
pub async fn exchange(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = Connection(tokio::spawn(async move {
        // What breaks it is told to whoever waits for the answer.
        let _ = connection.await;
    }));
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok(Answer { status: head.status, headers: head.headers, body, _connection: connection })
}

impl Answer {
    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// What broke it off.
    pub async fn chunk(&mut self) -> hyper::Result<Option<Bytes>> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The whole body, or `None` where it has more than `most` bytes.
    ///
    /// # Errors
    /// What broke it off.
    pub async fn body(&mut self, most: usize) -> hyper::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        while let Some(part) = self.chunk().await? {
            if body.len() + part.len() > most {
                return Ok(None);
            }
            body.extend_from_slice(&part);
        }
        Ok(Some(body))
    }
}
