//! `refund new`: which payment, how much, who asks.

use super::{Pin, Target, named::Named};
use crate::cli::{client::Client, failure::Failure};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Debug, clap::Args)]
pub(super) struct New {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    named: Named,
    /// How much goes back, in đồng; at QFPay in minor units of the currency
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
    /// For programs: the refund
    #[arg(long)]
    pub(super) json: bool,
}

impl New {
    /// Asks the daemon for the refund.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn ask(&self, config: &Path) -> Result<Value, Failure> {
        self.pin.send(&Client::new(&self.target, config)?, "/v1/refunds", self.body()).await
    }

    fn body(&self) -> Value {
        let mut body = self.named.0.clone();
        let texts = [("request_id", &self.request_id), ("reason", &self.reason), ("operator", &self.operator)];
        body.extend(texts.map(|(name, text)| (name.to_owned(), json!(text))));
        body.insert("amount".to_owned(), json!(self.amount));
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        new: New,
    }

    const REST: &str = " --amount 40 --reason x --operator lan --request-id r-1";

    fn body(text: &str) -> Result<Value, clap::Error> {
        let line = format!("new {text}{REST}");
        Line::try_parse_from(line.split(' ')).map(|line| line.new.body())
    }

    #[test]
    fn each_provider_is_known_by_what_names_its_payment() {
        let vnpay = body("--txn-ref HD1 --transaction-date 20261121093000 --original-amount 100").unwrap();
        assert_eq!(
            vnpay,
            json!({"request_id": "r-1", "provider": "vnpay", "amount": 40, "reason": "x", "operator": "lan",
                "txn_ref": "HD1", "transaction_date": "20261121093000", "original_amount": 100})
        );
        let qfpay = body("--syssn 2019 --currency HKD --original-amount 100").unwrap();
        assert_eq!((&qfpay["provider"], &qfpay["currency"]), (&json!("qfpay"), &json!("HKD")));
        assert_eq!(body("--payment p1").unwrap()["provider"], "vietqr");
        assert_eq!(body("--account 1 --reference FT1 --multi-times").unwrap()["multi_times"], true);
    }

    #[test]
    fn half_a_payment_or_two_are_refused() {
        for wrong in [
            "--reason y",
            "--reference FT1",
            "--txn-ref HD1",
            "--txn-ref HD1 --transaction-date 20261121093000",
            "--syssn 2019 --currency HKD",
            "--payment p1 --syssn 2019 --currency HKD --original-amount 100",
            "--payment p1 --transaction-no 5",
            "--payment p1 --reference FT1",
            "--account 1 --reference FT1 --original-amount 5",
            "--account 1 --reference FT1 --currency VND",
            "--txn-ref HD1 --transaction-date 20261121093000 --original-amount 100 --currency VND",
            "--syssn 2019 --currency HKD --original-amount 100 --multi-times",
        ] {
            assert!(body(wrong).is_err(), "{wrong}");
        }
    }
}
