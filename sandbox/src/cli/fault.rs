//! `fault`: what goes wrong with a provider's HTTP interface.

use super::login::Place;
use anyhow::{Context, Result};
use clap::builder::EnumValueParser;
use clap::{Args, Subcommand};
use std::io::Write;
use vietqr_edge_sandbox::provider::{self, Order, Provider};
use vietqr_edge_sandbox::qfpay::QfpayDesk;
use vietqr_edge_sandbox::vietqr::http::VietQr;
use vietqr_edge_sandbox::vnpay::VnpayDesk;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Fault {
    #[command(subcommand)]
    of: Option<Of>,
    #[command(flatten)]
    vietqr: FaultArgs<VietQr>,
}

#[derive(Subcommand)]
enum Of {
    /// Calls of VietQR's HTTP interface: the same as without a provider.
    Vietqr(FaultArgs<VietQr>),
    /// Calls of VNPAY.
    Vnpay(FaultArgs<VnpayDesk>),
    /// Calls of QFPay.
    Qfpay(FaultArgs<QfpayDesk>),
}

#[derive(Args)]
struct FaultArgs<P: Provider> {
    /// The call that goes wrong.
    #[arg(required_unless_present = "clear", value_parser = EnumValueParser::<P::Call>::new())]
    call: Option<P::Call>,
    /// What goes wrong.
    #[arg(required_unless_present = "clear", value_parser = EnumValueParser::<P::Fault>::new())]
    fault: Option<P::Fault>,
    /// So often.
    #[arg(long, default_value_t = 1, value_name = "N")]
    times: u32,
    /// Until --clear.
    #[arg(long, conflicts_with = "times")]
    always: bool,
    /// Nothing goes wrong any more.
    #[arg(long, conflicts_with_all = ["call", "fault", "times", "always"])]
    clear: bool,
    #[command(flatten)]
    place: Place,
}

impl Fault {
    pub(crate) async fn run(self) -> Result<()> {
        match self.of {
            None => self.vietqr.run().await,
            Some(Of::Vietqr(args)) => args.run().await,
            Some(Of::Vnpay(args)) => args.run().await,
            Some(Of::Qfpay(args)) => args.run().await,
        }
    }
}

impl<P: Provider> FaultArgs<P> {
    async fn run(self) -> Result<()> {
        let times = (!self.always).then_some(self.times);
        let (order, text) = if self.clear {
            (Order::<P>::ClearFaults, "Nothing goes wrong.".to_string())
        } else {
            let (call, fault) = self.call.zip(self.fault).context("expected CALL and FAULT, or --clear")?;
            let often = times.map_or("Every time".to_string(), |times| match times {
                1 => "Once".to_string(),
                n => format!("{n} times"),
            });
            (Order::Fault { call, fault, times }, format!("{often}: {call} meets {fault}"))
        };
        provider::ask(&self.place.control()?, &order).await?;
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}
