//! `say`: the last payment again, a certain one, or a test sentence.

use super::{client::Client, failure::Failure, socket::Target};
use crate::http::Spoken;
use serde_json::{Value, json};
use std::{io::Write, path::Path};
use vietqr_edge_core::payment::PaymentId;

/// Say the last payment again ("Nhắc lại, …"), or a test sentence
///
/// Waits until it was said, and prints the sentence.
#[derive(Debug, clap::Args)]
pub(super) struct Say {
    #[command(flatten)]
    target: Target,
    /// Say this payment again; without an ID, or without --replay and --test: the last one
    #[arg(long, value_name = "ID", num_args = 0..=1, conflicts_with = "test")]
    replay: Option<Option<PaymentId>>,
    /// Say the test sentence with this amount in đồng; without one: 25000
    #[arg(long, value_name = "AMOUNT", num_args = 0..=1)]
    test: Option<Option<u64>>,
    /// For programs: {"sentence": …, "payment": ID or null}
    #[arg(long)]
    json: bool,
}

impl Say {
    /// Asks for it and waits until it was said.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let (path, body) = self.request();
        let spoken: Spoken = Client::new(&self.target, config)?.post(path, &body).await?;
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&spoken).map_err(Failure::failed)?)?;
        } else {
            writeln!(out, "{}", spoken.sentence)?;
        }
        Ok(())
    }

    fn request(&self) -> (&'static str, Value) {
        match (self.test, self.replay.flatten()) {
            (Some(Some(amount)), _) => ("/v1/voice/test", json!({"amount": amount})),
            (Some(None), _) => ("/v1/voice/test", json!({})),
            (None, Some(payment)) => ("/v1/voice/replay", json!({"payment": payment})),
            (None, None) => ("/v1/voice/replay", json!({})),
        }
    }
}
