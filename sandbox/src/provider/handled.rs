//! What came, and what became of it.

use super::Provider;
use super::fault::{Call, Fault};
use super::wire::Request;
use chrono::{DateTime, Utc};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use tokio::sync::broadcast;

/// Of more than this the oldest are forgotten.
const KEPT: usize = 10_000;

/// A call that was dealt with, or a connection that was closed before its call could be read.
#[derive(Clone, Debug)]
pub struct Handled<C, F> {
    /// When it was dealt with.
    pub at: DateTime<Utc>,
    /// The call; none: the connection was closed before it was read.
    pub call: Option<C>,
    /// The request's body.
    pub body: String,
    /// What went wrong.
    pub fault: Option<F>,
    /// The HTTP status of the answer; none: no whole head was sent.
    pub status: Option<u16>,
}

impl<C: Call, F: Fault> Handled<C, F> {
    pub(super) fn of_connection(fault: F) -> Handled<C, F> {
        Handled { at: Utc::now(), call: None, body: String::new(), fault: Some(fault), status: None }
    }

    pub(super) fn of_call(call: C, request: &Request, fault: Option<F>) -> Handled<C, F> {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        Handled { at: Utc::now(), call: Some(call), body, fault, status: None }
    }
}

impl<C: Call, F: Fault> fmt::Display for Handled<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Some(call) => write!(f, "{call} {}", self.body)?,
            None => f.write_str("a connection")?,
        }
        match self.status {
            Some(status) => write!(f, " -> {status}")?,
            None => f.write_str(" -> no answer")?,
        }
        self.fault.map_or(Ok(()), |fault| write!(f, " ({fault})"))
    }
}

type Of<P> = Handled<<P as Provider>::Call, <P as Provider>::Fault>;

pub(super) struct Log<P: Provider> {
    kept: Mutex<VecDeque<Of<P>>>,
    told: broadcast::Sender<Of<P>>,
}

impl<P: Provider> Log<P> {
    pub(super) fn new() -> Log<P> {
        Log { kept: Mutex::default(), told: broadcast::channel(4096).0 }
    }

    pub(super) fn add(&self, handled: Of<P>) {
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.pop_front();
            }
            kept.push_back(handled.clone());
        }
        // Nobody may be listening.
        let _ = self.told.send(handled);
    }

    pub(super) fn all(&self) -> Vec<Of<P>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn watch(&self) -> HandledWatch<P::Call, P::Fault> {
        HandledWatch(self.told.subscribe())
    }
}

/// Reads what was handled since the watch was taken. One that is more than 4096 behind misses the oldest.
pub struct HandledWatch<C, F>(broadcast::Receiver<Handled<C, F>>);

impl<C: Call, F: Fault> HandledWatch<C, F> {
    /// The next one; none when the interface is gone for good.
    pub async fn next(&mut self) -> Option<Handled<C, F>> {
        loop {
            match self.0.recv().await {
                Ok(handled) => return Some(handled),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
