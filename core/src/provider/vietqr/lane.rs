//! VietQR as a lane drives it: the token is got, kept, and replaced once where it is not taken.

use super::{Token, check_order, read_check_order, read_refund, read_token, refund, token};
use crate::{
    provider::{Call, LookUp, Looked, Moment, Outcome, Provider, Purpose, Step, Told, Wire},
    refund::Refund,
};

/// VietQR's login and the state of its lane. It holds secrets and has no debug output.
pub struct VietQr {
    username: String,
    password: String,
    refund_secret: Vec<u8>,
    token: Option<Held>,
    asked: Option<Asked>,
}

/// A token, and when it is to be renewed on the monotonic clock.
struct Held {
    token: Token,
    until_ms: u64,
}

/// A look-up under way.
struct Asked {
    account: String,
    reference: String,
    /// A token is asked for, since this time.
    for_token: Option<u64>,
    /// The token was replaced.
    replaced: bool,
}

impl VietQr {
    /// VietQR with this login and the key of refund checksums.
    pub fn new(username: String, password: String, refund_secret: Vec<u8>) -> VietQr {
        VietQr { username, password, refund_secret, token: None, asked: None }
    }

    /// The next call of the look-up under way.
    fn ask(&mut self, at: &Moment) -> Step {
        let Some(asked) = &mut self.asked else { return nothing_asked() };
        match self.token.as_ref().filter(|held| at.monotonic_ms < held.until_ms) {
            Some(held) => {
                asked.for_token = None;
                Step::Call(check_order(&asked.account, &asked.reference, &self.username, &held.token))
            }
            None => {
                asked.for_token = Some(at.monotonic_ms);
                Step::Call(token(&self.username, &self.password))
            }
        }
    }
}

impl Provider for VietQr {
    fn name(&self) -> &'static str {
        super::FORM.name
    }

    fn look_up(&mut self, refund: &Refund, _purpose: Purpose, at: &Moment) -> Step {
        let Some((account, reference)) = refund.request.original.in_ledger() else { return nothing_asked() };
        let (account, reference) = (account.to_owned(), reference.to_owned());
        self.asked = Some(Asked { account, reference, for_token: None, replaced: false });
        self.ask(at)
    }

    fn looked(&mut self, wire: &Wire, at: &Moment) -> Step {
        let Some(asked) = &mut self.asked else { return nothing_asked() };
        if let Some(since_ms) = asked.for_token {
            return match read_token(wire) {
                Ok(token) => {
                    let until_ms = since_ms.saturating_add(token.renew_after_s.saturating_mul(1000));
                    // Also one that lasts no time at all is good for the call that it was got for.
                    let until_ms = until_ms.max(at.monotonic_ms.saturating_add(1));
                    self.token = Some(Held { token, until_ms });
                    self.ask(at)
                }
                Err(told) => Step::Done(Looked::NotReached(told)),
            };
        }
        match read_check_order(wire, &asked.reference) {
            LookUp::TokenRefused => {
                self.token = None;
                if asked.replaced {
                    return Step::Done(Looked::Told(LookUp::TokenRefused));
                }
                asked.replaced = true;
                self.ask(at)
            }
            LookUp::Unavailable(told) if told.code == "not_sent" => Step::Done(Looked::NotReached(told)),
            look_up => Step::Done(Looked::Told(look_up)),
        }
    }

    fn refund(&mut self, of: &Refund, look_up: &LookUp, _attempt: &str, _at: &Moment) -> Option<Call> {
        let figures = match look_up {
            LookUp::Found { figures, .. } => *figures,
            _ => None,
        };
        refund(&of.request, figures, &self.refund_secret, &self.token.as_ref()?.token)
    }

    fn read_refund(&mut self, wire: &Wire, _at: &Moment) -> Outcome {
        let outcome = read_refund(wire);
        if matches!(outcome, Outcome::TokenRefused(_)) {
            self.token = None;
        }
        outcome
    }
}

fn nothing_asked() -> Step {
    Step::Done(Looked::Told(LookUp::Unavailable(Told::code("not_asked"))))
}
