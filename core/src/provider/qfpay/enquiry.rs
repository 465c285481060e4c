//! The enquiry (vnpay-qfpay.md 3.7, 3.12): of the payment by its `syssn`, of our refund by its `out_trade_no`, one month at a time.

use super::{
    Merchant, RowClass, answer,
    answer::Trust,
    row_class,
    sign::{self, Params},
    time::Month,
};
use crate::{
    provider::{Call, LookUp, Looked, Own, REFERENCE_MAX, Told, Wire, name},
    wire::fields::Fields,
};
use serde_json::value::RawValue;

const OUTER: &[&str] = &["respcd", "resperr", "respmsg", "data"];
const ROW: &[&str] = &[
    "syssn",
    "out_trade_no",
    "origssn",
    "orig_syssn",
    "order_type",
    "txamt",
    "txcurrcd",
    "respcd",
    "errmsg",
    "cancel",
];

/// The most rows of an answer.
const PAGE: &str = "100";

/// Whom an enquiry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Our refund.
    Refund,
    /// The payment.
    Payment,
}

/// One enquiry of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enquiry {
    pub(super) about: About,
    /// Without one QFPay looks in the month that it is.
    pub(super) month: Option<Month>,
}

/// What the rows are compared with.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) out_trade_no: String,
    /// Of the payment.
    pub(super) syssn: String,
    /// Of our refund, in minor units of `currency`.
    pub(super) amount: u64,
    pub(super) currency: String,
}

pub(super) fn call(merchant: &Merchant, enquiry: &Enquiry, asked: &Asked) -> Call {
    let mut params: Params = vec![match enquiry.about {
        About::Refund => ("out_trade_no", asked.out_trade_no.clone()),
        About::Payment => ("syssn", asked.syssn.clone()),
    }];
    if let Some(month) = &enquiry.month {
        params.extend([("start_time", month.start.clone()), ("end_time", month.end.clone())]);
    }
    params.extend([("page", "1".to_owned()), ("page_size", PAGE.to_owned())]);
    sign::call(merchant, "/trade/v1/query", params)
}

/// What one enquiry came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The look-up ends with this.
    Told(Looked),
    /// No row of it in this month.
    Nothing,
}

/// Also what people should hear.
pub(super) fn read(merchant: &Merchant, wire: &Wire, about: About, asked: &Asked) -> (Read, Option<String>) {
    let unavailable = |told| (Read::Told(Looked::Told(LookUp::Unavailable(told))), None);
    let (status, header, body) = match wire {
        Wire::NotSent { reason } => return (Read::Told(Looked::NotReached(Told::with("not_sent", reason))), None),
        Wire::Broken { reason } => return unavailable(Told::with("no_answer", reason)),
        Wire::Answer { status, header, body } => (*status, header.as_deref(), body),
    };
    if status == 429 {
        // It counts every call of the merchant: all wait.
        return (Read::Told(Looked::NotReached(Told::code("http_429"))), None);
    }
    if !matches!(status, 200..=299) {
        return unavailable(Told::code(format!("http_{status}")));
    }
    let remark = match answer::trust(merchant, header, body) {
        Trust::Yes => None,
        Trust::Despite(remark) => Some(remark),
        Trust::No(told) => return unavailable(told),
    };
    match outer(body, about, asked) {
        Some(read) => (read, remark),
        None => unavailable(Told::code("unreadable")),
    }
}

fn outer(body: &[u8], about: About, asked: &Asked) -> Option<Read> {
    let fields = Fields::read(body, OUTER).ok()?;
    let code = answer::code(&fields)?;
    if code != "0000" {
        let words = |name| Some(answer::text(&fields, name)?.unwrap_or_default());
        let told = Told::with(code, format!("{} {}", words("respmsg")?, words("resperr")?).trim());
        return Some(told_of(LookUp::Unavailable(told)));
    }
    let rows: Vec<&RawValue> = match fields.raw("data") {
        None | Some("null") => Vec::new(),
        Some(raw) => serde_json::from_str(raw).ok()?,
    };
    let rows: Option<Vec<Row>> = rows.into_iter().map(|raw| Row::read(raw.get())).collect();
    let rows = rows?;
    match about {
        About::Refund => Some(refund(&rows, asked)),
        About::Payment => Some(payment(&rows, asked)),
    }
}

struct Row {
    syssn: Option<String>,
    out_trade_no: Option<String>,
    origssn: Option<String>,
    order_type: Option<String>,
    amount: Option<u64>,
    currency: Option<String>,
    code: String,
    words: String,
    cancel: Option<String>,
}

impl Row {
    fn read(raw: &str) -> Option<Row> {
        let fields = Fields::read(raw.as_bytes(), ROW).ok()?;
        let text = |name| answer::text(&fields, name);
        Some(Row {
            syssn: text("syssn")?,
            out_trade_no: text("out_trade_no")?,
            origssn: text("origssn")?.or(text("orig_syssn")?),
            order_type: text("order_type")?,
            amount: answer::amount(&fields)?,
            currency: text("txcurrcd")?,
            code: answer::code(&fields)?,
            words: text("errmsg")?.unwrap_or_default(),
            cancel: text("cancel")?,
        })
    }
}

/// The row of our refund. A row of our number that is another's, or two that differ, tell nothing.
fn refund(rows: &[Row], asked: &Asked) -> Read {
    let mut found: Option<LookUp> = None;
    for row in rows.iter().filter(|row| row.out_trade_no.as_deref() == Some(&asked.out_trade_no)) {
        let other_payment = row.origssn.as_deref().is_some_and(|origin| origin != asked.syssn);
        let other_currency = row.currency.as_deref().is_some_and(|currency| currency != asked.currency);
        let is_refund = row.order_type.as_deref() == Some("refund");
        if !is_refund || other_payment || other_currency || row.amount != Some(asked.amount) {
            let words = "a row of our out_trade_no is of another payment, amount or type";
            return told_of(LookUp::Unavailable(Told::with("row_mismatch", words)));
        }
        let told = Told::with(&row.code, &row.words);
        let state = match row_class(&row.code, &row.words) {
            RowClass::Succeeded => LookUp::Own(Own::Succeeded {
                reference: row.syssn.as_deref().map(|number| name(number, REFERENCE_MAX)),
            }),
            RowClass::Pending => LookUp::Own(Own::Pending),
            RowClass::Failed => LookUp::Own(Own::Rejected(told)),
            RowClass::Unknown => LookUp::Unavailable(told),
        };
        match &found {
            Some(first) if !alike(first, &state) => {
                let words = "two rows of our out_trade_no differ";
                return told_of(LookUp::Unavailable(Told::with("row_mismatch", words)));
            }
            Some(_) => {}
            None => found = Some(state),
        }
    }
    found.map_or(Read::Nothing, told_of)
}

/// Two rows that say the same of our refund.
fn alike(a: &LookUp, b: &LookUp) -> bool {
    match (a, b) {
        (LookUp::Own(a), LookUp::Own(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// The row of the payment. `cancel`: 1, 2 and 3 mean that it was taken back whole; 5, in part.
fn payment(rows: &[Row], asked: &Asked) -> Read {
    let is_payment = |row: &&Row| row.order_type.as_deref().is_none_or(|kind| kind == "payment");
    let ours = |row: &&Row| row.syssn.as_deref() == Some(&asked.syssn);
    let Some(row) = rows.iter().find(|row| ours(row) && is_payment(row)) else { return Read::Nothing };
    if let Some(currency) = row.currency.as_deref().filter(|currency| *currency != asked.currency) {
        let words = format!("the payment is in {}", currency.chars().take(8).collect::<String>());
        return told_of(LookUp::Refused(Told::with("wrong_currency", &words)));
    }
    let Some(amount) = row.amount else {
        return told_of(LookUp::Unavailable(Told::with(&row.code, "a payment without an amount")));
    };
    let taken_back = matches!(row.cancel.as_deref(), Some("1" | "2" | "3"));
    told_of(LookUp::Found { amount, figures: None, refundable: row.code == "0000" && !taken_back })
}

fn told_of(look_up: LookUp) -> Read {
    Read::Told(Looked::Told(look_up))
}
