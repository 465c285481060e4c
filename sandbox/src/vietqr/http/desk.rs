//! What VietQR does with a call, apart from the line that brought it.

use super::bank::{Bank, Payment};
use super::fault::{Call, Fault};
use super::settings::Settings;
use super::token::Tokens;
use super::{Refusal, check_order, failed, refund};
use crate::provider::{Answer, Heard, Provider, Request, Statement, Timing};
use anyhow::{Result, anyhow};
use std::sync::Arc;

/// VietQR as a provider.
pub struct VietQr {
    pub(super) username: String,
    /// The key of refund checksums.
    pub(super) secret: String,
    pub(super) tokens: Tokens,
    pub(super) bank: Bank,
}

impl Provider for VietQr {
    const NAME: &'static str = "vietqr";
    const ACCOUNT: &'static str = "1234567890";
    type Call = Call;
    type Fault = Fault;
    type Settings = Settings;
    type Payment = Payment;

    fn call_of(&self, request: &Request) -> Result<Call, u16> {
        let call = match request.path.as_str() {
            "/vqr/api/token_generate" => Call::Token,
            "/vqr/api/transactions/check-order" => Call::CheckOrder,
            "/vqr/api/transaction/refund" => Call::Refund,
            _ => return Err(404),
        };
        if request.method == "POST" { Ok(call) } else { Err(405) }
    }

    fn handle(&self, call: Call, request: &Request, settings: &Settings) -> Answer {
        let authorization = request.header("authorization");
        let answer = match call {
            Call::Token => return self.tokens.generate(authorization, settings),
            Call::CheckOrder => self
                .tokens
                .check(authorization)
                .and_then(|()| check_order::answer(&request.body, &self.username, settings, self.bank.statement())),
            Call::Refund => self.refund(request, settings),
            Call::Any => Err("E05"),
        };
        answer.unwrap_or_else(failed)
    }

    fn take_on(self: Arc<Self>, call: Call, request: Request, settings: Settings) -> Box<dyn FnOnce() + Send> {
        let taken = match call {
            Call::Refund => self.accept(&request, &settings),
            _ => Err("E05"),
        };
        Box::new(move || {
            let _ = taken.and_then(|order| self.bank.execute(&order));
        })
    }

    fn own_answer(&self, fault: Fault, _: &Request, right: Answer, _: &Settings) -> Answer {
        fault.code().map_or_else(|| check_order::without_figures(right), failed)
    }

    fn heard(&self, _: Call, answer: &Answer) -> Heard {
        match answer.status {
            200 => Heard::Good,
            _ if *answer == failed("E74") => Heard::TokenRefused,
            _ => Heard::Refused,
        }
    }

    fn timing(settings: &Settings) -> Timing {
        let Settings { answer_late, execute_late, drip, .. } = *settings;
        Timing { answer_late, execute_late, drip }
    }

    fn pay(&self, payment: Payment) -> Result<()> {
        self.bank.pay(payment);
        Ok(())
    }

    fn refund_elsewhere(&self, account: &str, reference: &str, amount: u64) -> Result<()> {
        let refused = |code| anyhow!("the bank refused: {code}");
        self.bank.refund_elsewhere(account, reference, amount).map(drop).map_err(refused)
    }

    fn statement(&self) -> Statement<Payment> {
        self.bank.statement()
    }
}

impl VietQr {
    fn accept(&self, request: &Request, settings: &Settings) -> Result<super::bank::RefundOrder, Refusal> {
        self.tokens.check(request.header("authorization"))?;
        let order = refund::read(&request.body, &self.secret, settings)?;
        self.bank.take_on(&order, settings.refund_window)?;
        Ok(order)
    }

    fn refund(&self, request: &Request, settings: &Settings) -> Result<Answer, Refusal> {
        let order = self.accept(request, settings)?;
        let reference = self.bank.execute(&order)?;
        Ok(refund::succeeded(&order, &reference, settings))
    }
}
