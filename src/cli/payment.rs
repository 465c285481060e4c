//! `payment ID`: one payment with its trace.

use super::{
    client::Client,
    failure::Failure,
    payments::{refunded, signed},
    socket::Target,
    table, trace,
};
use crate::http::Payment as Resource;
use std::{
    io::{self, Write},
    path::Path,
};
use vietqr_edge_core::{mask, payment::PaymentId};

/// Show one payment with its trace
#[derive(Debug, clap::Args)]
pub(super) struct Payment {
    #[command(flatten)]
    target: Target,
    /// Its id, as p123
    #[arg(value_name = "ID")]
    id: PaymentId,
    /// For programs; the whole account
    #[arg(long)]
    json: bool,
}

impl Payment {
    /// Writes it.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        let text = client.text(&format!("/v1/payments/{}", self.id)).await?;
        if self.json {
            writeln!(out, "{text}")?;
            return Ok(());
        }
        write(out, &serde_json::from_str(&text).map_err(Failure::failed)?)?;
        Ok(())
    }
}

fn write(out: &mut dyn Write, payment: &Resource) -> io::Result<()> {
    let or_none = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), |text| table::plain(text, 60));
    let flags: Vec<String> = payment.flags.iter().map(table::name).collect();
    let repeats = match payment.repeats {
        0 => "once".to_owned(),
        n => format!("{} times, booked once", n.saturating_add(1)),
    };
    let lines = [
        ("payment", payment.id.to_string()),
        ("amount", signed(payment)),
        ("account", mask::account(&payment.bank_account)),
        ("terminal", table::plain(&payment.terminal, 60)),
        ("reference", or_none(&payment.reference_number)),
        ("order", or_none(&payment.order_id)),
        ("content", table::plain(&payment.content, 200)),
        ("source", table::name(&payment.source)),
        ("notified", repeats),
        ("refunded", refunded(payment)),
        ("flags", if flags.is_empty() { "-".to_owned() } else { flags.join(", ") }),
    ];
    for (name, value) in lines {
        writeln!(out, "{name:<10} {value}")?;
    }
    writeln!(out)?;
    trace::write(out, &payment.trace)
}
