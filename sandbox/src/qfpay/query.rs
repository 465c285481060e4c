//! `/trade/v1/query` (3.7): the rows that are known.

use super::books::{Books, Payment, Refund, local, time};
use super::settings::{Scope, Settings};
use super::signature::Params;
use super::texts;
use crate::provider::Pace;
use chrono::{DateTime, Datelike, Utc};
use serde_json::{Value, json};

/// What is asked for.
struct Asked<'a> {
    syssn: Option<Vec<&'a str>>,
    out_trade_no: Option<Vec<&'a str>>,
    window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    now: DateTime<Utc>,
    pay_type: Option<&'a str>,
    respcd: Option<&'a str>,
    page: usize,
    page_size: usize,
}

impl<'a> Asked<'a> {
    /// Reads the parameters. The error is a `respcd`.
    fn read(params: &'a Params, settings: &Settings) -> Result<Asked<'a>, &'static str> {
        let list = |name| params.get(name).map(|text| text.split(',').collect::<Vec<_>>());
        let number = |name, default| params.get(name).map_or(Ok(default), |text| text.parse().map_err(|_| "1104"));
        let window = match (params.get("start_time"), params.get("end_time")) {
            (None, None) => None,
            (Some(_), Some(_)) => Some(params.time("start_time").zip(params.time("end_time")).ok_or("1104")?),
            _ => return Err("1103"),
        };
        let month = |at| (local(at).year(), local(at).month());
        if window.is_some_and(|(from, to)| from > to || month(from) != month(to)) {
            return Err("1104");
        }
        let asked = Asked {
            syssn: list("syssn"),
            out_trade_no: list("out_trade_no"),
            window,
            now: Utc::now() + settings.ahead,
            pay_type: params.get("pay_type"),
            respcd: params.get("respcd"),
            page: number("page", 1)?,
            page_size: number("page_size", 10)?,
        };
        if asked.syssn.is_none() && asked.out_trade_no.is_none() && window.is_none() {
            return Err("1103");
        }
        if asked.page == 0 || !(1..=100).contains(&asked.page_size) {
            return Err("1104");
        }
        Ok(asked)
    }

    /// Whether a row is asked for, its state apart.
    fn sees(&self, syssn: &str, out_trade_no: &str, pay_type: &str, at: DateTime<Utc>, scope: Scope) -> bool {
        let among = |list: &Option<Vec<&str>>, value| list.as_ref().is_none_or(|list| list.contains(&value));
        let by_number = self.syssn.is_some() || self.out_trade_no.is_some();
        let in_time = match self.window {
            _ if scope == Scope::Numbers && by_number => true,
            // sysdtm has whole seconds.
            Some((from, to)) => (from.timestamp()..=to.timestamp()).contains(&at.timestamp()),
            None => {
                let (at, now) = (local(at), local(self.now));
                (at.year(), at.month()) == (now.year(), now.month())
            }
        };
        in_time
            && among(&self.syssn, syssn)
            && among(&self.out_trade_no, out_trade_no)
            && self.pay_type.is_none_or(|asked| asked == pay_type)
    }
}

/// The answer; a step of each refund that is found is taken first. The error is a `respcd`.
pub(super) fn answer(books: &mut Books, params: &Params, settings: &Settings) -> Result<Value, &'static str> {
    let asked = Asked::read(params, settings)?;
    let payments = books.payments.iter().filter_map(|payment| books.payment(&payment.syssn)).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for payment in &payments {
        if asked.sees(&payment.syssn, &payment.out_trade_no, &payment.pay_type, payment.at, settings.scope) {
            rows.push(of_payment(payment));
        }
    }
    for refund in &mut books.refunds {
        let Some(payment) = payments.iter().find(|payment| payment.syssn == refund.origssn) else { continue };
        if !asked.sees(&refund.syssn, &refund.out_trade_no, &payment.pay_type, refund.at, settings.scope) {
            continue;
        }
        if refund.hidden_for > 0 {
            refund.hidden_for -= 1;
            continue;
        }
        if settings.pace == Pace::EachLookUp {
            refund.course.step();
        }
        rows.push(of_refund(refund, payment));
    }
    rows.retain(|row| asked.respcd.is_none_or(|respcd| row["respcd"] == respcd));
    let page = rows.into_iter().skip((asked.page - 1) * asked.page_size).take(asked.page_size);
    Ok(told(page.collect(), asked.page, asked.page_size))
}

pub(super) fn told(rows: Vec<Value>, page: usize, page_size: usize) -> Value {
    json!({"respcd": "0000", "resperr": "请求成功", "respmsg": "", "page": page, "page_size": page_size, "data": rows})
}

pub(super) fn of_payment(payment: &Payment) -> Value {
    let cancel = match payment.refunded {
        0 => "0",
        all if all == payment.amount => "3",
        _ => "5",
    };
    json!({"syssn": payment.syssn, "out_trade_no": payment.out_trade_no, "origssn": "", "order_type": "payment",
        "pay_type": payment.pay_type, "txamt": payment.amount.to_string(), "txcurrcd": payment.currency,
        "txdtm": time(payment.at), "sysdtm": time(payment.at), "paydtm": time(payment.at), "cancel": cancel,
        "respcd": payment.respcd, "errmsg": texts::of(&payment.respcd), "chnlsn": "", "cardcd": payment.card(), "udid": ""})
}

fn of_refund(refund: &Refund, payment: &Payment) -> Value {
    let respcd = refund.course.now();
    json!({"syssn": refund.syssn, "out_trade_no": refund.out_trade_no, "origssn": refund.origssn,
        "order_type": "refund", "pay_type": payment.pay_type, "txamt": refund.amount.to_string(),
        "txcurrcd": payment.currency, "txdtm": refund.txdtm, "sysdtm": time(refund.at), "paydtm": time(refund.at),
        "cancel": "0", "respcd": respcd, "errmsg": texts::of(respcd), "chnlsn": "", "cardcd": payment.card(), "udid": ""})
}
