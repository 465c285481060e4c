//! The ledger (API; implementation follows).

pub mod command;
pub mod reader;
pub mod view;

pub use command::{Answer, Command, Incoming, Refused, Stray};
pub use reader::Reader;
pub use view::{Counters, Disk, Identity, PaymentView, ReadError, Recorded, Speech};

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
