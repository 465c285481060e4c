//! `trace REF`: the way of a payment through the device.

use super::{
    client::{Client, encoded},
    failure::Failure,
    payments::{List, signed},
    socket::Target,
    table,
};
use crate::http;
use std::{
    io::{self, Write},
    path::Path,
};
use vietqr_edge_core::{mask, payment::PaymentId};

/// Show the way of a payment through the device
#[derive(Debug, clap::Args)]
pub(super) struct Trace {
    #[command(flatten)]
    target: Target,
    /// The bank's reference (FT26…), or a payment's id (p123)
    #[arg(value_name = "REF")]
    reference: String,
    /// For programs: {"items": [payment, ...], "next": null}, whole accounts
    #[arg(long)]
    json: bool,
}

impl Trace {
    /// Writes it.
    ///
    /// # Errors
    /// As the client's; exit 1 where no payment has this reference.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        let list = self.find(&client).await?;
        if list.items.is_empty() {
            let reference = &self.reference;
            return Err(Failure::failed(format!(
                "no payment has the reference '{reference}' here: its notice did not come, or was not booked (vietqr-edge events --after 0)"
            )));
        }
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&list).map_err(Failure::failed)?)?;
            return Ok(());
        }
        for (i, payment) in list.items.iter().enumerate() {
            if i > 0 {
                writeln!(out)?;
            }
            let account = mask::account(&payment.bank_account);
            let reference = payment.reference_number.as_deref().map_or("-".to_owned(), |text| table::plain(text, 60));
            let terminal = table::plain(&payment.terminal, 60);
            writeln!(out, "{}  {}  {reference}  {account}  {terminal}", payment.id, signed(payment))?;
            write(out, &payment.trace)?;
        }
        Ok(())
    }

    async fn find(&self, client: &Client) -> Result<List, Failure> {
        let by_reference = format!("/v1/payments?reference={}", encoded(&self.reference));
        let found: List = client.get(&by_reference).await?;
        match self.reference.parse::<PaymentId>() {
            Ok(id) if found.items.is_empty() => {
                Ok(List { items: vec![client.get(&format!("/v1/payments/{id}")).await?], next: None })
            }
            _ => Ok(found),
        }
    }
}

/// Writes the stations, one a line.
///
/// # Errors
/// Of writing.
pub(super) fn write(out: &mut dyn Write, trace: &http::Trace) -> io::Result<()> {
    let stations = [
        ("published", trace.published, "by the bank's clock"),
        ("received", trace.received, "by this device's clock, as all below"),
        ("stored", trace.stored, "durable, then acknowledged"),
        ("matched", trace.matched, ""),
        ("spoken", trace.spoken, "the sentence began"),
        ("delivered", trace.delivered, ""),
    ];
    for (name, moment, meaning) in stations {
        match moment {
            None => writeln!(out, "{name:<10} -")?,
            Some(moment) => {
                let (at, age) = (table::exact_time(moment.at), table::span(moment.age_ms));
                writeln!(out, "{name:<10} {at}  {:>14}  {meaning}", format!("+{age}"))?;
            }
        }
    }
    Ok(())
}
