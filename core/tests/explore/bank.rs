//! The other side: a provider that moves money, with every way of not saying so.

/// One movement of money back to the payer.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Movement {
    /// Which of our requests, `None` for another device's.
    pub intent: Option<usize>,
    pub amount: u64,
    /// The provider's number of it and the time of its record, where it has them.
    pub number: u8,
    pub at: i64,
}

#[derive(Clone, Debug, Default, Hash)]
pub struct Bank {
    pub paid: u64,
    pub moved: Vec<Movement>,
    /// Accepted; may be executed at any later time, or never.
    pub late: Vec<Movement>,
    /// Accepted and rejected later.
    pub rejected: Vec<Movement>,
    /// VNPAY: without a number it tells the newest refund, not the payment.
    pub tells_refunds: bool,
    /// The last number given.
    pub numbers: u8,
}

/// When the provider executes what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Never,
    Now,
    Later,
}

/// What the device gets to see of a refund call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Success,
    /// Accepted, not finished.
    Pending,
    NotSent,
    Broken,
    Status(u16),
    Garbage,
    /// A code with its words.
    Code(&'static str, &'static str),
    /// The same without a signature.
    Unsigned(&'static str, &'static str),
    /// A success with a wrong signature.
    Forged,
}

/// What the provider does with a refund call, and what the device gets to see; whether that is a fault.
pub type Send = (&'static str, When, Seen, bool);

impl Bank {
    /// The honest provider refuses what exceeds the payment; the one that does its worst does not.
    pub fn refund(&mut self, movement: Movement, when: When) {
        match when {
            When::Never => {}
            When::Now => self.moved.push(movement),
            When::Later => self.late.push(movement),
        }
    }

    pub fn total(&self) -> u64 {
        self.moved.iter().map(|movement| movement.amount).sum()
    }

    /// Of our own requests, executed or to be executed.
    pub fn ours(&self) -> impl Iterator<Item = &Movement> {
        self.moved.iter().chain(&self.late).filter(|movement| movement.intent.is_some())
    }

    /// Every record with its state: done, under way, rejected.
    pub fn records(&self) -> impl Iterator<Item = (&Movement, State)> {
        let done = self.moved.iter().map(|movement| (movement, State::Done));
        let late = self.late.iter().map(|movement| (movement, State::UnderWay));
        done.chain(late).chain(self.rejected.iter().map(|movement| (movement, State::Rejected)))
    }
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Done,
    UnderWay,
    Rejected,
}
