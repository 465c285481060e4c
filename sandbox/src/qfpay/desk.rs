//! What QFPay does with a call (3.13).

use super::books::{Books, Payment, Refund, Refusal, Wanted, time};
use super::fault::{Call, Fault};
use super::query;
use super::settings::{AnswerSignature, Settings};
use super::signature::{Params, SignType, python};
use super::spoil::spoilt;
use super::texts;
use crate::provider::{Answer, Course, Heard, Provider, Request, Shared, Statement, Timing};
use anyhow::{Result, bail};
use chrono::Utc;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// QFPay as a provider.
pub struct QfpayDesk {
    pub(super) app_code: String,
    pub(super) client_key: String,
    pub(super) books: Shared<Books>,
    /// When the calls of the last minute came.
    pub(super) calls: Mutex<VecDeque<Instant>>,
}

/// A refusal without a row: its `respcd`.
type Code = &'static str;

impl Provider for QfpayDesk {
    const NAME: &'static str = "qfpay";
    const ACCOUNT: &'static str = super::APP_CODE;
    type Call = Call;
    type Fault = Fault;
    type Settings = Settings;
    type Payment = Payment;

    fn call_of(&self, request: &Request) -> Result<Call, u16> {
        let call = match request.path.as_str() {
            "/trade/v1/refund" => Call::Refund,
            "/trade/v1/query" => Call::Query,
            _ => return Err(404),
        };
        if request.method == "POST" { Ok(call) } else { Err(405) }
    }

    fn handle(&self, call: Call, request: &Request, settings: &Settings) -> Answer {
        if self.too_many(settings) {
            return Answer::of(429, String::new());
        }
        let params = Params::read(&request.body).unwrap_or_default();
        let refused = |code: Code| refusal(&params, code, &texts::of(code), "");
        let body = match self.known(request, &params, settings) {
            Err(code) => refused(code),
            Ok(()) if call == Call::Refund => self.refund(request, &params, settings).unwrap_or_else(refused),
            Ok(()) => query::answer(&mut self.books.lock(), &params, settings).unwrap_or_else(refused),
        };
        self.signed(&body, request, settings)
    }

    fn own_answer(&self, fault: Fault, request: &Request, right: Answer, settings: &Settings) -> Answer {
        let params = Params::read(&request.body).unwrap_or_default();
        let told = |code, text: &str| self.signed(&refusal(&params, code, text, ""), request, settings);
        match fault {
            Fault::TooMany => Answer::of(429, String::new()),
            Fault::Slow1298Before | Fault::Slow1298After => told("1298", &texts::of("1298")),
            Fault::Store1251 => told("1251", &texts::of("1251")),
            Fault::EmptyData => self.signed(&query::told(Vec::new(), 1, 10), request, settings),
            Fault::NoSignature => Answer { headers: Vec::new(), ..right },
            Fault::WrongSignature => Answer { headers: vec![("X-QF-SIGN", "0".repeat(32))], ..right },
            _ => {
                let Ok(body) = serde_json::from_str(&right.body) else { return right };
                self.signed(&spoilt(fault, body, &self.books.lock()), request, settings)
            }
        }
    }

    fn heard(&self, call: Call, answer: &Answer) -> Heard {
        let body = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
        let rows = body["data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let of_payment = rows.iter().any(|row| row["order_type"] == "payment");
        if call == Call::Query && of_payment { Heard::Good } else { Heard::Refused }
    }

    fn timing(settings: &Settings) -> Timing {
        let Settings { answer_late, execute_late, drip, .. } = *settings;
        Timing { answer_late, execute_late, drip }
    }

    fn pay(&self, payment: Payment) -> Result<()> {
        self.books.lock().pay(payment);
        Ok(())
    }

    fn refund_elsewhere(&self, account: &str, reference: &str, amount: u64) -> Result<()> {
        let mut books = self.books.lock();
        let payment = books.payment(reference).filter(|_| account == self.app_code);
        let Some(payment) = payment else { bail!("{account} {reference}: no such payment") };
        let rest = payment.amount.saturating_sub(payment.refunded);
        if amount == 0 || amount > rest {
            bail!("amount: expected 1 to {rest}");
        }
        let now = Utc::now();
        let number = format!("portal{}", books.refunds.len() + 1);
        let wanted = Wanted { out_trade_no: &number, amount, txdtm: &time(now), request: None };
        books.book(&payment, wanted, Course::new(&["0000".to_string()]), now, 0);
        Ok(())
    }

    fn statement(&self) -> Statement<Payment> {
        self.books.lock().statement(&self.app_code)
    }
}

impl QfpayDesk {
    /// Whether this call is one too many (3.1).
    fn too_many(&self, settings: &Settings) -> bool {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while calls.front().is_some_and(|call| now - *call >= Duration::from_secs(60)) {
            calls.pop_front();
        }
        let this_second = calls.iter().rev().take_while(|call| now - **call < Duration::from_secs(1)).count();
        let too_many = this_second >= settings.per_second || calls.len() >= settings.per_minute;
        if !too_many {
            calls.push_back(now);
        }
        too_many
    }

    /// Whether the caller is known and signed what it sent.
    fn known(&self, request: &Request, params: &Params, settings: &Settings) -> Result<(), Code> {
        let sign_type = SignType::of(request.header("x-qf-signtype")).ok_or("1108")?;
        let sign = request.header("x-qf-sign").unwrap_or_default();
        let right = sign_type.sign(&params.signed_text(), &self.client_key);
        if request.header("x-qf-appcode") != Some(&self.app_code) || !sign.eq_ignore_ascii_case(&right) {
            return Err("1108");
        }
        match (&settings.mchid, params.get("mchid")) {
            (None, None) => Ok(()),
            (Some(_), None) => Err("1104"),
            (issued, sent) if issued.as_deref() == sent => Ok(()),
            _ => Err("1108"),
        }
    }

    fn refund(&self, request: &Request, params: &Params, settings: &Settings) -> Result<Value, Code> {
        // Missing, then malformed (3.5).
        let [syssn, out_trade_no, txamt, txdtm] =
            ["syssn", "out_trade_no", "txamt", "txdtm"].map(|name| params.get(name));
        let (syssn, out_trade_no) = (syssn.ok_or("1103")?, out_trade_no.ok_or("1103")?);
        let (txamt, txdtm) = (txamt.ok_or("1103")?, txdtm.ok_or("1103")?);
        let is = |text: &str, allowed: fn(u8) -> bool| (1..=128).contains(&text.len()) && text.bytes().all(allowed);
        let amount = txamt.parse::<u64>().ok().filter(|amount| *amount > 0 && is(txamt, |byte| byte.is_ascii_digit()));
        let well_formed = is(syssn, |byte| byte.is_ascii_alphanumeric())
            && is(out_trade_no, |byte| byte.is_ascii_alphanumeric() || b"_|*".contains(&byte))
            && params.time("txdtm").is_some()
            && params.get("udid").is_none_or(|udid| (1..=40).contains(&udid.chars().count()));
        let amount = amount.filter(|_| well_formed && txamt.len() <= 11).ok_or("1104")?;
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let wanted = Wanted { out_trade_no, amount, txdtm, request: Some(body) };
        let mut books = self.books.lock();
        let done = books.refund(syssn, wanted, settings);
        let currency = books.payment(syssn).map(|payment| payment.currency).unwrap_or_default();
        Ok(match done {
            Ok((payment, refund)) => accepted(&payment, &refund),
            Err(no) => refusal_of(params, &no, &currency),
        })
    }

    fn signed(&self, body: &Value, request: &Request, settings: &Settings) -> Answer {
        let body = python(body);
        let sign_type = match settings.answer_signature {
            AnswerSignature::Never => return Answer::ok(body),
            AnswerSignature::Md5 => SignType::Md5,
            AnswerSignature::AsAsked => SignType::of(request.header("x-qf-signtype")).unwrap_or(SignType::Md5),
        };
        let sign = sign_type.sign(&body, &self.client_key);
        Answer { headers: vec![("X-QF-SIGN", sign)], ..Answer::ok(body) }
    }
}

/// A refusal before there is a row: without `syssn` (3.6).
fn refusal(params: &Params, respcd: &str, resperr: &str, respmsg: &str) -> Value {
    let mut body = json!({"respcd": respcd, "resperr": resperr, "respmsg": respmsg});
    for (from, to) in [("syssn", "orig_syssn"), ("out_trade_no", "out_trade_no")] {
        if let Some(value) = params.get(from) {
            body[to] = json!(value);
        }
    }
    body
}

fn refusal_of(params: &Params, no: &Refusal, currency: &str) -> Value {
    let mut body = refusal(params, &no.respcd, &no.resperr(), no.respmsg);
    if !currency.is_empty() {
        body["txcurrcd"] = json!(currency);
    }
    body
}

fn accepted(payment: &Payment, refund: &Refund) -> Value {
    let respcd = refund.course.now();
    let void = payment.kind == super::Kind::Card && time(payment.at).get(..10) == time(refund.at).get(..10);
    json!({"orig_syssn": payment.syssn, "sysdtm": time(refund.at), "paydtm": time(refund.at), "txdtm": refund.txdtm,
        "udid": "", "txcurrcd": payment.currency, "txamt": refund.amount.to_string(), "resperr": texts::of(respcd),
        "respmsg": if void { "Void received" } else { "" }, "out_trade_no": refund.out_trade_no,
        "syssn": refund.syssn, "respcd": respcd, "chnlsn": "", "cardcd": payment.card()})
}
