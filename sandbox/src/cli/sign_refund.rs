//! `sign-refund`: asks a device for a refund, as a shop's own system does.

use super::login::Login;
use anyhow::{Context, Result, bail};
use chrono::{TimeDelta, Utc};
use clap::Args;
use serde_json::{Map, Value};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use vietqr_edge_sandbox::folder;
use vietqr_edge_sandbox::request::{Answers, RefundRequest, RequestKey};
use vietqr_edge_sandbox::vietqr::{Cloud, Publish};

#[derive(Args)]
pub(crate) struct SignRefund {
    /// The account that the payment came into.
    #[arg(long, default_value = "1234567890")]
    account: String,
    /// referenceNumber of the payment.
    #[arg(long = "ref", value_name = "REF", required_unless_present = "payment")]
    reference: Option<String>,
    /// A payment at VNPAY or QFPay: the line that `pay vnpay` or `pay qfpay` printed.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["reference", "account", "multi_times"])]
    payment: Option<String>,
    /// Đồng; with QFPay the currency's minor units.
    #[arg(long)]
    amount: u64,
    /// Who repeats a request repeats its id: one id is one refund.
    #[arg(long)]
    request_id: String,
    /// Why.
    #[arg(long, default_value = "khách trả hàng")]
    reason: String,
    /// Who asks; where the device knows operators, one of them.
    #[arg(long, default_value = "lan")]
    operator: String,
    /// Allow further refunds of this payment.
    #[arg(long)]
    multi_times: bool,
    /// The terminal whose device is asked.
    #[arg(long, default_value = "VVB123456")]
    terminal: String,
    /// Seconds until the request ends; a device refuses more than 300.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    expires: i64,
    /// The key; its file's name without the ending is the `kid` [default: that of the folder].
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// Where requests go.
    #[arg(long, default_value = "vietqr-edge/{terminal}/refund/request", value_name = "TOPIC")]
    request_topic: String,
    /// Where answers come.
    #[arg(long, default_value = "vietqr-edge/{terminal}/refund/response", value_name = "TOPIC")]
    response_topic: String,
    /// Publish the request.
    #[arg(long)]
    publish: bool,
    /// Publish it, and print the device's answers until the refund has ended, for at most so long.
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    #[command(flatten)]
    login: Login,
}

impl SignRefund {
    pub(crate) async fn run(self) -> Result<()> {
        let key = RequestKey::read(&self.key_file()?)?;
        let request = RefundRequest {
            request_id: self.request_id.clone(),
            terminal: self.terminal.clone(),
            account: self.account.clone(),
            reference: self.reference.clone().unwrap_or_default(),
            amount: self.amount,
            reason: self.reason.clone(),
            operator: Some(self.operator.clone()),
            multi_times: self.multi_times,
        };
        let life = TimeDelta::try_seconds(self.expires).context("--expires: expected seconds")?;
        let mut claims = request.claims(Utc::now(), life);
        if let Some(payment) = &self.payment {
            name(&mut claims, payment)?;
        }
        let jws = key.sign(&claims)?;
        let mut out = std::io::stdout();
        writeln!(out, "{}\n{jws}", serde_json::to_string_pretty(&claims)?)?;
        if !self.publish && self.wait.is_none() {
            return Ok(());
        }

        let options = self.login.options()?;
        let topic = |pattern: &str| pattern.replace("{terminal}", &self.terminal);
        // Before the request: the first answer may come at once.
        let answers = match self.wait {
            Some(_) => Some(Answers::subscribe(&options, &topic(&self.response_topic)).await?),
            None => None,
        };
        let cloud = Cloud::connect_with(options).await?;
        let publish = Publish { topic: topic(&self.request_topic), body: jws.into_bytes(), retain: false };
        writeln!(out, "published on {}", publish.topic)?;
        cloud.publish(publish).await?;
        cloud.close().await;
        let (Some(answers), Some(wait)) = (answers, self.wait) else { return Ok(()) };
        match tokio::time::timeout(Duration::from_secs(wait), follow(answers, &key, &self.request_id)).await {
            Ok(ended) => ended,
            // A device says nothing at all to a request that it does not believe.
            Err(_) => bail!("the refund has not ended within {wait} s"),
        }
    }

    fn key_file(&self) -> Result<PathBuf> {
        match &self.key_file {
            Some(file) => Ok(file.clone()),
            None if self.login.url.is_some() => bail!("--url: expected --key-file, too"),
            None => Ok(folder::request_key(&self.login.place.dir()?)),
        }
    }
}

/// Names another payment than VietQR's in the claims.
fn name(claims: &mut Value, payment: &str) -> Result<()> {
    let expected = "--payment: expected the object that `pay vnpay` or `pay qfpay` printed";
    let members: Map<String, Value> = serde_json::from_str(payment).context(expected)?;
    let Some(claims) = claims.as_object_mut().filter(|_| members.contains_key("provider")) else { bail!(expected) };
    claims.retain(|key, _| !["bank_account", "reference_number"].contains(&key.as_str()));
    claims.extend(members);
    Ok(())
}

/// Prints the answers to one request, as far as the key signed them, until nothing more will happen without a person.
async fn follow(mut answers: Answers, key: &RequestKey, request_id: &str) -> Result<()> {
    let mut out = std::io::stdout();
    loop {
        let claims = match key.verify(&answers.next().await?) {
            Ok(claims) => claims,
            Err(error) => {
                writeln!(out, "not an answer of the device: {error:#}")?;
                continue;
            }
        };
        if claims["request_id"] != request_id {
            continue;
        }
        writeln!(out, "{claims}")?;
        if let Some("succeeded" | "failed" | "refused" | "review") = claims["state"].as_str() {
            return Ok(());
        }
    }
}
