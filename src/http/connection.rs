//! A bounded number of connections, each ended when nothing moves on it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};

/// A connection with its place among those allowed. It fails when no byte was read or written for `idle`: a stream sends comments
/// more often, so this ends only what is dead, stuck, or forgotten.
pub struct Guarded<S> {
    stream: S,
    idle: Duration,
    until: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, idle: Duration, place: OwnedSemaphorePermit) -> Guarded<S> {
        Guarded { stream, idle, until: Box::pin(tokio::time::sleep(idle)), _place: place }
    }

    /// Something moved: `Ready` begins a new while, `Pending` lasts only until the end of this one.
    fn watch<T>(&mut self, moved: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        match moved {
            Poll::Ready(result) => {
                self.until.as_mut().reset(Instant::now() + self.idle);
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(self.until.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.watch(moved, cx)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(moved, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.watch(moved, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        sync::Semaphore,
    };

    const IDLE: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn a_reader_that_takes_nothing_is_cut_off_and_its_place_is_free_again() {
        let places = Arc::new(Semaphore::new(1));
        let (ours, _theirs) = duplex(16);
        let mut guarded = Guarded::new(ours, IDLE, places.clone().try_acquire_owned().unwrap());
        let error = guarded.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(guarded);
        assert_eq!(places.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_sends_nothing_is_cut_off() {
        let places = Arc::new(Semaphore::new(1));
        let (ours, _theirs) = duplex(16);
        let mut guarded = Guarded::new(ours, IDLE, places.try_acquire_owned().unwrap());
        assert_eq!(guarded.read(&mut [0; 4]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
