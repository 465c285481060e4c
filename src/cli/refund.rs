//! `refund`: ask for one, show one, decide about one.

mod named;
mod new;

use super::{client::Client, failure::Failure, pin, refund_sheet, socket::Target};
use new::New;
use serde_json::{Value, json};
use std::{io::Write, path::Path};
use vietqr_edge_core::refund::RefundId;

/// Ask for a refund, show one, or decide about one
#[derive(Debug, clap::Args)]
pub(super) struct Refund {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ask for a refund; it is sent when the provider is reached
    New(Box<New>),
    /// Show a refund with all evidence: changes, what was sent, each answer, each look-up
    Show(One),
    /// Approve a refund that awaits it, as a second person
    Approve(Decide),
    /// Cancel a refund that is not sent yet
    Cancel(Decide),
    /// Say what became of a refund in review, after looking at the bank's statement
    Resolve(Resolve),
}

#[derive(Debug, clap::Args)]
struct One {
    #[command(flatten)]
    target: Target,
    /// Its id, as r123
    #[arg(value_name = "ID")]
    id: RefundId,
    /// For programs; the whole account
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Decide {
    #[command(flatten)]
    one: One,
    /// Why; needed to cancel and to resolve
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who decides; default: admin
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
    #[command(flatten)]
    pin: Pin,
}

#[derive(Debug, clap::Args)]
struct Pin {
    /// Read the operator's PIN, from the terminal or a line from standard input. On a terminal it is asked for anyway where it is needed
    #[arg(long = "pin", requires = "operator")]
    read: bool,
}

impl Pin {
    /// Sends this, with the PIN where that is wanted or, on a terminal, needed.
    async fn send(&self, client: &Client, path: &str, mut body: Value) -> Result<Value, Failure> {
        if !self.read {
            match client.post(path, &body).await {
                Err(failure) if failure.is_for_want_of_a_pin() => {
                    if !pin::can_ask() {
                        return Err(failure.hint("with --pin it is read from standard input"));
                    }
                }
                answered => return answered,
            }
        }
        body["pin"] = json!(pin::read("PIN")?.as_str());
        client.post(path, &body).await
    }
}

#[derive(Debug, clap::Args)]
struct Resolve {
    #[command(flatten)]
    decide: Decide,
    /// The money went back, or it did not
    #[arg(long, value_enum)]
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Verdict {
    /// It went back
    Succeeded,
    /// It did not
    Failed,
}

impl Refund {
    /// Asks the daemon, and writes the refund as it stands then.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let (refund, json) = match &self.what {
            What::New(new) => (new.ask(config).await?, new.json),
            What::Show(one) => {
                let client = Client::new(&one.target, config)?;
                (client.get(&format!("/v1/refunds/{}", one.id)).await?, one.json)
            }
            What::Approve(decide) => (decide.send(config, "approve", json!({})).await?, decide.one.json),
            What::Cancel(decide) => {
                let body = json!({"reason": decide.reason.clone().unwrap_or_default()});
                (decide.send(config, "cancel", body).await?, decide.one.json)
            }
            What::Resolve(Resolve { decide, verdict }) => {
                let verdict = match verdict {
                    Verdict::Succeeded => "succeeded",
                    Verdict::Failed => "failed",
                };
                let body = json!({"verdict": verdict, "reason": decide.reason.clone().unwrap_or_default()});
                (decide.send(config, "resolve", body).await?, decide.one.json)
            }
        };
        if json {
            writeln!(out, "{refund}")?;
            return Ok(());
        }
        refund_sheet::write(out, &refund)?;
        Ok(())
    }
}

impl Decide {
    async fn send(&self, config: &Path, action: &str, mut body: Value) -> Result<Value, Failure> {
        if let Some(operator) = &self.operator {
            body["operator"] = json!(operator);
        }
        let client = Client::new(&self.one.target, config)?;
        self.pin.send(&client, &format!("/v1/refunds/{}/{action}", self.one.id), body).await
    }
}
