//! What VNPAY does with a call (2.13).

use super::answer::{Reply, duplicate, spoilt};
use super::books::{Books, Payment, Refund, Wanted, date};
use super::fault::{Call, Fault};
use super::fields::{Fields, QUERY_REQUEST, REFUND_REQUEST, hash};
use super::settings::{Records, Settings};
use crate::provider::{Answer, Course, Heard, Pace, Provider, Request, Shared, Statement, Timing};
use anyhow::{Result, bail};
use chrono::TimeDelta;

/// VNPAY as a provider.
pub struct VnpayDesk {
    pub(super) tmn_code: String,
    pub(super) secret: String,
    pub(super) books: Shared<Books>,
}

impl Provider for VnpayDesk {
    const NAME: &'static str = "vnpay";
    const ACCOUNT: &'static str = super::TMN_CODE;
    type Call = Call;
    type Fault = Fault;
    type Settings = Settings;
    type Payment = Payment;

    fn call_of(&self, request: &Request) -> Result<Call, u16> {
        if request.path != super::PATH {
            return Err(404);
        }
        if request.method != "POST" {
            return Err(405);
        }
        // What is no call is answered 03, as a call would be.
        Ok(match Fields::read(&request.body).as_ref().map(|fields| fields.get("vnp_Command")) {
            Some("refund") => Call::Refund,
            Some("querydr") => Call::QueryDr,
            _ => Call::Any,
        })
    }

    fn handle(&self, call: Call, request: &Request, settings: &Settings) -> Answer {
        let Some(fields) = Fields::read(&request.body) else {
            return Reply::to(&Fields::default(), "03", "Invalid data format").unsigned();
        };
        let refund = call == Call::Refund;
        let fail = |code: &str, message: &str| Reply::to(&fields, code, message);
        if call == Call::Any || !fields.are_well_formed(refund) {
            let reply = fail("03", "Invalid data format");
            let known = fields.get("vnp_TmnCode") == self.tmn_code;
            return if known { reply.signed(&self.secret) } else { reply.unsigned() };
        }
        if fields.get("vnp_TmnCode") != self.tmn_code {
            return fail("02", "Invalid TmnCode").unsigned();
        }
        let order = if refund { REFUND_REQUEST } else { QUERY_REQUEST };
        if !fields.get("vnp_SecureHash").eq_ignore_ascii_case(&hash(&self.secret, &fields.values(order))) {
            let reply = fail("97", "Invalid checksum");
            return if settings.signed_97 { reply.signed(&self.secret) } else { reply.unsigned() };
        }
        let mut books = self.books.lock();
        let txn_ref = fields.get("vnp_TxnRef");
        if books.is_duplicate(fields.get("vnp_Command"), fields.get("vnp_RequestId"), txn_ref, settings) {
            return duplicate();
        }
        let payment = books.payment(txn_ref);
        let found = payment.filter(|payment| payment.transaction_date == fields.get("vnp_TransactionDate"));
        let reply = match found {
            None => not_found(&fields),
            Some(payment) if refund => refund_of(&mut books, &payment, &fields, request, settings),
            Some(payment) => record(&mut books, &payment, &fields, settings),
        };
        reply.signed(&self.secret)
    }

    fn own_answer(&self, fault: Fault, request: &Request, right: Answer, _: &Settings) -> Answer {
        let fields = Fields::read(&request.body).unwrap_or_default();
        if fault == Fault::PaymentRecord {
            let payment = self.books.lock().payment(fields.get("vnp_TxnRef"));
            let reply = payment.map_or_else(|| not_found(&fields), |payment| of_payment(&fields, &payment));
            return reply.signed(&self.secret);
        }
        spoilt(fault, &fields, right, &self.secret)
    }

    fn heard(&self, call: Call, answer: &Answer) -> Heard {
        let of_payment =
            Fields::read(answer.body.as_bytes()).is_some_and(|fields| fields.get("vnp_TransactionType") == "01");
        if call == Call::QueryDr && of_payment { Heard::Good } else { Heard::Refused }
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
        let payment = books.payment(reference).filter(|_| account == self.tmn_code);
        let Some(payment) = payment else { bail!("{account} {reference}: no such payment") };
        if amount == 0 || amount > payment.amount - payment.refunded {
            bail!("amount: expected 1 to {}", payment.amount - payment.refunded);
        }
        let kind = if amount == payment.amount { "02" } else { "03" };
        let wanted = Wanted { amount, kind, order_info: "Hoan tien tai cong VNPAY", request: None };
        books.book(&payment, wanted, Course::new(&["00".to_string()]), TimeDelta::zero());
        Ok(())
    }

    fn statement(&self) -> Statement<Payment> {
        self.books.lock().statement(&self.tmn_code)
    }
}

fn not_found(fields: &Fields) -> Reply {
    Reply::to(fields, "91", "Transaction not found")
}

fn refund_of(books: &mut Books, payment: &Payment, fields: &Fields, request: &Request, settings: &Settings) -> Reply {
    let wanted = Wanted {
        amount: fields.dong().unwrap_or_default(),
        kind: fields.get("vnp_TransactionType"),
        order_info: fields.get("vnp_OrderInfo"),
        request: Some(String::from_utf8_lossy(&request.body).into_owned()),
    };
    match books.refund(payment, wanted, settings) {
        Ok(refund) => {
            let mut reply = Reply::to(fields, "00", "Refund success");
            tell(&mut reply, payment, &refund);
            reply
        }
        Err((code, message)) => {
            let mut reply = Reply::to(fields, &code, message);
            reply.set("vnp_BankCode", &payment.bank);
            reply.set("vnp_OrderInfo", fields.get("vnp_OrderInfo"));
            reply
        }
    }
}

/// The record that querydr tells (2.5); a step of a refund that is found is taken first.
fn record(books: &mut Books, payment: &Payment, fields: &Fields, settings: &Settings) -> Reply {
    let number = fields.get("vnp_TransactionNo").trim_start_matches('0');
    let of_this = |refund: &&mut Refund| refund.txn_ref == payment.txn_ref;
    let refund = match settings.records {
        _ if number == payment.transaction_no => None,
        Records::Payment => None,
        Records::Latest if number.is_empty() => books.refunds.iter_mut().rev().find(of_this),
        Records::ByNumber if number.is_empty() => None,
        _ => match books.refunds.iter_mut().filter(of_this).find(|refund| refund.number == number) {
            None => return not_found(fields),
            found => found,
        },
    };
    let Some(refund) = refund else { return of_payment(fields, payment) };
    if settings.pace == Pace::EachLookUp {
        refund.course.step();
    }
    let mut reply = Reply::to(fields, "00", "QueryDR Success");
    tell(&mut reply, payment, refund);
    reply
}

fn tell(reply: &mut Reply, payment: &Payment, refund: &Refund) {
    reply.set("vnp_Amount", &(refund.amount * 100).to_string());
    reply.set("vnp_BankCode", &payment.bank);
    reply.set("vnp_PayDate", &date(refund.at));
    reply.set("vnp_TransactionNo", &refund.number);
    reply.set("vnp_TransactionType", &refund.kind);
    reply.set("vnp_TransactionStatus", refund.course.now());
    reply.set("vnp_OrderInfo", &refund.order_info);
}

fn of_payment(fields: &Fields, payment: &Payment) -> Reply {
    let mut reply = Reply::to(fields, "00", "QueryDR Success");
    reply.set("vnp_Amount", &(payment.amount * 100).to_string());
    reply.set("vnp_BankCode", &payment.bank);
    reply.set("vnp_PayDate", &payment.pay_date);
    reply.set("vnp_TransactionNo", &payment.transaction_no);
    reply.set("vnp_TransactionType", "01");
    reply.set("vnp_TransactionStatus", &payment.status);
    reply.set("vnp_OrderInfo", &payment.order_info);
    if let Some((code, amount)) = &payment.promotion {
        reply.set("vnp_PromotionCode", code);
        reply.set("vnp_PromotionAmount", &(amount * 100).to_string());
    }
    reply
}
