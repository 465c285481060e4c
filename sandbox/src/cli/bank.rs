//! `bank` and `foreign-refund`: the money, whatever anybody was told.

use super::login::Place;
use anyhow::Result;
use clap::Args;
use std::io::Write;
use vietqr_edge_sandbox::vietqr::http::{self, ControlOrder, Statement};

#[derive(Args)]
pub(crate) struct Bank {
    /// As JSON, with the request that moved the money.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(crate) struct ForeignRefund {
    /// referenceNumber of the payment.
    #[arg(long = "ref", value_name = "REF")]
    reference: String,
    /// Đồng.
    #[arg(long)]
    amount: u64,
    /// bankAccount of the payment.
    #[arg(long, default_value = "1234567890")]
    account: String,
    #[command(flatten)]
    place: Place,
}

impl Bank {
    pub(crate) async fn run(self) -> Result<()> {
        let statement = http::ask(&self.place.control()?, &ControlOrder::Bank).await?;
        if self.json {
            return Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&statement)?)?);
        }
        print(&statement)
    }
}

impl ForeignRefund {
    pub(crate) async fn run(self) -> Result<()> {
        let order =
            ControlOrder::RefundElsewhere { account: self.account, reference: self.reference, amount: self.amount };
        print(&http::ask(&self.place.control()?, &order).await?)
    }
}

fn print(statement: &Statement) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{} payments", statement.payments.len())?;
    for payment in &statement.payments {
        writeln!(
            out,
            "  {} {} {} {} refunded {} in {}",
            payment.paid_at.format("%H:%M:%SZ"),
            payment.account,
            payment.reference,
            payment.amount,
            payment.refunded,
            payment.refunds,
        )?;
    }
    writeln!(out, "{} movements", statement.movements.len())?;
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
