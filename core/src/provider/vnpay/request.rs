//! The two requests, as bytes (vnpay-qfpay.md 2.2 and 2.4). Every value is text: VNPAY's own samples disagree, and take both.

use super::{Terminal, fields, time};
use crate::{
    provider::{Call, ascii},
    time::Timestamp,
};
use hmac::Mac;
use serde::{Serialize, Serializer};

const VERSION: &str = "2.1.0";

/// How much of the payment goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Full,
    Partial,
}

impl Kind {
    /// `vnp_TransactionType`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Kind::Full => "02",
            Kind::Partial => "03",
        }
    }
}

/// What a refund is asked for with.
pub(super) struct Refund<'a> {
    pub(super) request_id: &'a str,
    pub(super) kind: Kind,
    pub(super) txn_ref: &'a str,
    /// In đồng.
    pub(super) amount: u64,
    /// Of the payment.
    pub(super) transaction_no: Option<&'a str>,
    /// `vnp_CreateDate` of the pay request, the same text.
    pub(super) transaction_date: &'a str,
    pub(super) operator: &'a str,
    pub(super) reason: &'a str,
    pub(super) now: Timestamp,
}

/// What a look-up is asked for with.
pub(super) struct Query<'a> {
    pub(super) request_id: &'a str,
    pub(super) txn_ref: &'a str,
    /// Of the record that is meant.
    pub(super) transaction_no: Option<&'a str>,
    pub(super) transaction_date: &'a str,
    pub(super) info: &'a str,
    pub(super) now: Timestamp,
}

/// An amount as it is sent: hundredths.
pub(super) fn hundredths(amount: u64) -> Option<String> {
    amount.checked_mul(100).map(|amount| amount.to_string())
}

/// `None` where the amount does not fit.
pub(super) fn refund(terminal: &Terminal, of: &Refund<'_>) -> Option<Call> {
    let mut members = vec![
        ("vnp_RequestId", of.request_id.to_owned()),
        ("vnp_Version", VERSION.to_owned()),
        ("vnp_Command", "refund".to_owned()),
        ("vnp_TmnCode", terminal.tmn_code.clone()),
        ("vnp_TransactionType", of.kind.code().to_owned()),
        ("vnp_TxnRef", of.txn_ref.to_owned()),
        ("vnp_Amount", hundredths(of.amount)?),
    ];
    // Unknown: left out of the body, hashed as empty (the form that was seen accepted).
    members.extend(of.transaction_no.map(|number| ("vnp_TransactionNo", number.to_owned())));
    members.extend([
        ("vnp_TransactionDate", of.transaction_date.to_owned()),
        ("vnp_CreateBy", ascii::plain(of.operator, 245, "vietqr edge")),
        ("vnp_CreateDate", time::text(of.now)),
        ("vnp_IpAddr", terminal.ip.clone()),
        ("vnp_OrderInfo", ascii::plain(of.reason, 255, "Hoan tien")),
    ]);
    signed(terminal, fields::REFUND, members)
}

pub(super) fn query(terminal: &Terminal, of: &Query<'_>) -> Option<Call> {
    let mut members = vec![
        ("vnp_RequestId", of.request_id.to_owned()),
        ("vnp_Version", VERSION.to_owned()),
        ("vnp_Command", "querydr".to_owned()),
        ("vnp_TmnCode", terminal.tmn_code.clone()),
        ("vnp_TxnRef", of.txn_ref.to_owned()),
        ("vnp_OrderInfo", ascii::plain(of.info, 255, "Truy van")),
    ];
    members.extend(of.transaction_no.map(|number| ("vnp_TransactionNo", number.to_owned())));
    members.extend([
        ("vnp_TransactionDate", of.transaction_date.to_owned()),
        ("vnp_CreateDate", time::text(of.now)),
        ("vnp_IpAddr", terminal.ip.clone()),
    ]);
    signed(terminal, fields::QUERY, members)
}

fn signed(terminal: &Terminal, order: &[&str], mut members: Vec<(&'static str, String)>) -> Option<Call> {
    let joined =
        fields::joined(order, |name| members.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()));
    let hash = hex::encode(fields::mac(&terminal.hash_secret, &joined).finalize().into_bytes());
    members.push(("vnp_SecureHash", hash));
    let body = serde_json::to_vec(&Members(&members)).ok()?;
    Some(Call { path: "", headers: vec![], content_type: "application/json", body, answer_header: None })
}

/// An object with its members in this order.
struct Members<'a>(&'a [(&'static str, String)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
