//! Payments at VNPAY and QFPay: a device hears of them only when it refunds them.

use crate::cli::login::Place;
use anyhow::{Context, Result};
use chrono::Utc;
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;
use vietqr_edge_sandbox::provider::{self, Order, Provider};
use vietqr_edge_sandbox::qfpay::{self, Kind, QfpayDesk};
use vietqr_edge_sandbox::vnpay::{self, VnpayDesk};

#[derive(Args)]
pub(super) struct Vnpay {
    /// Đồng.
    #[arg(long)]
    amount: u64,
    /// vnp_TxnRef [default: a new one].
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// vnp_TransactionStatus of the payment.
    #[arg(long, default_value = "00")]
    status: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(super) struct Qfpay {
    /// Minor units of the currency: 100 are 1.00.
    #[arg(long)]
    amount: u64,
    /// out_trade_no [default: a new one].
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// txcurrcd.
    #[arg(long, default_value = "HKD")]
    currency: String,
    /// respcd of the payment.
    #[arg(long, default_value = "0000")]
    respcd: String,
    /// Paid by card: on the same day only all of it can be refunded.
    #[arg(long)]
    card: bool,
    /// Only all of it can be refunded.
    #[arg(long, conflicts_with = "card")]
    whole_only: bool,
    #[command(flatten)]
    place: Place,
}

impl Vnpay {
    pub(super) async fn run(self) -> Result<()> {
        let reference = self.reference.unwrap_or_else(fresh_reference);
        let payment = vnpay::Payment { status: self.status, ..vnpay::Payment::new(&reference, self.amount) };
        let is_it = |booked: &vnpay::Payment| booked.txn_ref == reference;
        let booked = book::<VnpayDesk>(&self.place, payment, is_it).await?;
        tell(json!({"provider": "vnpay", "txn_ref": booked.txn_ref, "transaction_date": booked.transaction_date,
            "transaction_no": booked.transaction_no, "original_amount": booked.amount}))
    }
}

impl Qfpay {
    pub(super) async fn run(self) -> Result<()> {
        let reference = self.reference.unwrap_or_else(fresh_reference);
        let kind = match (self.card, self.whole_only) {
            (true, _) => Kind::Card,
            (_, true) => Kind::WholeOnly,
            _ => Kind::Wallet,
        };
        let payment = qfpay::Payment {
            currency: self.currency,
            respcd: self.respcd,
            kind,
            ..qfpay::Payment::new(&reference, self.amount)
        };
        let is_it = |booked: &qfpay::Payment| booked.out_trade_no == reference;
        let booked = book::<QfpayDesk>(&self.place, payment, is_it).await?;
        tell(json!({"provider": "qfpay", "syssn": booked.syssn, "original_amount": booked.amount,
            "currency": booked.currency}))
    }
}

/// A reference that no other payment has.
fn fresh_reference() -> String {
    format!("HD{}", Utc::now().format("%Y%m%d%H%M%S%3f"))
}

async fn book<P: Provider>(
    place: &Place,
    payment: P::Payment,
    is_it: impl Fn(&P::Payment) -> bool,
) -> Result<P::Payment> {
    let statement = provider::ask(&place.control()?, &Order::<P>::Pay(vec![payment])).await?;
    statement.payments.into_iter().rev().find(is_it).context("the sandbox did not book the payment")
}

/// The members of a refund request that name the payment.
fn tell(members: Value) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{members}")?)
}
