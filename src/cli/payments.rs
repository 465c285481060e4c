//! `payments`: a list, newest last.

use super::{
    client::Client,
    failure::Failure,
    socket::Target,
    table::{self, Side},
};
use crate::http::{Payment, Status};
use serde::{Deserialize, Serialize};
use std::{io::Write, path::Path};
use vietqr_edge_core::{
    mask,
    money::Dong,
    payment::{PaymentId, TransType},
};

/// List payments, newest last
#[derive(Debug, clap::Args)]
pub(super) struct Payments {
    #[command(flatten)]
    target: Target,
    /// Only those after this one, as p123, oldest first; default: the last ones
    #[arg(long, value_name = "ID")]
    after: Option<PaymentId>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// For programs: {"items": [...], "next": ID or null}, whole accounts
    #[arg(long)]
    json: bool,
}

/// A part of the list.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) items: Vec<Payment>,
    pub(super) next: Option<PaymentId>,
}

impl Payments {
    /// Writes the list.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        let list = match self.after {
            Some(after) => page(&client, after, self.limit).await?,
            None => newest(&client, self.limit).await?,
        };
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&list).map_err(Failure::failed)?)?;
            return Ok(());
        }
        if list.items.is_empty() {
            writeln!(out, "{}", if self.after.is_some() { "no payment after that one" } else { "no payment yet" })?;
            return Ok(());
        }
        write(out, &list.items)?;
        if let Some(next) = list.next {
            writeln!(out, "more: vietqr-edge payments --after {next}")?;
        }
        Ok(())
    }
}

async fn page(client: &Client, after: PaymentId, limit: u16) -> Result<List, Failure> {
    client.get(&format!("/v1/payments?after={after}&limit={limit}")).await
}

/// The last `limit` payments. A payment's id is the number of its event, so they are looked for in ever larger parts of the end.
async fn newest(client: &Client, limit: u16) -> Result<List, Failure> {
    let status: Status = client.get("/v1/status").await?;
    let wanted = usize::from(limit);
    let mut back = u64::from(limit) * 4;
    loop {
        let start = status.events.last.saturating_sub(back);
        let mut list = page(client, PaymentId(start), 1000).await?;
        while let Some(next) = list.next {
            let more = page(client, next, 1000).await?;
            list.items.extend(more.items);
            list.items.drain(..list.items.len().saturating_sub(wanted));
            list.next = more.next;
        }
        list.items.drain(..list.items.len().saturating_sub(wanted));
        if list.items.len() == wanted || start < status.events.oldest {
            return Ok(list);
        }
        back = back.saturating_mul(8);
    }
}

/// `25.000 đ`, money out with a minus.
pub(super) fn signed(payment: &Payment) -> String {
    let Payment { amount: Dong(amount), trans_type, .. } = payment;
    let sign = if *trans_type == TransType::Debit { "-" } else { "" };
    format!("{sign}{}", table::amount(Dong(*amount)))
}

/// What of it went back: `25.000 đ`.
pub(super) fn refunded(payment: &Payment) -> String {
    if payment.refunded == Dong(0) { "-".to_owned() } else { table::amount(payment.refunded) }
}

fn write(out: &mut dyn Write, payments: &[Payment]) -> std::io::Result<()> {
    let rows: Vec<_> = payments.iter().map(row).collect();
    let heading = [
        ("id", Side::Right),
        ("paid", Side::Left),
        ("amount", Side::Right),
        ("refunded", Side::Right),
        ("account", Side::Left),
        ("terminal", Side::Left),
        ("reference", Side::Left),
        ("spoken", Side::Left),
        ("again", Side::Right),
        ("content", Side::Left),
    ];
    table::table(out, heading, &rows)
}

fn row(payment: &Payment) -> [String; 10] {
    let text = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), |text| table::plain(text, 24));
    [
        payment.id.to_string(),
        table::time(payment.paid_at),
        signed(payment),
        refunded(payment),
        mask::account(&payment.bank_account),
        table::plain(&payment.terminal, 16),
        text(&payment.reference_number),
        payment.trace.spoken.map_or("-".to_owned(), |spoken| table::time(spoken.at)),
        payment.repeats.to_string(),
        table::plain(&payment.content, 40),
    ]
}
