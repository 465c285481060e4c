//! Random commands against a model so plain that it is right by inspection: same answers, same lists, through kills, lost stores and
//! clocks that jump.

use crate::{
    run::DIR,
    support::{
        TestClock,
        behind::{Behind, Dump},
        open, receive,
        simfs::SimFs,
    },
};
use proptest::prelude::*;
use std::{path::Path, sync::Arc};
use vietqr_edge::{
    fs::Fs,
    ledger::{Answer, Command, Refused, Speech, Writer},
};
use vietqr_edge_core::{
    event::{Kind, Reason, SkipReason},
    payment::{Age, PaymentId, TransType},
};

/// So much waits for the store, in bytes: some commits.
const WAITS: usize = 4 << 10;

#[derive(Clone, Debug)]
enum Step {
    /// Notices that wait together: reference, amount, whether it is money in.
    Receive(Vec<(u8, u8, bool)>),
    /// The oldest payments that wait are said, or left out.
    Say(u8, End),
    Skip(u8),
    /// A payment is asked for by its place in the list, due or not.
    SayAny(u8),
    Stray,
    /// The process is killed; the store is lost, too, or is one of those that a kill may leave.
    Kill {
        lost: bool,
        left: u8,
    },
    Pass(u32),
    Jump(i64),
    Checkpoint,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Finished,
    Failed,
    Never,
}

fn step() -> impl Strategy<Value = Step> {
    let notice = (0..20u8, 1..3u8, prop::bool::weighted(0.8));
    prop_oneof![
        6 => prop::collection::vec(notice, 1..6).prop_map(Step::Receive),
        4 => (1..4u8, prop_oneof![Just(End::Finished), Just(End::Failed), Just(End::Never)])
            .prop_map(|(count, end)| Step::Say(count, end)),
        1 => (1..4u8).prop_map(Step::Skip),
        2 => any::<u8>().prop_map(Step::SayAny),
        1 => Just(Step::Stray),
        2 => (prop::bool::weighted(0.3), any::<u8>()).prop_map(|(lost, left)| Step::Kill { lost, left }),
        1 => (0..100_000u32).prop_map(Step::Pass),
        1 => (-10_000_000_000i64..10_000_000_000).prop_map(Step::Jump),
        1 => Just(Step::Checkpoint),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Never,
    Due,
    Started,
    Finished,
    Failed,
    Skipped,
}

#[derive(Debug)]
struct Booked {
    id: PaymentId,
    reference: u8,
    amount: u8,
    credit: bool,
    repeats: u64,
    said: Said,
}

#[derive(Debug, Default)]
struct Model {
    booked: Vec<Booked>,
    strays: u64,
    conflicts: u64,
}

impl Model {
    fn receive(&mut self, notice: (u8, u8, bool), answer: &Result<Answer, Refused>) -> Result<(), TestCaseError> {
        let (reference, amount, credit) = notice;
        match self.booked.iter_mut().find(|known| known.reference == reference && known.credit == credit) {
            None => {
                let Ok(Answer::Booked(id)) = answer else {
                    return Err(TestCaseError::fail(format!("{notice:?} is new, and the answer is {answer:?}")));
                };
                prop_assert!(self.booked.last().is_none_or(|last| last.id < *id), "{} is not above the last", id);
                let said = if credit { Said::Due } else { Said::Never };
                self.booked.push(Booked { id: *id, reference, amount, credit, repeats: 0, said });
            }
            Some(known) if known.amount == amount => {
                known.repeats += 1;
                prop_assert_eq!(answer, &Ok(Answer::Repeat(known.id)));
            }
            Some(_) => {
                self.conflicts += 1;
                prop_assert_eq!(answer, &Ok(Answer::Quarantined(Reason::Conflict)));
            }
        }
        Ok(())
    }

    fn due(&self, count: u8) -> Vec<PaymentId> {
        let due = self.booked.iter().filter(|known| known.said == Said::Due);
        due.take(count.into()).map(|known| known.id).collect()
    }

    fn set(&mut self, ids: &[PaymentId], said: Said) {
        self.booked.iter_mut().filter(|known| ids.contains(&known.id)).for_each(|known| known.said = said);
    }

    fn compare(&self, writer: &Writer) -> Result<(), TestCaseError> {
        let reader = writer.reader();
        let views = reader.payments(None, 1000).unwrap();
        prop_assert_eq!(views.len(), self.booked.len());
        for (view, known) in views.iter().zip(&self.booked) {
            let said = match view.speech {
                Speech::Never => Said::Never,
                Speech::Due => Said::Due,
                Speech::Started(_) => Said::Started,
                Speech::Finished(..) => Said::Finished,
                Speech::Failed(..) => Said::Failed,
                Speech::Skipped(_) => Said::Skipped,
            };
            let is = (view.id, view.payment.amount.0, view.repeats, said, view.payment.trans_type == TransType::Credit);
            prop_assert_eq!(is, (known.id, known.amount.into(), known.repeats, known.said, known.credit));
            let by_number = reader.payment(known.id).unwrap();
            prop_assert_eq!(Some(view), by_number.as_ref());
            let found = reader.find(&format!("FT{}", known.reference)).unwrap();
            prop_assert!(found.contains(view), "{} is not found by its reference", known.id);
        }
        let due: Vec<_> = reader.due(Age::Fresh, 1000).unwrap().into_iter().map(|due| due.payment).collect();
        prop_assert_eq!(due, self.due(u8::MAX));
        let counters = reader.counters();
        let credits: Vec<_> = self.booked.iter().filter(|known| known.credit).collect();
        prop_assert_eq!(counters.credits, credits.len() as u64);
        prop_assert_eq!(counters.credited.0, credits.iter().map(|known| u64::from(known.amount)).sum::<u64>());
        prop_assert_eq!(counters.repeats, self.booked.iter().map(|known| known.repeats).sum::<u64>());
        prop_assert_eq!(counters.quarantined.get(&Reason::Unparsable).copied().unwrap_or(0), self.strays);
        prop_assert_eq!(counters.quarantined.get(&Reason::Conflict).copied().unwrap_or(0), self.conflicts);
        let numbers: Vec<_> = reader.events(0, 100_000).unwrap().iter().map(|event| event.seq).collect();
        prop_assert!(numbers.iter().enumerate().all(|(n, number)| *number == n as u64 + 1), "{:?}", numbers);
        Ok(())
    }
}

fn notice((reference, amount, credit): (u8, u8, bool)) -> Command {
    let side = if credit { "C" } else { "D" };
    receive(
        format!(
            r#"{{"bankAccount":"1234567890","amount":{amount},"transType":"{side}","referenceNumber":"FT{reference}","content":"x{reference}","status":1,"timePaid":"21/11/2026 09:30:00"}}"#
        )
        .into_bytes(),
    )
}

struct Shop {
    disk: SimFs,
    store: Behind,
    clock: Arc<TestClock>,
    writer: Writer,
    model: Model,
}

impl Shop {
    fn open() -> Shop {
        let (disk, clock) = (SimFs::default(), TestClock::new());
        let store = Behind::new(&disk, &Dump::new(), WAITS);
        let writer = open(&(Arc::new(disk.clone()) as Arc<dyn Fs>), &clock, Path::new(DIR), &store);
        Shop { disk, store, clock, writer, model: Model::default() }
    }

    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Receive(notices) => {
                let answers = self.writer.commit(notices.iter().copied().map(notice).collect()).unwrap();
                for (notice, answer) in notices.iter().zip(&answers) {
                    self.model.receive(*notice, answer)?;
                }
            }
            Step::Say(count, end) => {
                let due = self.model.due(*count);
                if due.is_empty() {
                    return Ok(());
                }
                let start = Command::AnnounceStart { payments: due.clone(), kind: Kind::Summary, sentence: "x".into() };
                let Ok(Answer::Recorded(started)) = self.writer.commit(vec![start]).unwrap()[0] else {
                    return Err(TestCaseError::fail(format!("{due:?} can not be said")));
                };
                self.model.set(&due, Said::Started);
                let (command, said) = match end {
                    End::Finished => (Command::AnnounceFinish { started, took_ms: 9 }, Said::Finished),
                    End::Failed => (Command::AnnounceFail { started, reason: "x".into() }, Said::Failed),
                    End::Never => return Ok(()),
                };
                self.writer.commit(vec![command]).unwrap();
                self.model.set(&due, said);
            }
            Step::Skip(count) => {
                let due = self.model.due(*count);
                let command = Command::AnnounceSkip { payments: due.clone(), reason: SkipReason::QuietHours };
                self.writer.commit(vec![command]).unwrap();
                self.model.set(&due, Said::Skipped);
            }
            Step::SayAny(place) => {
                let Some(known) = self.model.booked.get(usize::from(*place) % self.model.booked.len().max(1)) else {
                    return Ok(());
                };
                let (id, said) = (known.id, known.said);
                let answer = self.writer.commit(vec![crate::examine::say(id)]).unwrap().remove(0);
                if said == Said::Due {
                    prop_assert!(answer.is_ok());
                    self.model.set(&[id], Said::Started);
                } else {
                    prop_assert_eq!(answer, Err(Refused::NotDue(id)));
                }
            }
            Step::Stray => {
                let answers = self.writer.commit(vec![receive(b"x".to_vec())]).unwrap();
                prop_assert_eq!(answers, [Ok(Answer::Quarantined(Reason::Unparsable))]);
                self.model.strays += 1;
            }
            Step::Kill { lost, left } => {
                let stores = self.store.left(self.disk.ops() + 1);
                let held = if *lost { Arc::default() } else { Arc::clone(&stores[usize::from(*left) % stores.len()]) };
                self.disk = self.disk.after_kill();
                self.store = Behind::new(&self.disk, &held, WAITS);
                let fs = Arc::new(self.disk.clone()) as Arc<dyn Fs>;
                self.writer = open(&fs, &self.clock, Path::new(DIR), &self.store);
                self.model.compare(&self.writer)?;
            }
            Step::Pass(ms) => self.clock.forward((*ms).into()),
            Step::Jump(ms) => self.clock.jump(*ms),
            Step::Checkpoint => self.writer.checkpoint().unwrap(),
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_answers_and_lists_as_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let mut shop = Shop::open();
        for step in &steps {
            shop.step(step)?;
        }
        shop.model.compare(&shop.writer)?;
    }
}
