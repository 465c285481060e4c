//! `fault`: what goes wrong with VietQR's HTTP interface.

use super::login::Place;
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use vietqr_edge_sandbox::vietqr::http::{self, Call, ControlOrder};

#[derive(Args)]
pub(crate) struct Fault {
    /// The call that goes wrong.
    #[arg(required_unless_present = "clear")]
    call: Option<Call>,
    /// What goes wrong.
    #[arg(required_unless_present = "clear")]
    fault: Option<http::Fault>,
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
        let times = (!self.always).then_some(self.times);
        let (order, text) = if self.clear {
            (ControlOrder::ClearFaults, "Nothing goes wrong.".to_string())
        } else {
            let (call, fault) = self.call.zip(self.fault).context("expected CALL and FAULT, or --clear")?;
            let often = times.map_or("Every time".to_string(), |times| format!("Next, {times} times"));
            (ControlOrder::Fault { call, fault, times }, format!("{often}: {call} meets {fault}"))
        };
        http::ask(&self.place.control()?, &order).await?;
        Ok(writeln!(std::io::stdout(), "{text}")?)
    }
}
