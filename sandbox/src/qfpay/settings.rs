//! What can be set while the interface serves.

use crate::provider::Pace;
use chrono::TimeDelta;
use clap::ValueEnum;
use std::time::Duration;

/// Which rows an enquiry sees. The documents contradict each other (3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// those of the time window, by default the current month, whatever else is asked
    Month,
    /// all where numbers are asked for, else those of the time window
    Numbers,
}

/// How answers are signed (3.4; open: 3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AnswerSignature {
    /// with MD5, always
    Md5,
    /// with the hash of the request
    AsAsked,
    /// not at all
    Never,
}

/// How the interface behaves. The default is as QFPay's documents have it; it takes refunds at every hour and of every age, so
/// that a test does not depend on its time.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `mchid`, where one was issued: it must be in every request then, and in none otherwise.
    pub mchid: Option<String>,
    /// The code for a payment that is not known: 1136, or 1268.
    pub unknown_code: String,
    /// The code for a payment that is refunded in full: 1264, 1125 or 1262.
    pub refunded_code: String,
    /// The code for a payment with a refund under way (3.10: its text was seen, the code was not recorded); none: allowed.
    pub overlap_code: Option<String>,
    /// Whether refunds are refused from 23:30 to 00:30 UTC+8 by QFPay's clock (1265).
    pub night: bool,
    /// How old a payment may be; none: any age.
    pub max_age: Option<TimeDelta>,
    /// The code for one that is older: 1265 with a text about the period, 1250 or 1297.
    pub too_old_code: String,
    /// The day's unsettled takings, in minor units (1269); none: enough.
    pub balance: Option<u64>,
    /// `respcd` of a new refund, step by step; the first one is in the answer to `refund`. A code of failure there leaves a
    /// row with it.
    pub course: Vec<String>,
    /// Who takes the steps.
    pub pace: Pace,
    /// So many enquiries do not see the row of a new refund yet.
    pub hidden_for: u32,
    /// Which rows an enquiry sees.
    pub scope: Scope,
    /// How answers are signed.
    pub answer_signature: AnswerSignature,
    /// Calls a second, then 429.
    pub per_second: usize,
    /// Calls a minute, then 429.
    pub per_minute: usize,
    /// How far QFPay's clock is ahead of this machine's.
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
            mchid: None,
            unknown_code: "1136".to_string(),
            refunded_code: "1264".to_string(),
            overlap_code: Some("1155".to_string()),
            night: false,
            max_age: None,
            too_old_code: "1265".to_string(),
            balance: None,
            course: vec!["0000".to_string()],
            pace: Pace::EachLookUp,
            hidden_for: 0,
            scope: Scope::Month,
            answer_signature: AnswerSignature::Md5,
            per_second: 100,
            per_minute: 400,
            ahead: TimeDelta::zero(),
            answer_late: Duration::from_secs(30),
            execute_late: Duration::from_secs(2),
            drip: Duration::from_millis(500),
        }
    }
}
