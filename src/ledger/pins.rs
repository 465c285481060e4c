//! Wrong PINs, decided: the rule is core's ([`lockout`]).

use super::{
    command::Answer,
    decide::{Decision, Draft},
    index::IndexError,
    reader::Reader,
    state::pins,
    view::ReadError,
};
use vietqr_edge_core::{
    event::{Event, Note, OperatorLocked},
    lockout::{HOUR_MAX, Lock, WRONG_MAX, Wait, Who},
    time::Timestamp,
};

impl Draft<'_> {
    pub(super) fn pin_wrong(
        &mut self,
        who: Who,
        operator: Option<String>,
        caller: String,
    ) -> Result<Decision, IndexError> {
        for lock in self.state.lockouts()?.wrong(who, self.at) {
            let (operator, caller, wrong, pause_ms) = match lock {
                Lock::Pair(ms) => (operator.clone(), Some(caller.clone()), WRONG_MAX, ms),
                Lock::Device(ms) => (None, None, HOUR_MAX as u32, ms),
            };
            let until = self.at.plus_millis(pause_ms);
            self.event(Event::OperatorLocked(OperatorLocked { operator, caller, wrong, pause_ms, until }))?;
        }
        self.note(Note::PinWrong { who, operator, caller })?;
        Ok(self.recorded())
    }

    pub(super) fn pin_right(&mut self, who: Who) -> Result<Decision, IndexError> {
        if self.state.lockouts()?.pairs.contains_key(&who) {
            self.note(Note::PinRight { who })?;
        }
        Ok(self.recorded())
    }

    pub(super) fn pins_set_back(&mut self) -> Result<Decision, IndexError> {
        let before = self.state.lockouts()?;
        let mut after = before.clone();
        after.set_back(self.at);
        if after != before {
            self.note(Note::PinsSetBack {})?;
        }
        Ok(self.recorded())
    }

    fn recorded(&self) -> Decision {
        Decision::Answer(Answer::Recorded(self.last()))
    }
}

impl Reader {
    /// Whether a PIN of this operator at this caller is not to be checked now.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pin_wait(&self, who: Who, now: Timestamp) -> Result<Option<Wait>, ReadError> {
        Ok(pins::wait(self.index(), who, now)?)
    }

    /// Whether there were wrong ones since the last right one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pin_row(&self, who: Who) -> Result<bool, ReadError> {
        Ok(self.index().get(&super::index::keys::tries(who))?.is_some())
    }
}
