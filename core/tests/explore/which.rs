//! Which provider is explored: its real code on one side, its answers on the other.

use super::{
    bank::{Bank, Movement, Seen, Send},
    qfpay, vietqr, vnpay,
};
use vietqr_edge_core::{
    provider::{self, Call, LookUp, Looked, Moment, Outcome, Provider, Purpose, Step, Wire},
    refund::{Original, Refund},
    time::Timestamp,
};

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Which {
    VietQr,
    Vnpay,
    Qfpay,
}

impl Which {
    pub fn sends(self) -> &'static [Send] {
        match self {
            Which::VietQr => &vietqr::SENDS,
            Which::Vnpay => &vnpay::SENDS,
            Which::Qfpay => &qfpay::SENDS,
        }
    }

    /// What the device gets to see of a look-up; whether that is a fault.
    pub fn look_ups(self) -> &'static [(&'static str, bool)] {
        match self {
            Which::VietQr => &vietqr::LOOK_UPS,
            Which::Vnpay => &vnpay::LOOK_UPS,
            Which::Qfpay => &qfpay::LOOK_UPS,
        }
    }

    /// What the honest provider says to more than is left.
    pub fn exceeds(self) -> Seen {
        match self {
            Which::VietQr => Seen::Code("E45", ""),
            Which::Vnpay => Seen::Code("93", ""),
            Which::Qfpay => Seen::Code("1272", ""),
        }
    }

    /// What it says while one is under way.
    pub fn busy(self) -> Seen {
        match self {
            Which::VietQr => Seen::Code("E158", ""),
            Which::Vnpay => Seen::Code("94", "dang xu ly"),
            Which::Qfpay => Seen::Code("1205", "You still have prosessing requests"),
        }
    }

    /// It numbers its records.
    pub fn numbers(self) -> bool {
        self == Which::Vnpay
    }

    pub fn original(self, paid: u64) -> Original {
        match self {
            Which::VietQr => Original::new(
                &provider::vietqr::FORM,
                "MB",
                [("bank_account", "1234567890".into()), ("reference_number", vietqr::REFERENCE.into())],
            ),
            Which::Vnpay => Original::new(
                &provider::vnpay::FORM,
                vnpay::TMN_CODE,
                [
                    ("txn_ref", vnpay::TXN_REF.into()),
                    ("transaction_date", "20261118093000".into()),
                    ("original_amount", paid.into()),
                ],
            ),
            Which::Qfpay => Original::new(
                &provider::qfpay::FORM,
                "A",
                [("syssn", qfpay::SYSSN.into()), ("original_amount", paid.into())],
            ),
        }
    }

    fn open(self) -> Box<dyn Provider> {
        match self {
            Which::VietQr => vietqr::open(),
            Which::Vnpay => vnpay::open(),
            Which::Qfpay => qfpay::open(),
        }
    }

    fn answer(self, bank: &Bank, call: &Call, choice: &str, intent: usize) -> Wire {
        match self {
            Which::VietQr => vietqr::answer(bank, call, choice),
            Which::Vnpay => vnpay::answer(bank, call, choice),
            Which::Qfpay => qfpay::answer(bank, call, choice, intent),
        }
    }

    /// What the real code makes of a look-up.
    pub fn look_up(self, bank: &Bank, of: (usize, &Refund), purpose: Purpose, choice: usize, at: Timestamp) -> LookUp {
        let (intent, refund) = of;
        let mut provider = self.open();
        let moment = moment(at);
        let mut step = provider.look_up(refund, purpose, &moment);
        for _ in 0..20 {
            match step {
                Step::Done(Looked::Told(look_up)) => return look_up,
                Step::Done(Looked::NotReached(told) | Looked::TooOften { told, .. }) => {
                    return LookUp::Unavailable(told);
                }
                Step::Call(call) => {
                    step = provider.looked(&self.answer(bank, &call, self.look_ups()[choice].0, intent), &moment);
                }
            }
        }
        panic!("a look-up without an end");
    }

    /// The id of the next attempt.
    pub fn attempt(self, refund: &Refund, random: u64, at: Timestamp) -> String {
        self.open().attempt_id(refund, &Moment { random: u128::from(random), ..moment(at) })
    }

    /// What the real code makes of what the device sees of a refund call.
    pub fn outcome(self, refund: &Refund, attempt: &str, movement: Movement, seen: Seen, at: Timestamp) -> Outcome {
        let mut provider = self.open();
        let found = LookUp::Found { amount: 100_000, figures: None, refundable: true };
        let call = provider.refund(refund, &found, attempt, &moment(at));
        let wire = match seen {
            Seen::NotSent => Wire::NotSent { reason: "refused".into() },
            Seen::Broken => Wire::Broken { reason: "closed".into() },
            Seen::Garbage => answer(200, None, "<html>".into()),
            seen => match self {
                Which::VietQr => vietqr::told(seen),
                Which::Vnpay => vnpay::told(seen, &call.expect("a call"), movement),
                Which::Qfpay => qfpay::told(seen, &call.expect("a call"), movement),
            },
        };
        provider.read_refund(&wire, &moment(at))
    }
}

fn moment(at: Timestamp) -> Moment {
    Moment { now: at, monotonic_ms: 0, random: 1 }
}

pub fn answer(status: u16, header: Option<String>, body: String) -> Wire {
    Wire::Answer { status, header, body: body.into_bytes() }
}
