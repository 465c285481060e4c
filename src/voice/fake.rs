//! A shop for tests: a ledger in memory, a speaker that writes down, a clock that is set.

use super::*;
use crate::{
    clock::Clock,
    ledger::{Answer, Command, Commands, ReadError, Refused, ToSpeak},
};
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, yield_now},
};
use vietqr_edge_core::{
    announcement::Due,
    event::Kind,
    payment::{Age, PaymentId},
    refund::{RefundId, Speech},
};

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Durable(Vec<u64>, Kind),
    Said(String),
    Chimed,
    Finished(u64),
    Failed(u64, String),
    Skipped(Vec<u64>, SkipReason),
    Refused,
}

/// Real time, and what a test adds to it. It begins at 09:30 in Vietnam.
pub(super) struct TestClock {
    began: Instant,
    added_ms: AtomicU64,
}

impl TestClock {
    pub(super) fn forward(&self, ms: u64) {
        self.added_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        "2026-11-21T09:30:00+07:00".parse::<Timestamp>().unwrap().plus_millis(self.monotonic_ms())
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap() + self.added_ms.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
struct State {
    due: Vec<(Due, Age)>,
    refunds: Vec<ToSpeak>,
    last: Option<(PaymentId, Dong)>,
    paid: Vec<(PaymentId, Dong)>,
    not_due: BTreeSet<u64>,
    heard: Vec<Heard>,
    full: bool,
    unreadable: bool,
    mute: bool,
    held: bool,
    fail: Option<String>,
    reads: u64,
}

#[derive(Clone)]
pub(super) struct Shop {
    state: Arc<Mutex<State>>,
    committed: watch::Sender<u64>,
    link: watch::Sender<Link>,
    pub(super) clock: Arc<TestClock>,
}

/// A running speaker.
pub(super) struct Till {
    shop: Shop,
    pub(super) handle: Handle,
    pub(super) stop: watch::Sender<bool>,
    pub(super) ended: JoinHandle<()>,
}

pub(super) fn options() -> Options {
    Options {
        mode: Mode::Full,
        dialect: Dialect::North,
        quiet: None,
        small_amount: Dong(0),
        say_link: true,
        fresh_s: 120,
        late_s: 900,
    }
}

impl Shop {
    pub(super) fn open() -> Shop {
        Shop {
            state: Arc::default(),
            committed: watch::Sender::new(0),
            link: watch::Sender::new(Link { up: false, since_ms: 0 }),
            clock: Arc::new(TestClock { began: Instant::now(), added_ms: AtomicU64::new(0) }),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    /// Books a payment, now.
    pub(super) fn pay(&self, age: Age, amount: u64) -> u64 {
        let id = *self.committed.borrow() + 1;
        let (payment, amount, now) = (PaymentId(id), Dong(amount), self.clock.now());
        let due = Due { payment, amount, paid_at: now, received_at: now, noticed_ms: 0 };
        self.with(|state| {
            state.due.push((due, age));
            state.last = Some((payment, amount));
            state.paid.push((payment, amount));
        });
        self.touch();
        id
    }

    /// Something became of a refund of 25.000 đồng.
    pub(super) fn refund(&self, id: u64, speech: Speech) {
        let to_speak = ToSpeak { refund: RefundId(id), speech, amount: 25_000 };
        self.with(|state| state.refunds.push(to_speak));
        self.touch();
    }

    /// One more event that is not about payments.
    pub(super) fn touch(&self) {
        self.committed.send_modify(|seq| *seq += 1);
    }

    pub(super) fn left(&self) -> usize {
        self.with(|state| state.due.len())
    }

    pub(super) fn heard(&self) -> Vec<Heard> {
        self.with(|state| state.heard.clone())
    }

    pub(super) fn set_full(&self, full: bool) {
        self.with(|state| state.full = full);
    }

    pub(super) fn set_unreadable(&self, unreadable: bool) {
        self.with(|state| state.unreadable = unreadable);
    }

    pub(super) fn set_speaks(&self, speaks: bool) {
        self.with(|state| state.mute = !speaks);
    }

    pub(super) fn set_link(&self, up: bool) {
        let since_ms = self.clock.monotonic_ms();
        self.link.send_replace(Link { up, since_ms });
    }

    /// The next sentence fails.
    pub(super) fn fail_next(&self, program: &str) {
        self.with(|state| state.fail = Some(program.to_owned()));
    }

    /// Sentences do not end.
    pub(super) fn hold(&self, held: bool) {
        self.with(|state| state.held = held);
    }

    /// The ledger takes it for announced once, whatever was read.
    pub(super) fn refuse_as_not_due(&self, payment: u64) {
        self.with(|state| state.not_due.insert(payment));
    }

    /// Begins a run.
    pub(super) fn speak(&self, options: Options) -> Till {
        let (commands, mut jobs) = Commands::channel(4);
        let ledger = self.clone();
        tokio::spawn(async move {
            while let Some((command, answer)) = jobs.recv().await {
                // As slow as a disk: who does not wait for the answer is found out.
                for _ in 0..50 {
                    yield_now().await;
                }
                let _ = answer.send(ledger.decide(command));
            }
        });
        let (stop, stopped) = watch::channel(false);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (voice, handle) =
            Voice::new(options, Box::new(self.clone()), Arc::new(self.clone()), commands, clock, stopped);
        let ended = tokio::spawn(voice.with_link(self.link.subscribe()).run());
        Till { shop: self.clone(), handle, stop, ended }
    }

    fn decide(&self, command: Command) -> Result<Answer, Refused> {
        let mut state = self.state.lock().unwrap();
        if state.full && !matches!(command, Command::AnnounceFinish { .. }) {
            state.heard.push(Heard::Refused);
            return Err(Refused::DiskFull);
        }
        let heard = match command {
            Command::AnnounceStart { payments, kind, .. } => {
                let ids: Vec<u64> = payments.iter().map(|payment| payment.0).collect();
                if let Some(&id) = ids.iter().find(|&id| state.not_due.contains(id)) {
                    state.due.retain(|(due, _)| due.payment.0 != id);
                    return Err(Refused::NotDue(PaymentId(id)));
                }
                if kind != Kind::Replay {
                    for payment in &payments {
                        let place = state.due.iter().position(|(due, _)| due.payment == *payment);
                        state.due.remove(place.ok_or(Refused::NotDue(*payment))?);
                    }
                }
                Heard::Durable(ids, kind)
            }
            Command::AnnounceSkip { payments, reason } => {
                state.due.retain(|(due, _)| !payments.contains(&due.payment));
                Heard::Skipped(payments.iter().map(|payment| payment.0).collect(), reason)
            }
            Command::AnnounceRefund { refund, .. } => {
                let place = state.refunds.iter().position(|to_speak| to_speak.refund == refund);
                state.refunds.remove(place.ok_or(Refused::RefundNotDue(refund))?);
                Heard::Durable(vec![refund.0], Kind::Refund)
            }
            Command::AnnounceSkipRefunds { refunds, reason } => {
                state.refunds.retain(|to_speak| !refunds.contains(&to_speak.refund));
                Heard::Skipped(refunds.iter().map(|refund| refund.0).collect(), reason)
            }
            Command::AnnounceFinish { started, .. } => Heard::Finished(started),
            Command::AnnounceFail { started, reason } => Heard::Failed(started, reason),
            other => panic!("not for a speaker: {other:?}"),
        };
        state.heard.push(heard);
        drop(state);
        self.touch();
        Ok(Answer::Recorded(*self.committed.borrow()))
    }
}

impl Source for Shop {
    fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    fn due(&self, age: Age, limit: usize) -> Result<Vec<Due>, ReadError> {
        self.with(|state| {
            state.reads += 1;
            if state.unreadable {
                return Err(ReadError::Store("unreadable".to_owned()));
            }
            let of_age = state.due.iter().filter(|(_, taken)| *taken == age);
            Ok(of_age.take(limit).map(|(due, _)| due.clone()).collect())
        })
    }

    fn credit(&self, payment: Option<PaymentId>) -> Result<Option<(PaymentId, Dong)>, ReadError> {
        self.with(|state| match payment {
            None => Ok(state.last),
            Some(wanted) => Ok(state.paid.iter().find(|(id, _)| *id == wanted).copied()),
        })
    }

    fn refunds(&self, limit: usize) -> Result<Vec<ToSpeak>, ReadError> {
        self.with(|state| Ok(state.refunds.iter().take(limit).copied().collect()))
    }
}

impl Say for Shop {
    fn say<'a>(&'a self, sentence: &'a str, stop: Stop) -> BoxFuture<'a, Result<LastWords, SpeakError>> {
        Box::pin(async move {
            while self.with(|state| state.held) {
                if *stop.borrow() {
                    return Err(SpeakError::Stopped);
                }
                yield_now().await;
            }
            if let Some(program) = self.with(|state| state.fail.take()) {
                return Err(SpeakError::NotFound(program));
            }
            self.with(|state| state.heard.push(Heard::Said(sentence.to_owned())));
            Ok(Some("a crackle".to_owned()))
        })
    }

    fn chime(&self, _: Stop) -> BoxFuture<'_, Result<LastWords, SpeakError>> {
        self.with(|state| state.heard.push(Heard::Chimed));
        Box::pin(async { Ok(None) })
    }

    fn speaks(&self) -> bool {
        !self.with(|state| state.mute)
    }
}

impl Till {
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.shop.heard()
    }

    /// The sentences.
    pub(super) fn said(&self) -> Vec<String> {
        let heard = self.heard().into_iter();
        heard.filter_map(|heard| if let Heard::Said(sentence) = heard { Some(sentence) } else { None }).collect()
    }

    /// Waits until this holds.
    pub(super) async fn until(&self, holds: impl Fn(&[Heard]) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !holds(&self.heard()) {
            assert!(Instant::now() < deadline, "never; heard {:?}", self.heard());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) async fn until_said(&self, count: usize) {
        self.until(|_| self.said().len() >= count).await;
    }

    /// Waits until the speaker has read all that is committed now.
    pub(super) async fn until_read(&self) {
        let before = self.shop.with(|state| state.reads);
        self.shop.touch();
        // Two more readings of up to three lists each: the last of them began after this call.
        self.until(|_| self.shop.with(|state| state.reads) >= before + 3).await;
        let again = self.shop.with(|state| state.reads);
        self.shop.touch();
        self.until(|_| self.shop.with(|state| state.reads) >= again + 3).await;
    }
}
