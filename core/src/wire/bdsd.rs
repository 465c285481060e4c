//! `vietqr/bdsd/{code}`: a balance change (vietqr.md 5.6), with the quirks of section 11.

use super::{
    amount::amount,
    fields::{Fields, Rejected, Token},
};
use crate::{event::Reason, money::Dong, payment::TransType, time::Timestamp};

/// The most characters of `content` that are kept. Observed ones have at most 50.
const MAX_CONTENT: usize = 1000;

/// The fields that are read; each in any mix of upper and lower case, as both are sent (vietqr.md 12, row 1).
const FIELDS: &[&str] =
    &["bankAccount", "amount", "transType", "referenceNumber", "orderId", "content", "status", "timePaid"];

/// A balance change that could be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// `bankAccount`; blank is absent.
    pub bank_account: Option<String>,
    /// `amount`, positive, at most 13 digits.
    pub amount: Dong,
    /// `transType`.
    pub trans_type: TransType,
    /// `referenceNumber`; blank is absent.
    pub reference_number: Option<String>,
    /// `orderId`; blank is absent.
    pub order_id: Option<String>,
    /// `content`, its first 1000 characters; absent or blank is empty.
    pub content: String,
    /// `timePaid`, where it could be read.
    pub paid_at: Option<Timestamp>,
}

impl BalanceChange {
    /// Reads the body of a publish.
    ///
    /// # Errors
    /// [`Rejected`] names the field and what was expected. Of several faults it names one, in this order: `unparsable`,
    /// `bad_status`, `bad_trans_type`, `bad_amount`.
    pub fn parse(body: &[u8]) -> Result<BalanceChange, Rejected> {
        let fields = Fields::read(body, FIELDS)?;
        let bank_account = fields.id("bankAccount")?;
        let reference_number = fields.id("referenceNumber")?;
        let order_id = fields.id("orderId")?;
        let content = content(&fields)?;
        check_status(&fields)?;
        Ok(BalanceChange {
            trans_type: trans_type(&fields)?,
            amount: positive_amount(&fields)?,
            paid_at: paid_at(&fields),
            bank_account,
            reference_number,
            order_id,
            content,
        })
    }
}

fn content(fields: &Fields<'_>) -> Result<String, Rejected> {
    let mut content = fields.text("content")?.unwrap_or_default();
    if let Some((end, _)) = content.char_indices().nth(MAX_CONTENT) {
        content.truncate(end);
    }
    Ok(content)
}

fn check_status(fields: &Fields<'_>) -> Result<(), Rejected> {
    match fields.token("status")? {
        None | Some(Token::Number("1")) => Ok(()),
        Some(Token::Text(text)) if text == "1" || text == "SUCCESS" => Ok(()),
        Some(_) => Err(Rejected::new(Reason::BadStatus, "status: expected 1, \"1\", \"SUCCESS\" or nothing")),
    }
}

fn trans_type(fields: &Fields<'_>) -> Result<TransType, Rejected> {
    match fields.token("transType")? {
        Some(Token::Text(text)) if text == "C" => Ok(TransType::Credit),
        Some(Token::Text(text)) if text == "D" => Ok(TransType::Debit),
        _ => Err(Rejected::new(Reason::BadTransType, "transType: expected \"C\" or \"D\"")),
    }
}

fn positive_amount(fields: &Fields<'_>) -> Result<Dong, Rejected> {
    fields.token("amount")?.as_ref().and_then(amount).ok_or_else(|| {
        let expected =
            "amount: expected a positive whole number of at most 13 digits, as 25000, 25000.0, \"50000\" or \"25,000\"";
        Rejected::new(Reason::BadAmount, expected)
    })
}

/// A time that can not be read is no reason to lose money: the payment rule decides what stands for it.
fn paid_at(fields: &Fields<'_>) -> Option<Timestamp> {
    match fields.token("timePaid") {
        Ok(Some(Token::Text(text))) => Timestamp::from_vietnam_text(&text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
