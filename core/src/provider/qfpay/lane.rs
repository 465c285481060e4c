//! QFPay as a lane drives it: an enquiry for each month in which a row can lie.

use super::{
    Merchant,
    enquiry::{self, About, Enquiry, Read},
    refund, time,
};
use crate::{
    provider::{Call, LookUp, Looked, Moment, Outcome, Provider, Purpose, Step, Told, Wire},
    refund::Refund,
};

/// QFPay with its merchant.
#[derive(Debug)]
pub struct Qfpay {
    merchant: Merchant,
    looking: Option<Looking>,
    sent: Option<refund::Asked>,
    remark: Option<String>,
}

/// A look-up under way.
#[derive(Debug)]
struct Looking {
    asked: enquiry::Asked,
    purpose: Purpose,
    /// Still to be made, the next one last.
    todo: Vec<Enquiry>,
    /// Under way.
    now: About,
}

impl Qfpay {
    /// QFPay as this merchant.
    pub fn new(merchant: Merchant) -> Qfpay {
        Qfpay { merchant, looking: None, sent: None, remark: None }
    }

    fn ask(&mut self) -> Step {
        let Some(looking) = &mut self.looking else { return told(LookUp::Unavailable(Told::code("not_asked"))) };
        match looking.todo.pop() {
            Some(next) => {
                looking.now = next.about;
                Step::Call(enquiry::call(&self.merchant, &next, &looking.asked))
            }
            None => match looking.purpose {
                Purpose::Sending => told(LookUp::NotFound),
                // Absence is no evidence.
                Purpose::Outcome => told(LookUp::Unavailable(Told::with("no_row", "no row of our out_trade_no"))),
            },
        }
    }
}

impl Provider for Qfpay {
    fn name(&self) -> &'static str {
        super::FORM.name
    }

    fn dated(&self) -> bool {
        true
    }

    /// The same for every attempt: QFPay refuses a number that was used.
    fn attempt_id(&self, of: &Refund, at: &Moment) -> String {
        of.attempt().map_or_else(|| format!("{:032x}", at.random), |attempt| attempt.id.clone())
    }

    fn look_up(&mut self, of: &Refund, purpose: Purpose, _at: &Moment) -> Step {
        let Some(syssn) = of.request.original.optional("syssn") else {
            return told(LookUp::Unavailable(Told::code("not_asked")));
        };
        let mut todo = Vec::new();
        // Before a further attempt too: an earlier one that was said not to be executed may have a row.
        if purpose == Purpose::Outcome || of.reached {
            for month in of.attempts.iter().rev().flat_map(|attempt| time::months(attempt.sent_at)) {
                let enquiry = Enquiry { about: About::Refund, month: Some(month) };
                if !todo.contains(&enquiry) {
                    todo.push(enquiry);
                }
            }
        }
        if purpose == Purpose::Sending {
            let months = time::months_of(syssn).map_or(vec![None], |months| months.into_iter().map(Some).collect());
            todo.extend(months.into_iter().map(|month| Enquiry { about: About::Payment, month }));
        }
        todo.reverse();
        let asked = enquiry::Asked {
            out_trade_no: of.attempt().map(|attempt| attempt.id.clone()).unwrap_or_default(),
            syssn: syssn.to_owned(),
            amount: of.request.amount,
            currency: of.request.currency.clone(),
        };
        self.looking = Some(Looking { asked, purpose, todo, now: About::Payment });
        self.ask()
    }

    fn looked(&mut self, wire: &Wire, _at: &Moment) -> Step {
        let Some(looking) = &self.looking else { return told(LookUp::Unavailable(Told::code("not_asked"))) };
        let (read, remark) = enquiry::read(&self.merchant, wire, looking.now, &looking.asked);
        self.remark = remark;
        match read {
            Read::Told(looked) => {
                if let Looked::Told(LookUp::Unavailable(told)) = &looked
                    && told.code == "row_mismatch"
                {
                    self.remark = told.message.clone();
                }
                Step::Done(looked)
            }
            Read::Nothing => self.ask(),
        }
    }

    fn refund(&mut self, of: &Refund, _look_up: &LookUp, attempt: &str, _at: &Moment) -> Option<Call> {
        let syssn = of.request.original.optional("syssn")?;
        let asked = refund::Asked {
            out_trade_no: attempt.to_owned(),
            syssn: syssn.to_owned(),
            amount: of.request.amount,
            currency: of.request.currency.clone(),
        };
        let call = refund::call(&self.merchant, &asked, of.created_at);
        self.sent = Some(asked);
        Some(call)
    }

    fn read_refund(&mut self, wire: &Wire, at: &Moment) -> Outcome {
        let Some(asked) = self.sent.take() else { return Outcome::Unknown(Told::code("not_asked")) };
        let (outcome, remark) = refund::read(&self.merchant, wire, &asked, at.now);
        self.remark = remark;
        outcome
    }

    fn remark(&mut self) -> Option<String> {
        self.remark.take()
    }
}

fn told(look_up: LookUp) -> Step {
    Step::Done(Looked::Told(look_up))
}
