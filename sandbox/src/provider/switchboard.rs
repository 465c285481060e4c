//! Which call meets which fault.
//!
//! A connection shows its call only after it was accepted. So a reset before TLS and one after its handshake strike the
//! connection that is expected to bring their call, by the order in which a client must go: a token first, if the provider has
//! them; then the call that needed it, or a look-up; after a payment was found a refund; after a refund a look-up. Whoever
//! wants no guess arms them for any call.

use super::Heard;
use super::fault::{Call, Fault, Role};
use anyhow::{Result, bail};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The switchboard. What was armed first strikes first; then the mix draws.
pub struct Faults<F: Fault>(Mutex<Board<F>>);

struct Board<F: Fault> {
    armed: Vec<Armed<F>>,
    mix: Option<Mix>,
    expected: Role,
    after_token: Role,
}

struct Armed<F: Fault> {
    call: F::Call,
    fault: F,
    /// None: always.
    left: Option<u32>,
}

struct Mix {
    state: u64,
    per_mille: u64,
}

/// What was decided for a connection when it came.
#[derive(Clone, Copy)]
pub(super) struct Fate<F> {
    /// Strikes now.
    pub(super) now: Option<F>,
    drawn: Option<F>,
}

impl<F: Fault> Faults<F> {
    pub(super) fn new() -> Faults<F> {
        let has_tokens = <F::Call as clap::ValueEnum>::value_variants().iter().any(|call| call.role() == Role::Token);
        let expected = if has_tokens { Role::Token } else { Role::LookUp };
        Faults(Mutex::new(Board { armed: Vec::new(), mix: None, expected, after_token: Role::LookUp }))
    }

    /// The next `times` calls meet the fault.
    ///
    /// # Errors
    /// Where the fault does not suit the call.
    pub fn times(&self, call: F::Call, fault: F, times: u32) -> Result<()> {
        self.arm(call, fault, Some(times))
    }

    /// Every call meets the fault, until [`Faults::clear`].
    ///
    /// # Errors
    /// Where the fault does not suit the call.
    pub fn always(&self, call: F::Call, fault: F) -> Result<()> {
        self.arm(call, fault, None)
    }

    /// From now on a call meets a fault with a chance of `per_mille` in 1000, drawn among all that suit it. One seed and one
    /// order of calls give the same faults.
    pub fn mix(&self, seed: u64, per_mille: u32) {
        self.board().mix = Some(Mix { state: seed, per_mille: u64::from(per_mille) });
    }

    /// Disarms everything, the mix too.
    pub fn clear(&self) {
        let mut board = self.board();
        board.armed.clear();
        board.mix = None;
    }

    /// How many strikes are still to come; those that are always armed count as one.
    pub fn armed(&self) -> u32 {
        self.board().armed.iter().map(|armed| armed.left.unwrap_or(1)).sum()
    }

    fn arm(&self, call: F::Call, fault: F, left: Option<u32>) -> Result<()> {
        if !fault.suits(call) {
            let all = F::value_variants().iter().filter(|fault| fault.suits(call));
            let all = all.map(ToString::to_string).collect::<Vec<_>>().join(", ");
            bail!("fault: {fault} does not suit {call}; expected one of {all}");
        }
        if left != Some(0) {
            self.board().armed.push(Armed { call, fault, left });
        }
        Ok(())
    }

    /// A connection has come.
    pub(super) fn at_connection(&self) -> Fate<F> {
        let mut board = self.board();
        let drawn = board.mix.as_mut().and_then(Mix::draw::<F>);
        let expected = board.expected;
        let now =
            board.strike(|call| call.role() == expected, true).or(drawn.filter(|fault| fault.is_of_the_connection()));
        Fate { now, drawn }
    }

    /// The connection's call is known.
    pub(super) fn at_call(&self, call: F::Call, fate: Fate<F>) -> Option<F> {
        let drawn = fate.drawn.filter(|fault| !fault.is_of_the_connection() && fault.suits(call));
        self.board().strike(|armed| armed == call, false).or(drawn)
    }

    /// A call was answered.
    pub(super) fn answered(&self, call: F::Call, heard: Heard) {
        let mut board = self.board();
        board.expected = match (call.role(), heard) {
            (role, Heard::TokenRefused) => {
                board.after_token = role;
                Role::Token
            }
            (Role::Token, Heard::Good) => std::mem::replace(&mut board.after_token, Role::LookUp),
            (Role::LookUp, Heard::Good) => Role::Refund,
            (Role::Token, Heard::Refused) => Role::Token,
            _ => Role::LookUp,
        };
    }

    fn board(&self) -> MutexGuard<'_, Board<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Fault> Board<F> {
    /// `meant` tells the call that is here from others.
    fn strike(&mut self, meant: impl Fn(F::Call) -> bool, connection: bool) -> Option<F> {
        let here = <F::Call as clap::ValueEnum>::value_variants().iter().copied().find(|call| meant(*call))?;
        let i = self.armed.iter().position(|armed| {
            let meant = armed.call == here || armed.call.role() == Role::Any;
            meant && armed.fault.suits(here) && armed.fault.is_of_the_connection() == connection
        })?;
        let armed = self.armed.get_mut(i)?;
        let fault = armed.fault;
        match &mut armed.left {
            Some(1) => drop(self.armed.remove(i)),
            Some(left) => *left -= 1,
            None => {}
        }
        Some(fault)
    }
}

impl Mix {
    fn draw<F: Fault>(&mut self) -> Option<F> {
        let struck = self.next() % 1000 < self.per_mille;
        let all = F::value_variants();
        let i = usize::try_from(self.next() % all.len() as u64).ok()?;
        all.get(i).copied().filter(|_| struck)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vietqr::http::{Call, Fault};

    fn call(faults: &Faults<Fault>, call: Call) -> Option<Fault> {
        let fate = faults.at_connection();
        fate.now.or_else(|| faults.at_call(call, fate))
    }

    #[test]
    fn a_fault_strikes_its_call_as_often_as_it_was_armed_and_in_order() {
        let faults = Faults::<Fault>::new();
        faults.times(Call::Refund, Fault::ReadAndClose, 2).unwrap();
        faults.times(Call::Refund, Fault::E158, 1).unwrap();
        assert_eq!(call(&faults, Call::CheckOrder), None);
        let struck = (0..4).map(|_| call(&faults, Call::Refund)).collect::<Vec<_>>();
        assert_eq!(struck, [Some(Fault::ReadAndClose), Some(Fault::ReadAndClose), Some(Fault::E158), None]);
    }

    #[test]
    fn a_refused_connection_is_the_one_that_would_bring_the_call() {
        let faults = Faults::<Fault>::new();
        faults.times(Call::Refund, Fault::Refuse, 1).unwrap();
        let steps = [(Heard::Good, Call::Token), (Heard::Refused, Call::CheckOrder), (Heard::Good, Call::CheckOrder)];
        for (heard, step) in steps {
            assert_eq!(call(&faults, step), None);
            faults.answered(step, heard);
        }
        assert_eq!(call(&faults, Call::Refund), Some(Fault::Refuse));
        assert_eq!(call(&faults, Call::Refund), None);
    }

    #[test]
    fn after_a_refused_token_the_call_that_met_it_comes_again() {
        let faults = Faults::<Fault>::new();
        faults.always(Call::Refund, Fault::CloseBeforeReading).unwrap();
        faults.answered(Call::Refund, Heard::TokenRefused);
        assert_eq!(call(&faults, Call::Token), None);
        faults.answered(Call::Token, Heard::Good);
        assert_eq!(call(&faults, Call::Refund), Some(Fault::CloseBeforeReading));
    }

    #[test]
    fn a_fault_that_a_call_cannot_have_is_refused_with_those_it_can() {
        let error = Faults::<Fault>::new().times(Call::Token, Fault::NoFigures, 1).unwrap_err().to_string();
        assert!(error.contains("no-figures") && error.contains("500-before") && !error.contains("e158"), "{error}");
    }

    #[test]
    fn one_seed_draws_one_mix_and_only_what_suits() {
        let run = |seed| {
            let faults = Faults::<Fault>::new();
            faults.mix(seed, 500);
            (0..400).map(|_| call(&faults, Call::Token)).collect::<Vec<_>>()
        };
        let first = run(7);
        assert_eq!(first, run(7));
        assert_ne!(first, run(8));
        assert!(first.iter().flatten().all(|fault| fault.suits(Call::Token)));
        let struck = first.iter().flatten().count();
        assert!((80..320).contains(&struck), "{struck}");
    }
}
