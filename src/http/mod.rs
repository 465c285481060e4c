//! The HTTP interface (DESIGN 3.4): committed state out, people's requests in. One file a resource.
//!
//! Nothing here queues: a list is read when it is asked for, a stream pulls pages at its reader's pace. Who asks is a [`Role`] that the
//! listener puts on the request; the socket trusts whoever may open it, so a listener with tokens only adds a layer.

mod body;
mod caller;
mod cloud_event;
mod connection;
mod device;
mod events;
mod health;
mod listen;
mod metrics;
mod openapi;
mod params;
mod payment;
mod payments;
mod people;
mod problem;
mod refund_actions;
mod refunds;
mod status;
mod stream;
mod voice;

pub use caller::{Caller, Peer};
pub use cloud_event::document;
pub use device::{Certificate, Device, Link, LinkState, Snapshot, Speak, SpeakError, Spoken, Voice};
pub use listen::{bind, listen, serve};
pub use payment::{Moment, Payment, Trace};
pub use people::People;
pub use problem::{More, Problem, WrongField};
pub use status::{Expiry, Held, LastCredit, Space, Status, Time, Totals};

use crate::{
    clock::Clock,
    ledger::{Commands, Ledger, ReadError, Reader},
};
use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    routing::{MethodRouter, get, post},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, oneshot, watch};

/// The longest body that is read, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How many reads of the ledger may run at once; further ones wait.
const READS: usize = 4;

/// How many event streams may be open at once; further ones are refused.
const STREAMS: usize = 16;

/// The longest that a read may take, the wait for its turn included.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// What whoever asks may do and see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads, accounts masked.
    Pos,
    /// Also replays.
    Console,
    /// Also sees whole accounts.
    Admin,
}

/// What the resources need of the daemon.
#[derive(Clone)]
pub struct Api {
    reader: Reader,
    commands: Commands,
    clock: Arc<dyn Clock>,
    device: Arc<dyn Device>,
    speak: Arc<dyn Speak>,
    people: People,
    stop: watch::Receiver<bool>,
    reads: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Api {
    /// `stop` turns true when the daemon ends: streams end then.
    pub fn new(
        ledger: Ledger,
        clock: Arc<dyn Clock>,
        device: Arc<dyn Device>,
        speak: Arc<dyn Speak>,
        stop: watch::Receiver<bool>,
    ) -> Api {
        let Ledger { commands, reader } = ledger;
        let people = People::default();
        let (reads, streams) = (Arc::new(Semaphore::new(READS)), Arc::new(Semaphore::new(STREAMS)));
        Api { reader, commands, clock, device, speak, people, stop, reads, streams }
    }

    /// With the people of the configuration; without this there are none.
    pub fn with_people(self, people: People) -> Api {
        Api { people, ..self }
    }

    /// Reads the ledger on a thread that may block.
    ///
    /// # Errors
    /// What the read answers; 503 `busy` where it took too long.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (tell, told) = oneshot::channel();
        let read = move |reader: &Reader| drop(tell.send(read(reader)));
        self.take_turn(Box::new(read)).await?;
        told.await.map_err(|_| Problem::stopping())?.map_err(Problem::from)
    }

    /// The same for any read: one task type for all of them.
    async fn take_turn(&self, read: Box<dyn FnOnce(&Reader) + Send>) -> Result<(), Problem> {
        let (reads, reader) = (self.reads.clone(), self.reader.clone());
        let work = async move {
            let turn = reads.acquire_owned().await.map_err(|_| Problem::stopping())?;
            let done = tokio::task::spawn_blocking(move || {
                let _turn = turn; // until the read really ends, whoever waits for it
                read(&reader);
            });
            done.await.map_err(|_| Problem::unreadable("the read was broken off"))
        };
        tokio::time::timeout(READ_TIMEOUT, work).await.unwrap_or_else(|_| Err(Problem::busy()))
    }
}

/// Every route: method, path, what answers it. The OpenAPI document has the same ones, which a test proves.
fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Api>)> {
    vec![
        ("get", "/healthz", get(health::get)),
        ("get", "/metrics", get(metrics::get)),
        ("get", "/v1/status", get(status::get)),
        ("get", "/v1/payments", get(payments::list)),
        ("get", "/v1/payments/{id}", get(payments::one)),
        ("get", "/v1/refunds", get(refunds::list)),
        ("post", "/v1/refunds", post(refunds::create)),
        ("get", "/v1/refunds/{id}", get(refunds::one)),
        ("post", "/v1/refunds/{id}/approve", post(refund_actions::approve)),
        ("post", "/v1/refunds/{id}/cancel", post(refund_actions::cancel)),
        ("post", "/v1/refunds/{id}/resolve", post(refund_actions::resolve)),
        ("get", "/v1/events", get(events::get)),
        ("post", "/v1/voice/replay", post(voice::replay)),
        ("post", "/v1/voice/test", post(voice::test)),
        ("get", "/v1/openapi.json", get(openapi::get)),
    ]
}

/// The whole interface, for callers of this role.
pub fn router(api: Api, role: Role) -> Router {
    routes()
        .into_iter()
        .fold(Router::new(), |router, (_, path, answers)| router.route(path, answers))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(Extension(role))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}
