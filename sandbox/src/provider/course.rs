//! How a refund that was accepted goes on. Its steps are taken by look-ups or by hand, never by the clock, so that a test knows
//! what is next.

/// When the next step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each look-up that finds the refund takes a step, and tells what comes of it.
    EachLookUp,
    /// Only when told to.
    ByHand,
}

/// The states of a refund, one after the other; the last one stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    steps: Vec<String>,
    at: usize,
}

impl Course {
    pub(crate) fn new(steps: &[String]) -> Course {
        Course { steps: steps.to_vec(), at: 0 }
    }

    /// The present state.
    pub fn now(&self) -> &str {
        self.steps.get(self.at).map_or("", String::as_str)
    }

    /// The last state.
    pub fn end(&self) -> &str {
        self.steps.last().map_or("", String::as_str)
    }

    pub(crate) fn step(&mut self) {
        self.at = self.steps.len().saturating_sub(1).min(self.at + 1);
    }
}
