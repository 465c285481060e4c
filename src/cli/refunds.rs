//! `refunds`: a list, newest last.

use super::{
    client::Client,
    failure::Failure,
    socket::Target,
    table::{self, Side},
};
use serde::Deserialize;
use serde_json::Value;
use std::{io::Write, path::Path};
use vietqr_edge_core::{money::Dong, refund::RefundId, time::Timestamp};

/// The longest list that the daemon gives at once.
const PAGE: u16 = 1000;

/// List refunds, newest last
#[derive(Debug, clap::Args)]
pub(super) struct Refunds {
    #[command(flatten)]
    target: Target,
    /// Only those in this state: awaiting_approval, queued, sending, pending, unknown, review, succeeded, failed, refused
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only those after this one, as r123, oldest first; default: the last ones
    #[arg(long, value_name = "ID")]
    after: Option<RefundId>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// For programs: {"items": [...], "next": ID or null}, whole accounts
    #[arg(long)]
    json: bool,
}

/// A part of the list.
#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
    next: Option<RefundId>,
}

/// A refund, as far as it is shown to people.
#[derive(Deserialize)]
struct Refund {
    id: RefundId,
    state: String,
    code: Option<String>,
    amount: u64,
    currency: String,
    reason: String,
    operator: String,
    provider: String,
    original: Original,
    created_at: Timestamp,
}

/// The payment at its provider.
#[derive(Deserialize)]
struct Original {
    reference_number: Option<String>,
    txn_ref: Option<String>,
    syssn: Option<String>,
}

impl Original {
    /// What names it at its provider.
    fn reference(&self) -> &str {
        let named = [&self.reference_number, &self.txn_ref, &self.syssn];
        named.into_iter().flatten().next().map_or("-", String::as_str)
    }
}

impl Refunds {
    /// Writes the list.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        let List { items, next } = match self.after {
            Some(after) => self.page(&client, Some(after), self.limit).await?,
            None => self.newest(&client).await?,
        };
        if self.json {
            writeln!(out, "{}", serde_json::json!({"items": items, "next": next}))?;
            return Ok(());
        }
        if items.is_empty() {
            writeln!(out, "no refund{}", if self.after.is_some() { " after that one" } else { "" })?;
            return Ok(());
        }
        let refunds: Result<Vec<Refund>, _> = items.into_iter().map(serde_json::from_value).collect();
        write(out, &refunds.map_err(Failure::failed)?)?;
        if let Some(next) = next {
            writeln!(out, "more: vietqr-edge refunds --after {next}")?;
        }
        Ok(())
    }

    async fn page(&self, client: &Client, after: Option<RefundId>, limit: u16) -> Result<List, Failure> {
        let state =
            self.state.as_deref().map_or(String::new(), |state| format!("&state={}", super::client::encoded(state)));
        let after = after.map_or(String::new(), |after| format!("&after={after}"));
        client.get(&format!("/v1/refunds?limit={limit}{after}{state}")).await
    }

    /// The last ones. There are few refunds: they are gone through from the first.
    async fn newest(&self, client: &Client) -> Result<List, Failure> {
        let mut list = self.page(client, None, PAGE).await?;
        loop {
            let surplus = list.items.len().saturating_sub(usize::from(self.limit));
            list.items.drain(..surplus);
            let Some(next) = list.next else { return Ok(list) };
            let more = self.page(client, Some(next), PAGE).await?;
            list.items.extend(more.items);
            list.next = more.next;
        }
    }
}

/// `25.000 đ`, or minor units of another currency: 300 of HKD are 3 dollars, and must not look like 300.
pub(super) fn amount(amount: u64, currency: &str) -> String {
    if currency == "VND" {
        table::amount(Dong(amount))
    } else {
        format!("{amount} (minor units of {})", table::plain(currency, 3))
    }
}

fn write(out: &mut dyn Write, refunds: &[Refund]) -> std::io::Result<()> {
    let rows: Vec<_> = refunds.iter().map(row).collect();
    let heading = [
        ("id", Side::Right),
        ("asked", Side::Left),
        ("amount", Side::Right),
        ("state", Side::Left),
        ("code", Side::Left),
        ("provider", Side::Left),
        ("reference", Side::Left),
        ("operator", Side::Left),
        ("reason", Side::Left),
    ];
    table::table(out, heading, &rows)
}

fn row(refund: &Refund) -> [String; 9] {
    [
        refund.id.to_string(),
        table::time(refund.created_at),
        amount(refund.amount, &refund.currency),
        refund.state.clone(),
        refund.code.as_deref().map_or("-".to_owned(), |code| table::plain(code, 24)),
        table::plain(&refund.provider, 8),
        table::plain(refund.original.reference(), 24),
        table::plain(&refund.operator, 16),
        table::plain(&refund.reason, 40),
    ]
}
