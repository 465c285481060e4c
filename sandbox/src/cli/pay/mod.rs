//! `pay`: payments as VietQR tells of them; and payments at VNPAY and QFPay, which tell nobody.

mod elsewhere;

use super::login::Login;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::io::Write;
use vietqr_edge_sandbox::provider::{self, Order};
use vietqr_edge_sandbox::vietqr::http::VietQr;
use vietqr_edge_sandbox::vietqr::{Bdsd, Cloud, Fault, Publish, Quirk};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Pay {
    #[command(subcommand)]
    of: Option<Of>,
    #[command(flatten)]
    vietqr: PayVietqr,
}

#[derive(Subcommand)]
enum Of {
    /// Make a payment at VNPAY, and print what a refund of it names.
    Vnpay(elsewhere::Vnpay),
    /// Make a payment at QFPay, and print what a refund of it names.
    Qfpay(elsewhere::Qfpay),
}

impl Pay {
    pub(crate) async fn run(self) -> Result<()> {
        match self.of {
            Some(Of::Vnpay(pay)) => pay.run().await,
            Some(Of::Qfpay(pay)) => pay.run().await,
            None => self.vietqr.run().await,
        }
    }
}

#[derive(Args)]
struct PayVietqr {
    /// Đồng.
    #[arg(long, required = true)]
    amount: Option<u64>,
    /// The terminal whose topic tells of it.
    #[arg(long, default_value = "VVB123456")]
    terminal: String,
    /// bankAccount.
    #[arg(long, default_value = "1234567890")]
    account: String,
    /// referenceNumber [default: a new one for each payment].
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// orderId.
    #[arg(long)]
    order: Option<String>,
    /// content.
    #[arg(long)]
    content: Option<String>,
    /// Paid this many seconds ago.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    late: u32,
    /// A form that the message takes; may be given more than once.
    #[arg(long = "quirk", value_name = "QUIRK")]
    quirks: Vec<Quirk>,
    /// What goes wrong.
    #[arg(long)]
    fault: Option<Fault>,
    /// How many payments, one after the other.
    #[arg(long, default_value_t = 1)]
    times: u32,
    #[command(flatten)]
    login: Login,
}

impl PayVietqr {
    async fn run(self) -> Result<()> {
        let cloud = Cloud::connect_with(self.login.options()?).await?;
        let control = self.login.control()?;
        let mut out = std::io::stdout();
        for _ in 0..self.times {
            let bdsd = self.bdsd()?;
            let payments = self.fault.map_or_else(|| bdsd.payments(), |fault| fault.payments(&bdsd));
            if let Some(socket) = &control {
                // First: the money is at the bank before anybody is told.
                provider::ask(socket, &Order::<VietQr>::Pay(payments)).await?;
            }
            let publishes = self.fault.map_or_else(|| vec![Publish::from(&bdsd)], |fault| fault.publishes(&bdsd));
            for publish in publishes {
                let body = String::from_utf8_lossy(&publish.body);
                let shown = body.chars().take(400).collect::<String>();
                let line = format!("{} {} bytes {shown}", publish.topic, publish.body.len());
                cloud.publish(publish).await?;
                writeln!(out, "{line}")?;
            }
        }
        cloud.close().await;
        Ok(())
    }

    fn bdsd(&self) -> Result<Bdsd> {
        let mut bdsd = Bdsd::credit(self.amount.context("expected --amount")?)
            .terminal(&self.terminal)
            .account(&self.account)
            .late(self.late);
        if let Some(reference) = &self.reference {
            bdsd = bdsd.reference(reference);
        }
        if let Some(order) = &self.order {
            bdsd = bdsd.order(order);
        }
        if let Some(content) = &self.content {
            bdsd = bdsd.content(content);
        }
        Ok(self.quirks.iter().fold(bdsd, |bdsd, quirk| bdsd.quirk(*quirk)))
    }
}
