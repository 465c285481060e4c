//! What others publish through the link: one message at a time, told when the broker has it.

use tokio::sync::{mpsc, oneshot};

/// Messages that may wait to be published; more wait at their senders.
const WAITING: usize = 16;

/// A message to publish with QoS 1, not retained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Its topic.
    pub topic: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// A message on its way, with where to tell that the broker has it.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) publish: Publish,
    /// Dropped without a word where the connection ended first.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// Publishes through the link, cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbox(mpsc::Sender<Outgoing>);

impl Outbox {
    pub(super) fn new() -> (Outbox, mpsc::Receiver<Outgoing>) {
        let (outbox, queue) = mpsc::channel(WAITING);
        (Outbox(outbox), queue)
    }

    /// Publishes; true when the broker has acknowledged it, false where the connection ended first: it may or may not have it then.
    /// While there is no connection it waits.
    pub async fn publish(&self, publish: Publish) -> bool {
        let (done, told) = oneshot::channel();
        self.0.send(Outgoing { publish, done: Some(done) }).await.is_ok() && told.await.is_ok()
    }
}
