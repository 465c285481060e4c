//! What can be set while the interface serves.

use clap::ValueEnum;
use std::time::Duration;

/// What VietQR has agreed with the partner about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the partner's, and payments to it may be refunded.
    MayRefund,
    /// Refunds are not allowed (E42).
    NoPermission,
    /// The partner has no merchant registration for it (E104).
    NoMerchant,
}

/// A form of answer that was seen or that a document shows, beside the plain one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HttpQuirk {
    /// check-order: every value is a string, as on one page
    TextFigures,
    /// check-order: an object in place of an array of one
    ObjectAnswer,
    /// check-order: refunds are listed too, as transactions of type 6
    RefundsListed,
    /// refund: the message of a success is the payment's reference, not the refund's
    OriginalReference,
    /// refund: a wrong checkSum is E41, as on older servers
    OldChecksumCode,
    /// token: expires_in is "300"
    TextExpiry,
    /// token: expires_in is 0
    ZeroExpiry,
    /// token: expires_in is 59, as in the oldest guide
    ShortExpiry,
    /// token: no expires_in
    NoExpiry,
}

/// How the interface behaves. The default is as VietQR's documents have it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a token is good.
    pub token_life: Duration,
    /// How long a payment answers E158 after a refund of it was taken on (section 8: about 30 s).
    pub refund_window: Duration,
    /// When the answer comes with [`super::Fault::AnswerLate`].
    pub answer_late: Duration,
    /// When a call is processed with [`super::Fault::ExecuteLate`] and [`super::Fault::E215Late`], after the connection is closed.
    pub execute_late: Duration,
    /// The pause before each byte with [`super::Fault::SlowBody`].
    pub drip: Duration,
    /// The partner's accounts. Any other is E77.
    pub accounts: Vec<(String, Standing)>,
    /// Forms of the answers.
    pub quirks: Vec<HttpQuirk>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            token_life: Duration::from_secs(300),
            refund_window: Duration::from_secs(30),
            answer_late: Duration::from_secs(30),
            execute_late: Duration::from_secs(2),
            drip: Duration::from_millis(500),
            accounts: vec![("1234567890".to_string(), Standing::MayRefund)],
            quirks: Vec::new(),
        }
    }
}

impl Settings {
    pub(super) fn has(&self, quirk: HttpQuirk) -> bool {
        self.quirks.contains(&quirk)
    }

    pub(super) fn standing(&self, account: &str) -> Option<Standing> {
        self.accounts.iter().find(|(number, _)| number == account).map(|(_, standing)| *standing)
    }
}
