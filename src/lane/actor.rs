//! A provider's lane.
//!
//! It owns its provider's state (a token, a look-up under way) and nothing of the ledger. It asks what is due, makes one call at a
//! time, and tells the ledger what came of it. It promises: no byte of a refund leaves before the ledger answered that its attempt is
//! durable and may be sent; a call that began is made to its end; after `stop` no refund is sent.

use super::{call::Caller, rest::Rest};
use crate::{
    clock::Clock,
    ledger::{Answer, Command, Commands, ReadError, Reader, Refused},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use vietqr_edge_core::{
    provider::{LookUp, Looked, Moment, Provider, Purpose, Step, Told, evidence},
    refund::{Input, Refund, RefundId, Work},
    time::Timestamp,
};

/// A clock that jumps is noticed within this time.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The most calls of one look-up.
const CALLS_MAX: usize = 32;
/// After a full disk or a failed read it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// What the lane is made of.
pub struct Parts {
    /// Whose lane it is.
    pub provider: Box<dyn Provider>,
    /// Makes the calls.
    pub caller: Caller,
    /// The ledger, to read.
    pub reader: Reader,
    /// The ledger, to write.
    pub commands: Commands,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// True, or without a sender: stop.
    pub stop: watch::Receiver<bool>,
}

/// Starts the lane. After `stop` it ends when the refund call in flight has ended and is recorded.
pub fn spawn(parts: Parts) -> JoinHandle<()> {
    let Parts { provider, caller, reader, commands, clock, stop } = parts;
    tokio::spawn(Lane { provider, caller, reader, commands, clock, stop, rest: Rest::new(), behind: false }.run())
}

struct Lane {
    provider: Box<dyn Provider>,
    caller: Caller,
    reader: Reader,
    commands: Commands,
    clock: Arc<dyn Clock>,
    stop: watch::Receiver<bool>,
    rest: Rest,
    /// It was said that the clock is behind.
    behind: bool,
}

/// What comes after a turn.
enum Turn {
    Again,
    Wait(Duration),
    End,
}

impl Lane {
    async fn run(mut self) {
        let mut committed = self.reader.committed();
        let mut stop = self.stop.clone();
        while !*stop.borrow() {
            committed.mark_unchanged();
            let pause = match self.turn().await {
                Turn::Again => continue,
                Turn::Wait(pause) => pause,
                Turn::End => break,
            };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                changed = committed.changed() => if changed.is_err() { break },
                () = sleep(pause) => {}
            }
        }
    }

    /// Does at most one thing.
    async fn turn(&mut self) -> Turn {
        let (now, now_ms) = (self.clock.now(), self.clock.monotonic_ms());
        if self.clock_is_behind(now) {
            return Turn::Wait(LOOK_EVERY);
        }
        let resting = self.rest.next_ms(now_ms);
        let due = {
            let rest = std::mem::replace(&mut self.rest, Rest::new());
            let (reader, provider) = (self.reader.clone(), self.provider.name());
            let read = tokio::task::spawn_blocking(move || {
                let due = reader.refund_due(provider, now, |refund| rest.waits(refund, now_ms));
                (due, rest)
            });
            let Ok((due, rest)) = read.await else { return Turn::Wait(RETRY) };
            self.rest = rest;
            match due {
                Ok(due) => due,
                Err(error) => return unreadable(&error),
            }
        };
        match due.first {
            Some((refund, Work::LookUpFirst)) => self.send(refund).await,
            Some((refund, _)) => self.look_up_outcome(refund).await,
            None => Turn::Wait(until(due.next, now, resting, now_ms)),
        }
    }

    /// Looks the payment up and, if the ledger allows it then, sends the refund.
    async fn send(&mut self, refund: Refund) -> Turn {
        if let Some(pause_ms) = self.too_soon(&refund).await {
            self.rest.one_for(refund.id, self.clock.monotonic_ms(), pause_ms);
            return Turn::Again;
        }
        let looked = tokio::select! {
            biased;
            () = stopped(self.stop.clone()) => return Turn::Again,
            looked = look_up(&mut *self.provider, &self.caller, &*self.clock, &refund, Purpose::Sending) => looked,
        };
        self.remark();
        let (name, now_ms) = (self.provider.name(), self.clock.monotonic_ms());
        let look_up = match looked {
            Looked::NotReached(told) => {
                tracing::info!(provider = name, code = told.code, message = told.message, "not reached: refunds wait");
                self.rest.all(now_ms, random());
                return Turn::Again;
            }
            Looked::TooOften { told, pause_ms } => {
                tracing::info!(provider = name, refund = %refund.id, code = told.code, "asked too often: a refund waits");
                self.rest.one_for(refund.id, now_ms, pause_ms);
                return Turn::Again;
            }
            Looked::Told(look_up @ (LookUp::Unavailable(_) | LookUp::TokenRefused | LookUp::Alike(_))) => {
                tracing::info!(
                    provider = name, refund = %refund.id, ?look_up, "the payment can not be looked up now: its refund waits"
                );
                self.rest.one(refund.id, now_ms, random());
                return Turn::Again;
            }
            Looked::Told(look_up) => look_up,
        };
        self.rest.over(refund.id);
        if *self.stop.borrow() {
            return Turn::Again;
        }
        let moment = moment(&*self.clock);
        let attempt = self.provider.attempt_id(&refund, &moment);
        let Some(call) = self.provider.refund(&refund, &look_up, &attempt, &moment) else {
            return Turn::Wait(RETRY);
        };
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let begin = Input::Begin { attempt: attempt.clone(), body, look_up };
        let sends = match self.tell(refund.id, begin).await {
            Ok(sends) => sends,
            Err(turn) => return turn,
        };
        if !sends {
            return Turn::Again;
        }
        // From here on the attempt is durable: it is made once and told, whatever else ends meanwhile.
        let wire = self.caller.call(call).await;
        let outcome = self.provider.read_refund(&wire, &self::moment(&*self.clock));
        self.remark();
        tracing::info!(provider = name, refund = %refund.id, attempt, ?outcome, "a refund was sent");
        let answer = Some(evidence::answered(&wire));
        self.tell_outcome(refund.id, Input::Sent { attempt, outcome, answer }).await
    }

    async fn look_up_outcome(&mut self, refund: Refund) -> Turn {
        let looked = tokio::select! {
            biased;
            () = stopped(self.stop.clone()) => return Turn::Again,
            looked = look_up(&mut *self.provider, &self.caller, &*self.clock, &refund, Purpose::Outcome) => looked,
        };
        self.remark();
        let look_up = match looked {
            Looked::Told(look_up) => look_up,
            Looked::NotReached(told) | Looked::TooOften { told, .. } => LookUp::Unavailable(told),
        };
        match self.tell(refund.id, Input::LookedUp(look_up)).await {
            Ok(_) => Turn::Again,
            Err(turn) => turn,
        }
    }

    /// How long this refund has to wait after another one of the same payment, in milliseconds.
    async fn too_soon(&self, refund: &Refund) -> Option<u64> {
        let spacing_ms = self.provider.spacing_ms();
        if spacing_ms == 0 {
            return None;
        }
        let (reader, identity) = (self.reader.clone(), refund.request.original.identity());
        let read = tokio::task::spawn_blocking(move || reader.refund_sums(identity)).await;
        let sums = read.ok()?.ok()?;
        let last = sums.last_sent_at.filter(|_| sums.last_sent != Some(refund.id))?;
        let now = self.clock.now();
        // A clock that was set back must not become a long wait.
        let since_ms = if now < last { 0 } else { now.millis_since(last) };
        spacing_ms.checked_sub(since_ms).filter(|pause_ms| *pause_ms > 0)
    }

    /// Requests that bear the time wait for the right one.
    fn clock_is_behind(&mut self, now: Timestamp) -> bool {
        let behind = self.provider.dated() && now < self.caller.floor.get();
        if behind && !self.behind {
            tracing::warn!(
                provider = self.provider.name(),
                "the system clock is behind: refunds wait until it is right"
            );
        }
        self.behind = behind;
        behind
    }

    fn remark(&mut self) {
        if let Some(remark) = self.provider.remark() {
            tracing::warn!(provider = self.provider.name(), "{remark}");
        }
    }

    /// Tells the ledger; whether the attempt may be sent.
    async fn tell(&self, refund: RefundId, input: Input) -> Result<bool, Turn> {
        match self.commands.send(Command::Refund { refund, input: Box::new(input) }).await {
            Ok(Answer::Refund(answer)) => Ok(answer.sends),
            Ok(_) => Ok(false),
            Err(Refused::DiskFull) => Err(Turn::Wait(RETRY)),
            Err(Refused::Stopped) => Err(Turn::End),
            // It was cancelled, resolved or lapsed meanwhile: what is due is read anew.
            Err(refused) => {
                tracing::info!(%refund, %refused, "a refund changed meanwhile");
                Err(Turn::Again)
            }
        }
    }

    /// Tells the ledger what became of an attempt, until it has taken it.
    async fn tell_outcome(&self, refund: RefundId, outcome: Input) -> Turn {
        loop {
            match self.tell(refund, outcome.clone()).await {
                Err(Turn::Wait(pause)) => {
                    tracing::error!(%refund, "the outcome of a refund can not be written yet");
                    sleep(pause).await;
                }
                Err(turn) => return turn,
                Ok(_) => return Turn::Again,
            }
        }
    }
}

/// Makes a look-up to its end.
async fn look_up(
    provider: &mut dyn Provider,
    caller: &Caller,
    clock: &dyn Clock,
    refund: &Refund,
    purpose: Purpose,
) -> Looked {
    let mut step = provider.look_up(refund, purpose, &moment(clock));
    for _ in 0..CALLS_MAX {
        match step {
            Step::Done(looked) => return looked,
            Step::Call(call) => {
                let wire = caller.call(call).await;
                step = provider.looked(&wire, &moment(clock));
            }
        }
    }
    Looked::Told(LookUp::Unavailable(Told::code("too_many_calls")))
}

fn moment(clock: &dyn Clock) -> Moment {
    let random = u128::from(random()) << 64 | u128::from(random());
    Moment { now: clock.now(), monotonic_ms: clock.monotonic_ms(), random }
}

/// How long until something is due.
fn until(due: Option<Timestamp>, now: Timestamp, resting_ms: Option<u64>, now_ms: u64) -> Duration {
    let due = due.map(|at| Duration::from_millis(at.millis_since(now)));
    let rested = resting_ms.map(|at| Duration::from_millis(at.saturating_sub(now_ms)));
    [due, rested, Some(LOOK_EVERY)].into_iter().flatten().min().unwrap_or(LOOK_EVERY).max(Duration::from_millis(1))
}

fn unreadable(error: &ReadError) -> Turn {
    tracing::warn!(%error, "what is due for refunds can not be read");
    Turn::Wait(RETRY)
}

/// Ends when the daemon stops; a lost sender means the same.
async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A random number for a pause or a name. Two equal names of attempts do no harm: the ledger takes an outcome for the last one only.
fn random() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX / 2)
}
