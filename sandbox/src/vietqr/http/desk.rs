//! What VietQR does with a call, apart from the line that brought it.

use super::bank::Bank;
use super::fault::{Call, Does};
use super::handled::Log;
use super::settings::Settings;
use super::switchboard::Faults;
use super::token::Tokens;
use super::wire::{Answer, Refusal, Request};
use super::{check_order, refund};
use std::sync::{Mutex, PoisonError};

pub(super) struct Desk {
    pub(super) username: String,
    /// The key of refund checksums.
    pub(super) secret: String,
    pub(super) tokens: Tokens,
    pub(super) bank: Bank,
    pub(super) faults: Faults,
    pub(super) settings: Mutex<Settings>,
    pub(super) log: Log,
}

impl Desk {
    pub(super) fn settings(&self) -> Settings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The answer to a call that is processed as `does` says.
    pub(super) fn handle(&self, call: Call, request: &Request, does: Does) -> Answer {
        let settings = self.settings();
        let answer = match call {
            _ if does == Does::Nothing => Ok(Answer::ok(String::new())),
            Call::Token => return self.tokens.generate(request.authorization.as_deref(), &settings),
            Call::CheckOrder => self
                .tokens
                .check(request.authorization.as_deref())
                .and_then(|()| check_order::answer(&request.body, &self.username, &settings, self.bank.statement())),
            Call::Refund => self.refund(request, does, &settings),
            Call::Any => Err("E05"),
        };
        answer.unwrap_or_else(Answer::failed)
    }

    fn refund(&self, request: &Request, does: Does, settings: &Settings) -> Result<Answer, Refusal> {
        self.tokens.check(request.authorization.as_deref())?;
        let order = refund::read(&request.body, &self.secret, settings)?;
        self.bank.take_on(&order, settings.refund_window)?;
        if does == Does::Late {
            let (bank, late) = (self.bank.clone(), settings.execute_late);
            // It outlives the connection: that is the point.
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                let _ = bank.execute(&order);
            });
            return Ok(Answer::ok(String::new()));
        }
        let reference = self.bank.execute(&order)?;
        Ok(refund::succeeded(&order, &reference, settings))
    }
}
