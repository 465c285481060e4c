//! `refund`: ask for one, show one, decide about one.

use super::{client::Client, failure::Failure, pin, refund_sheet, socket::Target};
use serde_json::{Value, json};
use std::{io::Write, path::Path};
use vietqr_edge_core::{payment::PaymentId, refund::RefundId};

/// Ask for a refund, show one, or decide about one
#[derive(Debug, clap::Args)]
pub(super) struct Refund {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ask for a refund; it is sent when the provider is reached
    New(New),
    /// Show a refund with every change of its state
    Show(One),
    /// Approve a refund that awaits it, as a second person
    Approve(Decide),
    /// Cancel a refund that is not sent yet
    Cancel(Decide),
    /// Say what became of a refund in review, after looking at the bank's statement
    Resolve(Resolve),
}

#[derive(Debug, clap::Args)]
struct New {
    #[command(flatten)]
    target: Target,
    /// The payment, as p123
    #[arg(long, value_name = "ID", conflicts_with_all = ["account", "reference"], required_unless_present = "reference")]
    payment: Option<PaymentId>,
    /// The account that was paid, with --reference
    #[arg(long, value_name = "NUMBER", requires = "reference")]
    account: Option<String>,
    /// The bank's reference of the payment, with --account
    #[arg(long, value_name = "REF", requires = "account")]
    reference: Option<String>,
    /// How much, in đồng
    #[arg(long, value_name = "AMOUNT")]
    amount: u64,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who asks; where the configuration knows operators, one of them
    #[arg(long, value_name = "NAME")]
    operator: String,
    #[command(flatten)]
    pin: Pin,
    /// A name for this request: the same one again is the same refund, whatever became of the first answer
    #[arg(long, value_name = "ID")]
    request_id: String,
    /// Further refunds of this payment are to be possible; counts with its first refund only
    #[arg(long)]
    multi_times: bool,
    /// For programs: the refund
    #[arg(long)]
    json: bool,
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
    /// Why; not needed to approve
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

impl New {
    async fn ask(&self, config: &Path) -> Result<Value, Failure> {
        let mut body = json!({
            "request_id": self.request_id,
            "provider": "vietqr",
            "amount": self.amount,
            "reason": self.reason,
            "operator": self.operator,
        });
        if let Some(payment) = self.payment {
            body["payment"] = json!(payment);
        }
        if let (Some(account), Some(reference)) = (&self.account, &self.reference) {
            body["bank_account"] = json!(account);
            body["reference_number"] = json!(reference);
        }
        if self.multi_times {
            body["multi_times"] = json!(true);
        }
        self.pin.send(&Client::new(&self.target, config)?, "/v1/refunds", body).await
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
