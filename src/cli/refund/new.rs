//! `refund new`: which payment, how much, who asks.

use super::{Pin, Target};
use crate::cli::{client::Client, failure::Failure};
use clap::ArgGroup;
use serde_json::{Value, json};
use std::path::Path;
use vietqr_edge_core::payment::PaymentId;

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").required(true).args(["payment", "reference", "txn_ref", "syssn"]))]
pub(super) struct New {
    #[command(flatten)]
    target: Target,
    /// A VietQR payment of this device, as p123
    #[arg(long, value_name = "ID")]
    payment: Option<PaymentId>,
    /// The account that was paid, with --reference
    #[arg(long, value_name = "NUMBER", requires = "reference")]
    account: Option<String>,
    /// The bank's reference of a VietQR payment, with --account
    #[arg(long, value_name = "REF", requires = "account")]
    reference: Option<String>,
    /// A VNPAY payment: vnp_TxnRef, with --transaction-date and --original-amount
    #[arg(long, value_name = "REF", requires_all = ["transaction_date", "original_amount"])]
    txn_ref: Option<String>,
    /// vnp_CreateDate of that payment, as it was sent: yyyyMMddHHmmss
    #[arg(long, value_name = "DATE", requires = "txn_ref")]
    transaction_date: Option<String>,
    /// VNPAY's number of that payment, where it is known
    #[arg(long, value_name = "NUMBER", requires = "txn_ref")]
    transaction_no: Option<String>,
    /// A QFPay payment: its syssn, with --currency and --original-amount
    #[arg(long, value_name = "NUMBER", requires_all = ["currency", "original_amount"])]
    syssn: Option<String>,
    /// Currency of a QFPay payment, as HKD
    #[arg(long, value_name = "CODE", requires = "syssn")]
    currency: Option<String>,
    /// What was paid at VNPAY (đồng) or QFPay (minor units)
    #[arg(long, value_name = "AMOUNT")]
    original_amount: Option<u64>,
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
    /// Further refunds of a VietQR payment are to be possible; counts with its first refund only
    #[arg(long, conflicts_with_all = ["txn_ref", "syssn"])]
    multi_times: bool,
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
        let provider = match (&self.txn_ref, &self.syssn) {
            (Some(_), _) => "vnpay",
            (_, Some(_)) => "qfpay",
            _ => "vietqr",
        };
        let mut body = json!({
            "request_id": self.request_id,
            "provider": provider,
            "amount": self.amount,
            "reason": self.reason,
            "operator": self.operator,
        });
        let given = [
            ("payment", self.payment.map(|id| json!(id))),
            ("bank_account", self.account.as_ref().map(|text| json!(text))),
            ("reference_number", self.reference.as_ref().map(|text| json!(text))),
            ("txn_ref", self.txn_ref.as_ref().map(|text| json!(text))),
            ("transaction_date", self.transaction_date.as_ref().map(|text| json!(text))),
            ("transaction_no", self.transaction_no.as_ref().map(|text| json!(text))),
            ("syssn", self.syssn.as_ref().map(|text| json!(text))),
            ("currency", self.currency.as_ref().map(|text| json!(text))),
            ("original_amount", self.original_amount.map(|amount| json!(amount))),
            ("multi_times", self.multi_times.then_some(json!(true))),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        body
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
            "--syssn 2019 --currency HKD --original-amount 100 --multi-times",
        ] {
            assert!(body(wrong).is_err(), "{wrong}");
        }
    }
}
