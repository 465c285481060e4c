//! Everything that can happen next.

use super::{
    bank::{Movement, Seen, When},
    which::Which,
    world::{Phase, World},
};
use vietqr_edge_core::{
    provider::{LookUp, Outcome, Purpose},
    refund::{Input, Person, State, Verdict, Work, deadline, decide, due},
};

/// What can happen next.
pub struct Next {
    /// The next worlds, each with a word on how it came about.
    pub worlds: Vec<(String, World)>,
    /// The device has nothing to do and waits for no time: the schedule may end here. Others may still come.
    pub end: bool,
}

/// What can happen next.
pub fn next(world: &World) -> Next {
    let mut steps = Steps { from: world, to: Vec::new(), end: false };
    match &world.phase {
        Phase::Idle => steps.idle(),
        Phase::Durable { intent, attempt } => steps.durable(*intent, attempt),
        Phase::Answered { intent, attempt, outcome } => steps.answered(*intent, attempt, outcome),
    }
    Next { worlds: steps.to, end: steps.end }
}

struct Steps<'a> {
    from: &'a World,
    to: Vec<(String, World)>,
    end: bool,
}

impl Steps<'_> {
    fn step(&mut self, word: impl Into<String>, make: impl FnOnce(&mut World)) {
        let mut world = self.from.clone();
        make(&mut world);
        self.to.push((word.into(), world));
    }

    fn misfortune(&mut self, word: impl Into<String>, make: impl FnOnce(&mut World)) {
        self.step(word, |world| {
            world.happened.misfortune = true;
            make(world);
        });
    }

    fn idle(&mut self) {
        let world = self.from;
        let asks = world.asked < world.scenario.amounts.len();
        if asks {
            self.step("ask", |world| {
                let _ = world.ask();
            });
            if world.refunds.is_empty() {
                return;
            }
        }
        self.world_outside();
        self.people();
        self.end = !self.lane() && !self.time_passes();
    }

    /// What is due now for the first refund that has something due; whether there is any.
    fn lane(&mut self) -> bool {
        let world = self.from;
        for (intent, refund) in world.refunds.iter().enumerate() {
            if deadline(refund).is_some_and(|at| world.time() >= at) {
                self.step("tick", |world| {
                    world.decide(intent, Input::Tick).expect("a tick is never refused");
                });
                return true;
            }
            let first = match due(refund, world.time()) {
                Work::LookUpFirst => true,
                Work::LookUp => false,
                Work::Wait(_) | Work::Nothing => continue,
            };
            for choice in 0..world.scenario.which.look_ups().len() {
                self.look_up(intent, first, choice);
            }
            return true;
        }
        false
    }

    fn look_up(&mut self, intent: usize, first: bool, choice: usize) {
        let which = self.from.scenario.which;
        let (word, fault) = which.look_ups()[choice];
        if fault && self.from.budget.faults == 0 {
            return;
        }
        let (refund, at) = (&self.from.refunds[intent], self.from.time());
        let purpose = if first { Purpose::Sending } else { Purpose::Outcome };
        let look_up = which.look_up(&self.from.bank, (intent, refund), purpose, choice, at);
        let attempt = which.attempt(refund, self.from.seq, at);
        self.step(format!("look-up of {intent}: {word}"), |world| {
            if fault {
                world.happened.misfortune = true;
                world.budget.faults -= 1;
                world.happened.no_figures |= word == "no figures";
                world.happened.stale |= word.starts_with("figures of before");
                // A look-up that could not be made is tried again after a pause, at most 30 seconds.
                world.now += if first { 30_000 } else { 0 };
            }
            if !first {
                world.decide(intent, Input::LookedUp(look_up)).expect("it was due");
                return;
            }
            let begin = Input::Begin { attempt: attempt.clone(), body: "{}".into(), look_up };
            if world.decide(intent, begin).expect("it was queued").sends() {
                world.phase = Phase::Durable { intent, attempt };
            }
        });
    }

    /// Whether anything waits for a time.
    fn time_passes(&mut self) -> bool {
        let world = self.from;
        let waits = world.refunds.iter().flat_map(|refund| {
            let wait = match due(refund, world.time()) {
                Work::Wait(at) => Some(at),
                _ => None,
            };
            [wait, deadline(refund)]
        });
        let Some(at) = waits.flatten().min() else { return false };
        let nobody_approves = world.refunds.iter().any(|refund| refund.state == State::AwaitingApproval);
        self.step(format!("wait until {at}"), |world| {
            world.now = at.millis();
            world.happened.misfortune |= nobody_approves;
        });
        true
    }

    /// Other devices, the provider's own pace, the power, the clock.
    fn world_outside(&mut self) {
        let world = self.from;
        self.late_execution();
        self.foreign();
        if world.budget.crashes > 0 {
            self.misfortune("restart", |world| {
                world.budget.crashes -= 1;
                world.restart();
            });
            if world.scenario.damage {
                self.misfortune("restart with a damaged journal", |world| {
                    world.budget.crashes -= 1;
                    world.happened.damage = true;
                    world.restart();
                    for intent in 0..world.refunds.len() {
                        world.decide(intent, Input::JournalDamaged).expect("damage is never refused");
                    }
                });
            }
        }
        if world.budget.jumps > 0 {
            for (word, ms) in [("25 hours later", 90_000_000), ("the clock is set back two days", -172_800_000)] {
                self.misfortune(word, |world| {
                    world.budget.jumps -= 1;
                    world.now += ms;
                });
            }
        }
    }

    fn late_execution(&mut self) {
        for n in 0..self.from.bank.late.len() {
            self.step("executed late", |world| {
                let movement = world.bank.late.remove(n);
                world.bank.moved.push(movement);
            });
            if self.from.scenario.which != Which::VietQr {
                self.step("rejected late", |world| {
                    let movement = world.bank.late.remove(n);
                    world.bank.rejected.push(movement);
                    world.happened.rejected = true;
                });
            }
        }
    }

    fn foreign(&mut self) {
        let world = self.from;
        let Some(last) = world.refunds.last() else { return };
        if world.budget.foreign == 0 {
            return;
        }
        for amount in [last.request.amount, 7_000] {
            self.misfortune(format!("another device refunds {amount}"), |world| {
                world.budget.foreign -= 1;
                world.happened.foreign = true;
                world.happened.foreign_equal |= amount != 7_000;
                let movement = world.numbered(Movement { intent: None, amount, number: 0, at: 0 });
                world.bank.moved.push(movement);
            });
        }
    }

    fn people(&mut self) {
        let manager = || Person { name: "chi".into(), manager: true };
        let requester = || Person { name: "lan".into(), manager: false };
        for (intent, refund) in self.from.refunds.iter().enumerate() {
            let spare = self.from.budget.people > 0;
            match refund.state {
                State::AwaitingApproval => {
                    let approve = Input::Approve { by: manager() };
                    // Too late is refused, and time goes on.
                    if decide(refund, approve.clone(), &self.from.facts(Some(intent))).is_ok() {
                        self.step("approve", |world| {
                            world.decide(intent, approve).expect("it was asked before");
                        });
                    }
                }
                State::Review if spare && !self.under_way(intent) => {
                    self.misfortune("a person looks at the bank's statement", |world| {
                        world.budget.people -= 1;
                        world.happened.person = true;
                        let moved = world.bank.moved.iter().any(|movement| movement.intent == Some(intent));
                        let verdict = if moved { Verdict::Succeeded } else { Verdict::Failed };
                        let resolve = Input::Resolve { verdict, by: manager(), reason: "statement".into() };
                        world.decide(intent, resolve).expect("it was in review");
                    });
                }
                _ => {}
            }
            if spare && matches!(refund.state, State::AwaitingApproval | State::Queued) {
                self.misfortune("cancel", |world| {
                    world.budget.people -= 1;
                    let cancel = Input::Cancel { by: requester(), reason: "x".into() };
                    world.decide(intent, cancel).expect("it was not sent");
                });
            }
        }
    }

    fn under_way(&self, intent: usize) -> bool {
        self.from.bank.late.iter().any(|movement| movement.intent == Some(intent))
    }

    fn durable(&mut self, intent: usize, attempt: &str) {
        self.foreign();
        self.late_execution();
        self.not_any_more(intent);
        let world = self.from;
        if world.budget.crashes > 0 {
            self.misfortune("restart before a byte left", |world| {
                world.budget.crashes -= 1;
                world.restart();
            });
        }
        let movement = world.movement(intent);
        // The honest provider refuses what exceeds the payment, and says so when one is under way.
        let exceeds = world.bank.total() + movement.amount > world.bank.paid;
        let which = world.scenario.which;
        for (word, when, seen, fault) in which.sends().iter().copied() {
            // That a refund explains it is QFPay's own rule (vnpay-qfpay.md 3.11): then it is not this one.
            let explained = word == "1264, ours" && world.sums.count > 0;
            if fault && world.budget.faults == 0 || explained {
                continue;
            }
            let (when, seen) = if !fault && exceeds { (When::Never, which.exceeds()) } else { (when, seen) };
            self.send(intent, attempt, word, when, seen, fault);
        }
        if !world.bank.late.is_empty() {
            self.send(intent, attempt, "honest, one is under way", When::Never, which.busy(), false);
        }
    }

    fn send(&mut self, intent: usize, attempt: &str, word: &str, when: When, seen: Seen, fault: bool) {
        let movement = self.from.movement(intent);
        self.step(format!("sent {intent}: {word}"), |world| {
            world.happened.misfortune |= fault;
            world.budget.faults -= u8::from(fault);
            let movement = if when == When::Never { movement } else { world.numbered(movement) };
            world.bank.refund(movement, when);
            let at = world.time();
            let outcome = world.scenario.which.outcome(&world.refunds[intent], attempt, movement, seen, at);
            world.happened.late |= when == When::Later;
            world.happened.e74 |= seen == Seen::Code("E74", "");
            world.happened.e158 |= seen == Seen::Code("E158", "");
            world.phase = Phase::Answered { intent, attempt: attempt.to_owned(), outcome };
        });
    }

    fn answered(&mut self, intent: usize, attempt: &str, outcome: &Outcome) {
        self.foreign();
        if self.from.budget.crashes > 0 {
            self.misfortune("restart before the outcome is durable", |world| {
                world.budget.crashes -= 1;
                world.restart();
            });
        }
        self.not_any_more(intent);
        self.step("outcome recorded", |world| {
            world.phase = Phase::Idle;
            let sent = Input::Sent { attempt: attempt.to_owned(), outcome: outcome.clone(), answer: None };
            world.decide(intent, sent).expect("it was sending");
            world.happened.unknown |= matches!(world.refunds[intent].state, State::Unknown | State::Pending);
        });
    }

    /// Once `sending` is durable nothing and no one takes it back, and it can not begin again.
    fn not_any_more(&self, intent: usize) {
        let person = || Person { name: "chi".into(), manager: true };
        let look_up = LookUp::Found { amount: 100_000, figures: None, refundable: true };
        for input in [
            Input::Cancel { by: person(), reason: "x".into() },
            Input::Begin { attempt: "b".into(), body: "{}".into(), look_up },
            Input::Resolve { verdict: Verdict::Failed, by: person(), reason: "x".into() },
        ] {
            assert!(decide(&self.from.refunds[intent], input, &self.from.facts(Some(intent))).is_err());
        }
    }
}
