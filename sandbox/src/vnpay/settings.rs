//! What can be set while the interface serves.

use crate::provider::Pace;
use chrono::TimeDelta;
use clap::ValueEnum;
use std::time::Duration;

/// When a request is a duplicate. The documents say two things and a third was seen (2.8, 2.13): a client must survive all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Duplicates {
    /// the same vnp_RequestId on the same day (GMT+7)
    Day,
    /// the same vnp_RequestId within the window
    Id,
    /// the same command for the same vnp_TxnRef within the window, whatever the vnp_RequestId
    Transaction,
}

/// Which record querydr tells of a payment that has refunds. No document says it (2.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Records {
    /// the last refund, unless vnp_TransactionNo names the payment or another refund
    Latest,
    /// a refund where vnp_TransactionNo names it, else the payment
    ByNumber,
    /// the payment, always
    Payment,
}

/// How the interface behaves. The default is as VNPAY's documents and its sandbox have it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When a request is a duplicate.
    pub duplicates: Duplicates,
    /// The window of [`Duplicates::Id`] and [`Duplicates::Transaction`].
    pub window: TimeDelta,
    /// Whether 97 (wrong hash) is signed.
    pub signed_97: bool,
    /// So many refunds a payment, then 94 (2.8: one); those that were rejected do not count.
    pub refund_limit: usize,
    /// The code for every amount that does not fit; none: 93, 04 and 02 by the older table of 2.6.
    pub amount_code: Option<String>,
    /// `vnp_TransactionStatus` of a new refund, step by step; the first one is in the answer to `refund`.
    pub course: Vec<String>,
    /// Who takes the steps.
    pub pace: Pace,
    /// What querydr tells.
    pub records: Records,
    /// How far VNPAY's clock is ahead of this machine's.
    pub ahead: TimeDelta,
    /// When the answer comes with [`super::Fault::AnswerLate`].
    pub answer_late: Duration,
    /// When a call is processed with [`super::Fault::ExecuteLate`], after the connection is closed.
    pub execute_late: Duration,
    /// The pause before each byte with [`super::Fault::SlowBody`].
    pub drip: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            duplicates: Duplicates::Day,
            window: TimeDelta::minutes(5),
            signed_97: false,
            refund_limit: 1,
            amount_code: None,
            course: ["05", "06", "00"].map(String::from).to_vec(),
            pace: Pace::EachLookUp,
            records: Records::Latest,
            ahead: TimeDelta::zero(),
            answer_late: Duration::from_secs(30),
            execute_late: Duration::from_secs(2),
            drip: Duration::from_millis(500),
        }
    }
}
