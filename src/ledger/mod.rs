//! The ledger: what happened, in order, through any crash. One thread writes; everything else reads committed state.
//!
//! # Layout
//!
//! ```text
//! state_dir/
//!   lock                     held while the daemon runs
//!   reserve, reserve.1 …     room to restart on a full disk
//!   journal/00000001.jsonl   the truth: header, snapshot of what was open, then a line a group
//!   state/                   sled: small entries made from the journal, replaceable by it
//!   state.new/, state.old/   while the store is copied, at a start, because it has grown
//!   raw/2026-11-21.jsonl     bodies of booked notices, a file a day
//!   raw/strangers-0.jsonl    1 MB ring of what was not booked
//!   set-aside/               broken stores, for people to look at: the first to go where the bound is met
//! ```
//!
//! A line is a JSON object `{"crc":…,"prev":…,"seq":…,"at":…,"events":[…],"notes":[…]}` of at most 64 KB: the CRC-32 covers what
//! follows it, `prev` is the SHA-256 of the line before. Events are numbered without gaps; notes are evidence without numbers.
//!
//! # Write path
//!
//! Commands that wait together form a group (`actor.rs`). Each is decided on the store plus an overlay of the group's own changes
//! ([`decide`]); the decision itself is core's. The group is appended as one line, synced with one `fdatasync`, applied to the
//! store in one batch, published, and answered ([`writer`]). The store is written behind ([`index::WriteBehind`]). A write or sync
//! that fails ends the process: it is never tried again. With less than the headroom left, nothing is written and every command is
//! refused.
//!
//! # Read path
//!
//! A reader ([`reader`]) finds positions and small facts in the store and reads whole records from the journal, never above the
//! committed number. It has no lock in common with the writer but the store's own.
//!
//! # Recovery
//!
//! At a start ([`recover`]) the store must name a line that is in the journal with the same hash; the lines behind it are applied
//! again ([`replay`]). A store that can not be opened, panics, was marked suspect, is ahead, was not built to its end, or belongs to
//! another journal is set aside and built again from the oldest segment (`store.rebuilt`); one that says where it stands is whole. A last line that was cut off was never acknowledged: it stays
//! where it is, and a new segment is begun behind it; the journal is never cut or overwritten. A line that can not be read costs
//! only itself: later lines count, `journal.damaged` names what is missing, numbers that were lost are not used again, and what
//! waited to be announced at that place is not announced, because it may have been. The next header's snapshot ends that doubt.
//! The store keeps that refunds are in doubt until a line says so, should the start that found it be killed.
//! A line that stands behind later ones still counts, but what it books is not announced. A place is told once, whichever way it is
//! found. A line whose checksum matches and that is not understood was written by a newer version: then the ledger does not open.

mod actor;
mod at_disk;
pub mod command;
pub mod compact;
mod damages;
pub mod decide;
mod folder;
pub mod index;
pub mod journal;
mod pins;
mod raw;
pub mod reader;
pub mod recover;
mod refunds;
mod refunds_at_start;
pub mod replay;
pub mod reserve;
pub mod retention;
mod retention_refunds;
mod ring;
mod shared;
pub mod state;
pub mod store;
pub mod verify;
pub mod view;
pub mod writer;

pub use at_disk::AtDisk;
pub use command::{Answer, Command, Incoming, RefundAnswer, Refused, Stray};
pub use decide::Rules;
pub use reader::{Reader, RefundDue, RefundView, ToSpeak};
pub use recover::{OpenError, Options, StateLock, lock, open};
pub use refunds::{ProviderRules, RefundRules};
pub use retention::Limits;
pub use view::{Counters, Disk, Identity, PaymentView, ReadError, Recorded, Speech};
pub use writer::{Fatal, Writer};

use std::{io, sync::Arc, thread};
use tokio::sync::{mpsc, oneshot};

/// A command on its way, with where its answer goes.
pub type Job = (Command, oneshot::Sender<Result<Answer, Refused>>);

/// An answer to come. Dropped by the ledger (as a `RecvError`) only when the process is about to end.
pub type Pending = oneshot::Receiver<Result<Answer, Refused>>;

/// The writing half of the ledger's handle: cheap to clone, used by every actor.
#[derive(Clone, Debug)]
pub struct Commands {
    jobs: mpsc::Sender<Job>,
}

impl Commands {
    /// A bounded queue and its reading end, which the ledger owns.
    pub fn channel(capacity: usize) -> (Commands, mpsc::Receiver<Job>) {
        let (jobs, queue) = mpsc::channel(capacity);
        (Commands { jobs }, queue)
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn send(&self, command: Command) -> Result<Answer, Refused> {
        let (answer, pending) = oneshot::channel();
        self.jobs.send((command, answer)).await.map_err(|_| Refused::Stopped)?;
        pending.await.unwrap_or(Err(Refused::Stopped))
    }

    /// Sends a command without waiting; gives it back where the queue is full.
    ///
    /// # Errors
    /// The command, where the queue is full or the ledger has ended.
    pub fn try_send(&self, command: Command) -> Result<Pending, Box<Command>> {
        let (answer, pending) = oneshot::channel();
        match self.jobs.try_send((command, answer)) {
            Ok(()) => Ok(pending),
            Err(mpsc::error::TrySendError::Full((command, _)) | mpsc::error::TrySendError::Closed((command, _))) => {
                Err(Box::new(command))
            }
        }
    }

    /// Waits until the queue has room.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub async fn room(&self) -> Result<(), Refused> {
        self.jobs.reserve().await.map(drop).map_err(|_| Refused::Stopped)
    }
}

/// The handle of the ledger: commands go in, committed state comes out.
#[derive(Clone)]
pub struct Ledger {
    /// To write.
    pub commands: Commands,
    /// To read.
    pub reader: Reader,
}

/// The ledger's thread, seen from the server.
pub struct Running {
    /// Whether the thread waits for the disk.
    pub at_disk: AtDisk,
    /// The thread's end: `Ok` when every handle was dropped, else why the process must end.
    pub ended: oneshot::Receiver<Result<(), Fatal>>,
}

/// Starts the ledger's thread. It ends when the last [`Commands`] is dropped, after committing what was sent.
///
/// # Errors
/// As the system says, where no thread can be started.
pub fn start(writer: Writer, queue: usize) -> io::Result<(Ledger, Running)> {
    let (commands, jobs) = Commands::channel(queue);
    let reader = Reader::new(Arc::clone(&writer.shared));
    let at_disk = writer.at_disk.clone();
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name("ledger".into()).spawn(move || {
        let result = actor::run(writer, jobs);
        // The server may have gone first.
        drop(end.send(result));
    })?;
    Ok((Ledger { commands, reader }, Running { at_disk, ended }))
}

impl Writer {
    /// A reader of what this writer commits, for tools and tests without a thread.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }
}
