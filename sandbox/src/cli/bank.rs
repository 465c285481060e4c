//! `bank` and `foreign-refund`: the money, whatever anybody was told.

use super::login::Place;
use anyhow::Result;
use clap::{Args, ValueEnum};
use std::fmt::Display;
use std::io::Write;
use vietqr_edge_sandbox::provider::{self, Order, Provider, Statement};
use vietqr_edge_sandbox::qfpay::QfpayDesk;
use vietqr_edge_sandbox::vietqr::http::VietQr;
use vietqr_edge_sandbox::vnpay::VnpayDesk;

/// A provider.
#[derive(Clone, Copy, ValueEnum)]
enum Name {
    /// the bank behind VietQR
    Vietqr,
    /// VNPAY
    Vnpay,
    /// QFPay
    Qfpay,
}

#[derive(Args)]
pub(crate) struct Bank {
    /// Whose books.
    #[arg(default_value = "vietqr")]
    provider: Name,
    /// As JSON, with the request that moved the money.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(crate) struct ForeignRefund {
    /// Who gives the money back.
    #[arg(default_value = "vietqr")]
    provider: Name,
    /// The payment: its referenceNumber (vietqr), vnp_TxnRef (vnpay) or syssn (qfpay).
    #[arg(long = "ref", value_name = "REF")]
    reference: String,
    /// Đồng; with qfpay the currency's minor units.
    #[arg(long)]
    amount: u64,
    /// Whose it is: the bankAccount (vietqr), terminal code (vnpay) or app code (qfpay) [default: the sandbox's].
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl Bank {
    pub(crate) async fn run(self) -> Result<()> {
        match self.provider {
            Name::Vietqr => self.of::<VietQr>().await,
            Name::Vnpay => self.of::<VnpayDesk>().await,
            Name::Qfpay => self.of::<QfpayDesk>().await,
        }
    }

    async fn of<P: Provider>(self) -> Result<()> {
        let statement = provider::ask::<P>(&self.place.control()?, &Order::Statement).await?;
        if self.json {
            return Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&statement)?)?);
        }
        print(&statement)
    }
}

impl ForeignRefund {
    pub(crate) async fn run(self) -> Result<()> {
        match self.provider {
            Name::Vietqr => self.of::<VietQr>().await,
            Name::Vnpay => self.of::<VnpayDesk>().await,
            Name::Qfpay => self.of::<QfpayDesk>().await,
        }
    }

    async fn of<P: Provider>(self) -> Result<()> {
        let account = self.account.unwrap_or_else(|| P::ACCOUNT.to_string());
        let order = Order::<P>::RefundElsewhere { account, reference: self.reference, amount: self.amount };
        print(&provider::ask(&self.place.control()?, &order).await?)
    }
}

fn print<T: Display>(statement: &Statement<T>) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "payments: {}", statement.payments.len())?;
    for payment in &statement.payments {
        writeln!(out, "  {payment}")?;
    }
    writeln!(out, "movements: {}", statement.movements.len())?;
    for movement in &statement.movements {
        writeln!(
            out,
            "  {} {} {} {} by {} {}",
            movement.at.format("%H:%M:%S%.3fZ"),
            movement.account,
            movement.reference,
            movement.amount,
            movement.refund,
            if movement.request.is_some() { "over the interface" } else { "made elsewhere" },
        )?;
    }
    Ok(())
}
