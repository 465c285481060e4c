//! VietQR's lane.
//!
//! It owns the token and nothing of the ledger. It asks what is due, makes one call at a time, and tells the ledger what came of it.
//! It promises: no byte of a refund leaves before the ledger answered that its attempt is durable and may be sent; a call that began
//! is made to its end; after `stop` no refund is sent.

use super::{call::Caller, rest::Rest};
use crate::{
    clock::Clock,
    config::Secret,
    ledger::{Answer, Command, Commands, ReadError, Reader, Refused},
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use vietqr_edge_core::{
    provider::{
        Figures, LookUp, Outcome, Told,
        vietqr::{self, Token},
    },
    refund::{Input, Original, Refund, RefundId, Work},
    time::Timestamp,
};

/// The provider's name.
const PROVIDER: &str = "vietqr";
/// A clock that jumps is noticed within this time.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After a full disk or a failed read it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// How VietQR is called.
#[derive(Clone)]
pub struct Options {
    /// The login.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// The key of refund checksums.
    pub refund_secret: Secret,
}

/// What the lane is made of.
pub struct Parts {
    /// How VietQR is called.
    pub options: Options,
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
    let Parts { options, caller, reader, commands, clock, stop } = parts;
    tokio::spawn(Lane { options, caller, reader, commands, clock, stop, token: None, rest: Rest::new() }.run())
}

struct Lane {
    options: Options,
    caller: Caller,
    reader: Reader,
    commands: Commands,
    clock: Arc<dyn Clock>,
    stop: watch::Receiver<bool>,
    token: Option<Held>,
    rest: Rest,
}

/// A token, and when it is to be renewed on the monotonic clock.
struct Held {
    token: Token,
    until_ms: u64,
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
        let resting = self.rest.next_ms(now_ms);
        let due = {
            let rest = std::mem::replace(&mut self.rest, Rest::new());
            let reader = self.reader.clone();
            let read = tokio::task::spawn_blocking(move || {
                let due = reader.refund_due(PROVIDER, now, |refund| rest.waits(refund, now_ms));
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
        let Some((account, reference)) = original(&refund) else { return Turn::Wait(RETRY) };
        let look_up = tokio::select! {
            biased;
            () = stopped(self.stop.clone()) => return Turn::Again,
            look_up = look_up(&self.options, &self.caller, &*self.clock, &mut self.token, account, reference) => look_up,
        };
        let now_ms = self.clock.monotonic_ms();
        let look_up = match look_up {
            Ok(LookUp::Unavailable(told)) if told.code == "not_sent" => Err(told),
            look_up => look_up,
        };
        let look_up = match look_up {
            Err(told) => {
                tracing::info!(code = told.code, message = told.message, "VietQR is not reached: refunds wait");
                self.rest.all(now_ms, random());
                return Turn::Again;
            }
            Ok(LookUp::Unavailable(_) | LookUp::TokenRefused) => {
                tracing::info!(refund = %refund.id, ?look_up, "the payment can not be looked up now: its refund waits");
                self.rest.one(refund.id, now_ms, random());
                return Turn::Again;
            }
            Ok(look_up) => look_up,
        };
        self.rest.over(refund.id);
        let figures = figures(&look_up);
        let Some(Held { token, .. }) = self.token.as_ref().filter(|_| !*self.stop.borrow()) else {
            return Turn::Again;
        };
        let Some(call) = vietqr::refund(&refund.request, figures, self.options.refund_secret.expose(), token) else {
            return Turn::Wait(RETRY);
        };
        let attempt = format!("{:016x}", random());
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
        let outcome = vietqr::read_refund(&wire);
        tracing::info!(refund = %refund.id, attempt, outcome = ?outcome, "a refund was sent");
        if matches!(outcome, Outcome::TokenRefused(_)) {
            self.token = None;
        }
        self.tell_outcome(refund.id, Input::Sent { attempt, outcome, answer: None }).await
    }

    async fn look_up_outcome(&mut self, refund: Refund) -> Turn {
        let Some((account, reference)) = original(&refund) else { return Turn::Wait(RETRY) };
        let look_up = tokio::select! {
            biased;
            () = stopped(self.stop.clone()) => return Turn::Again,
            look_up = look_up(&self.options, &self.caller, &*self.clock, &mut self.token, account, reference) => look_up,
        };
        let look_up = look_up.unwrap_or_else(LookUp::Unavailable);
        match self.tell(refund.id, Input::LookedUp(look_up)).await {
            Ok(_) => Turn::Again,
            Err(turn) => turn,
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

/// Looks a payment up. A token that is not taken is replaced once.
///
/// # Errors
/// There is no token to look up with.
async fn look_up(
    options: &Options,
    caller: &Caller,
    clock: &dyn Clock,
    held: &mut Option<Held>,
    account: &str,
    reference: &str,
) -> Result<LookUp, Told> {
    let mut replaced = false;
    loop {
        let token = token(options, caller, clock, held).await?;
        let wire = caller.call(vietqr::check_order(account, reference, &options.username, &token)).await;
        let look_up = vietqr::read_check_order(&wire, reference);
        if look_up == LookUp::TokenRefused {
            *held = None;
        }
        if look_up != LookUp::TokenRefused || replaced {
            return Ok(look_up);
        }
        replaced = true;
    }
}

/// The token that is held, or a new one where that is to be renewed.
async fn token(options: &Options, caller: &Caller, clock: &dyn Clock, held: &mut Option<Held>) -> Result<Token, Told> {
    let asked_ms = clock.monotonic_ms();
    if let Some(Held { token, .. }) = held.as_ref().filter(|held| asked_ms < held.until_ms) {
        return Ok(token.clone());
    }
    let password = options.password.expose_text().unwrap_or_default();
    let wire = caller.call(vietqr::token(&options.username, password)).await;
    let token = vietqr::read_token(&wire).inspect_err(|told| {
        tracing::warn!(code = told.code, message = told.message, "VietQR gave no token");
    })?;
    let until_ms = asked_ms.saturating_add(token.renew_after_s.saturating_mul(1000));
    *held = Some(Held { token: token.clone(), until_ms });
    Ok(token)
}

fn figures(look_up: &LookUp) -> Option<Figures> {
    match look_up {
        LookUp::Found { figures, .. } => *figures,
        _ => None,
    }
}

fn original(refund: &Refund) -> Option<(&str, &str)> {
    match &refund.request.original {
        Original::VietQr { bank_account, reference_number, .. } => Some((bank_account, reference_number)),
        Original::Vnpay { .. } | Original::Qfpay { .. } => None,
    }
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
