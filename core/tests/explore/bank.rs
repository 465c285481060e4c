//! The other side: a provider that moves money, with every way of not saying so.

use vietqr_edge_core::provider::{LookUp, Outcome, Wire, vietqr};

/// The payment's reference.
pub const REFERENCE: &str = "FT1";

/// One movement of money back to the payer.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Movement {
    /// Which of our requests, `None` for another device's.
    pub intent: Option<usize>,
    pub amount: u64,
}

#[derive(Clone, Debug, Default, Hash)]
pub struct Bank {
    pub paid: u64,
    pub moved: Vec<Movement>,
    /// Accepted; may be executed at any later time, or never.
    pub late: Vec<Movement>,
}

/// When the provider executes what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Never,
    Now,
    Later,
}

/// What the provider does with a refund call, and what the device gets to see.
pub const SENDS: [(&str, When, Seen, bool); 19] = [
    ("honest", When::Now, Seen::Success, false),
    ("refused connection", When::Never, Seen::NotSent, true),
    ("closed before reading", When::Never, Seen::Broken, true),
    ("closed after processing", When::Now, Seen::Broken, true),
    ("closed, executed later", When::Later, Seen::Broken, true),
    ("500 before processing", When::Never, Seen::Status500, true),
    ("500 after processing", When::Now, Seen::Status500, true),
    ("500, executed later", When::Later, Seen::Status500, true),
    ("garbage before processing", When::Never, Seen::Garbage, true),
    ("garbage after processing", When::Now, Seen::Garbage, true),
    ("307 to itself", When::Never, Seen::Redirect, true),
    ("E74", When::Never, Seen::Code("E74"), true),
    ("E158, another's", When::Never, Seen::Code("E158"), true),
    ("E158, ours, executed later", When::Later, Seen::Code("E158"), true),
    ("E215 before processing", When::Never, Seen::Code("E215"), true),
    ("E215 after processing", When::Now, Seen::Code("E215"), true),
    ("E215, executed later", When::Later, Seen::Code("E215"), true),
    ("E43", When::Never, Seen::Code("E43"), true),
    ("success, executed later", When::Later, Seen::Success, true),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Success,
    NotSent,
    Broken,
    Status500,
    Garbage,
    Redirect,
    Code(&'static str),
}

/// What the device gets to see of a look-up.
pub const LOOK_UPS: [(&str, bool); 7] = [
    ("honest", false),
    ("no answer", true),
    ("E74", true),
    ("E96", true),
    ("E77", true),
    ("no figures", true),
    ("figures of before the last movement", true),
];

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

    pub fn look_up(&self, choice: usize) -> LookUp {
        vietqr::read_check_order(&self.check_order(LOOK_UPS[choice].0), REFERENCE)
    }

    fn check_order(&self, choice: &str) -> Wire {
        let failed = |code: &str| answer(400, format!(r#"{{"status":"FAILED","message":"{code}"}}"#));
        let row = |moved: &[Movement]| {
            let (count, sum) = (moved.len(), moved.iter().map(|m| m.amount).sum::<u64>());
            let paid = self.paid;
            answer(
                200,
                format!(
                    r#"[{{"referenceNumber":"{REFERENCE}","amount":{paid},"transType":"C","status":1,"type":0,"refundCount":{count},"amountRefunded":{sum}}}]"#
                ),
            )
        };
        match choice {
            "honest" => row(&self.moved),
            "no answer" => Wire::Broken { reason: "closed".into() },
            "no figures" => {
                answer(200, format!(r#"[{{"referenceNumber":"{REFERENCE}","amount":{},"status":1}}]"#, self.paid))
            }
            "figures of before the last movement" => row(&self.moved[..self.moved.len().saturating_sub(1)]),
            code => failed(code),
        }
    }
}

/// What the real code makes of what the device sees.
pub fn outcome(seen: Seen) -> Outcome {
    vietqr::read_refund(&match seen {
        Seen::Success => answer(200, r#"{"status":"SUCCESS","message":"FT2"}"#.into()),
        Seen::NotSent => Wire::NotSent { reason: "refused".into() },
        Seen::Broken => Wire::Broken { reason: "closed".into() },
        Seen::Status500 => answer(500, r#"{"status":"FAILED","message":"E43"}"#.into()),
        Seen::Garbage => answer(200, "<html>".into()),
        Seen::Redirect => answer(307, String::new()),
        Seen::Code(code) => answer(400, format!(r#"{{"status":"FAILED","message":"{code}"}}"#)),
    })
}

fn answer(status: u16, body: String) -> Wire {
    Wire::Answer { status, header: None, body: body.into_bytes() }
}
