//! The members of a request, taken one by one: what is not as expected is noted, what is left over is a mistake too.

use super::{FieldError, NAME_MAX, Pin, Target};
use crate::{
    money::MAX_AMOUNT,
    provider::{qfpay, vnpay},
};
use serde_json::Value;

/// More members than any form has.
const MEMBERS_MAX: usize = 32;
/// `vnp_TxnRef` (vnpay-qfpay.md 2.2).
const TXN_REF_MAX: usize = 100;
/// `vnp_TransactionNo`.
const TRANSACTION_NO_MAX: usize = 15;
/// `syssn` (vnpay-qfpay.md 3.5).
const SYSSN_MAX: usize = 128;

pub(super) struct Form {
    members: Vec<(String, Value)>,
    pub(super) wrong: Vec<FieldError>,
}

impl Form {
    pub(super) fn new(members: Vec<(String, Value)>) -> Form {
        Form { members, wrong: Vec::new() }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.swap_remove(at).1).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, field: &str, expected: &str) {
        self.wrong.push(FieldError { field: field.to_owned(), expected: expected.to_owned() });
    }

    pub(super) fn text(&mut self, name: &str, expected: &str, right: impl Fn(&str) -> bool) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) if right(&text) => Some(text),
            _ => {
                self.wrong(name, expected);
                None
            }
        }
    }

    /// `None` where it is none of ours.
    pub(super) fn provider(&mut self) -> Option<&'static str> {
        let named = self.take("provider");
        let known = ["vietqr", "vnpay", "qfpay"];
        let provider = known.into_iter().find(|known| named.as_ref().and_then(Value::as_str) == Some(known));
        if provider.is_none() {
            self.wrong("provider", "one of vietqr, vnpay, qfpay");
        }
        provider
    }

    /// The payment, and how much of it.
    pub(super) fn target(&mut self, provider: Option<&str>) -> (Option<Target>, Option<u64>) {
        match provider {
            Some("vnpay") => self.vnpay(),
            Some("qfpay") => self.qfpay(),
            // Without a provider the other members can not be judged.
            None => {
                self.members.retain(|(name, _)| !PAYMENT.contains(&name.as_str()));
                (None, self.amount("amount", MAX_AMOUNT, "đồng"))
            }
            Some(_) => (self.vietqr(), self.amount("amount", MAX_AMOUNT, "đồng")),
        }
    }

    fn vietqr(&mut self) -> Option<Target> {
        if let Some(value) = self.take("payment") {
            for name in ["bank_account", "reference_number"] {
                if self.take(name).is_some() {
                    self.wrong(name, "nothing, where payment is named");
                }
            }
            let id = value.as_str().and_then(|text| text.parse().ok());
            if id.is_none() {
                self.wrong("payment", "a payment's id, as p123");
            }
            return id.map(Target::Payment);
        }
        let bank_account = self.text("bank_account", "1 to 32 digits, or payment instead", |text| digits(text, 32));
        let expected = format!("1 to {NAME_MAX} visible ASCII characters, or payment instead");
        let reference_number = self.text("reference_number", &expected, |text| {
            (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        });
        Some(Target::Original { bank_account: bank_account?, reference_number: reference_number? })
    }

    fn vnpay(&mut self) -> (Option<Target>, Option<u64>) {
        let expected = format!("1 to {TXN_REF_MAX} visible ASCII characters but |");
        let txn_ref = self.text("txn_ref", &expected, |text| {
            (1..=TXN_REF_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'|')
        });
        let expected = "yyyyMMddHHmmss, vnp_CreateDate of the payment as it was sent";
        let transaction_date = self.text("transaction_date", expected, vnpay::is_time);
        let transaction_no = match self.take("transaction_no") {
            None => Some(None),
            Some(Value::String(number)) if digits(&number, TRANSACTION_NO_MAX) => Some(Some(number)),
            Some(_) => {
                self.wrong("transaction_no", &format!("1 to {TRANSACTION_NO_MAX} digits in quotes, or nothing"));
                None
            }
        };
        let original_amount = self.amount("original_amount", vnpay::AMOUNT_MAX, "đồng");
        let amount = self.amount("amount", vnpay::AMOUNT_MAX, "đồng");
        let target = match (txn_ref, transaction_date, transaction_no, original_amount) {
            (Some(txn_ref), Some(transaction_date), Some(transaction_no), Some(original_amount)) => {
                Some(Target::Vnpay { txn_ref, transaction_date, transaction_no, original_amount })
            }
            _ => None,
        };
        (target, amount)
    }

    fn qfpay(&mut self) -> (Option<Target>, Option<u64>) {
        let expected = format!("1 to {SYSSN_MAX} letters and digits");
        let syssn = self.text("syssn", &expected, |text| {
            (1..=SYSSN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        let currency = self.text("currency", "a currency of ISO 4217, as HKD", |text| {
            text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
        });
        let original_amount = self.amount("original_amount", qfpay::AMOUNT_MAX, "minor units");
        let amount = self.amount("amount", qfpay::AMOUNT_MAX, "minor units");
        let target = match (syssn, original_amount, currency) {
            (Some(syssn), Some(original_amount), Some(currency)) => {
                Some(Target::Qfpay { syssn, original_amount, currency })
            }
            _ => None,
        };
        (target, amount)
    }

    fn amount(&mut self, name: &str, most: u64, unit: &str) -> Option<u64> {
        let amount = self.take(name).and_then(|value| value.as_u64()).filter(|n| (1..=most).contains(n));
        if amount.is_none() {
            self.wrong(name, &format!("a whole number of {unit} from 1 to {most}, not in quotes"));
        }
        amount
    }

    pub(super) fn pin(&mut self) -> Option<Pin> {
        match self.take("pin") {
            None => None,
            Some(Value::String(pin)) if (1..=NAME_MAX).contains(&pin.len()) => Some(Pin(pin)),
            Some(_) => {
                self.wrong("pin", "text");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.wrong(name, "true or false");
                false
            }
        }
    }

    /// A misspelt field must not be taken for an absent one.
    pub(super) fn leftovers(&mut self) {
        let names: Vec<String> = self.members.iter().take(MEMBERS_MAX).map(|(name, _)| name.clone()).collect();
        for name in names {
            let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
            self.wrong(&name, "no field of this name");
        }
    }
}

/// Members that name a payment, of any provider.
const PAYMENT: [&str; 9] = [
    "payment",
    "bank_account",
    "reference_number",
    "txn_ref",
    "transaction_date",
    "transaction_no",
    "original_amount",
    "syssn",
    "currency",
];

fn digits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}
