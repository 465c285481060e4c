//! Checks PINs: one at a time, because a check takes 7 MiB, and off the ledger's thread and the runtime, because it takes long.
//!
//! Each caller has one check on its way at most, and callers take turns, so that one who guesses holds up nobody else for longer than
//! a check. Whether it is locked, the check, and the record of a wrong one are one step: of guesses made at once no more are heard
//! than of guesses made one after the other. The answer comes when a wrong one is durable, also where whoever asked has gone.

use crate::{
    clock::Clock,
    config::{Operator, Role},
    ledger::{Command, Commands, Ledger, Reader, Refused},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vietqr_edge_core::{
    lockout::{Wait, Who},
    refund::{Person, Pin},
};
use zeroize::Zeroizing;

/// Checks PINs; cheap to clone.
#[derive(Clone)]
pub struct Desk(Arc<Inner>);

struct Inner {
    operators: Mutex<Arc<[Operator]>>,
    commands: Commands,
    reader: Reader,
    clock: Arc<dyn Clock>,
    turn: Arc<Semaphore>,
    callers: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// Why somebody is not believed to be an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The PIN is not this operator's, or there is no such operator.
    Wrong,
    /// Too many were wrong: none is checked for so many milliseconds.
    Locked(u64),
    /// It can not be recorded now, so nothing is said about it.
    NotDurable,
    /// The ledger can not be read.
    Unreadable(String),
    /// The daemon is ending.
    Stopping,
}

/// What a check came to.
enum Checked {
    Right(Person, bool),
    Wrong(Option<String>),
    Locked(Wait),
}

impl Desk {
    /// For these people.
    pub fn new(operators: Vec<Operator>, ledger: &Ledger, clock: Arc<dyn Clock>) -> Desk {
        crate::memory::give_back();
        Desk(Arc::new(Inner {
            operators: Mutex::new(operators.into()),
            commands: ledger.commands.clone(),
            reader: ledger.reader.clone(),
            clock,
            turn: Arc::new(Semaphore::new(1)),
            callers: Mutex::default(),
        }))
    }

    /// The people are these from now on; the ledger is to be told as well.
    pub fn renew(&self, operators: Vec<Operator>) {
        *self.0.operators.lock().unwrap_or_else(PoisonError::into_inner) = operators.into();
    }

    /// The people.
    pub fn operators(&self) -> Arc<[Operator]> {
        self.0.operators.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The operator of this name, if it is their PIN. A wrong PIN and a name that is none's take the same time and get the same answer.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn check(&self, caller: &str, operator: &str, pin: Pin) -> Result<Person, Denied> {
        let own = self.0.caller(caller);
        let own = own.acquire_owned().await.map_err(|_| Denied::Stopping)?;
        let turn = self.0.turn.clone().acquire_owned().await.map_err(|_| Denied::Stopping)?;
        let (inner, operators) = (self.0.clone(), self.operators());
        let claim = Claim {
            who: Who::new(counted_name(&operators, operator), caller),
            caller: caller.to_owned(),
            operator: operator.to_owned(),
            pin: Zeroizing::new(pin.0),
            operators,
        };
        // Goes on where whoever asked has gone.
        tokio::spawn(inner.decide(claim, [own, turn])).await.unwrap_or(Err(Denied::Stopping))
    }
}

/// Who somebody says they are.
struct Claim {
    who: Who,
    caller: String,
    operator: String,
    pin: Zeroizing<String>,
    operators: Arc<[Operator]>,
}

impl Inner {
    async fn decide(self: Arc<Self>, claim: Claim, _turn: [OwnedSemaphorePermit; 2]) -> Result<Person, Denied> {
        let (who, caller) = (claim.who, claim.caller.clone());
        let (reader, now) = (self.reader.clone(), self.clock.now());
        let checked = tokio::task::spawn_blocking(move || -> Result<Checked, crate::ledger::ReadError> {
            if let Some(wait) = reader.pin_wait(who, now)? {
                return Ok(Checked::Locked(wait));
            }
            Ok(match claim.verify() {
                Ok(person) => Checked::Right(person, reader.pin_row(who)?),
                Err(operator) => Checked::Wrong(operator),
            })
        });
        match checked.await.map_err(|_| Denied::Stopping)?.map_err(|e| Denied::Unreadable(e.to_string()))? {
            Checked::Right(person, row) => {
                if row {
                    // Where it can not be kept that the row has ended, it goes on: that costs waiting, no money.
                    let _ = self.commands.send(Command::PinRight { who }).await;
                }
                Ok(person)
            }
            Checked::Wrong(operator) => {
                tracing::warn!(operator = operator.as_deref().unwrap_or("(none of this name)"), caller, "a wrong PIN");
                match self.commands.send(Command::PinWrong { who, operator, caller }).await {
                    Ok(_) => Err(Denied::Wrong),
                    Err(Refused::DiskFull) => Err(Denied::NotDurable),
                    Err(_) => Err(Denied::Stopping),
                }
            }
            Checked::Locked(wait) => {
                if wait.future {
                    // Where it can not be kept, the lock is as long as it was.
                    let _ = self.commands.send(Command::PinsSetBack).await;
                }
                Err(Denied::Locked(wait.ms))
            }
        }
    }

    fn caller(&self, name: &str) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = callers.get(name).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Semaphore::new(1));
        callers.insert(name.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

impl Claim {
    /// The person, or the operator of this name whose PIN it is not, if there is one.
    fn verify(&self) -> Result<Person, Option<String>> {
        let named = self.operators.iter().find(|known| known.name == self.operator);
        // Where nobody has the name, somebody's hash is tried, so that it takes as long.
        let tried = named.or(self.operators.first());
        let right = tried.is_some_and(|known| known.pin_hash.is_of(&self.pin));
        match named {
            Some(known) if right => Ok(Person { name: known.name.clone(), manager: known.role == Role::Manager }),
            _ => Err(named.map(|known| known.name.clone())),
        }
    }
}

/// The name that a wrong PIN is counted under. One of digits that is nobody's may be a PIN in the wrong field: not even its digest is
/// kept.
fn counted_name<'a>(operators: &[Operator], name: &'a str) -> &'a str {
    let known = operators.iter().any(|known| known.name == name);
    if !known && name.bytes().all(|b| b.is_ascii_digit()) { "" } else { name }
}
