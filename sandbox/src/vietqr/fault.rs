//! What goes wrong around a message that is right.

use super::{bdsd::Bdsd, http::Payment};
use crate::json;
use clap::ValueEnum;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// the same message twice
    Duplicate,
    /// paid half an hour ago
    Late,
    /// then a second payment that was made a minute earlier
    OutOfOrder,
    /// amount is an object
    WrongType,
    /// for account 9999999999, which is none of the shop's
    ForeignAccount,
    /// a body of 300 KiB
    Oversized,
    /// half of the body
    Half,
    /// with the retain flag: the broker repeats it at every subscription
    Retained,
    /// a body that is no JSON
    NotJson,
}

/// Something to be published with QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the broker keeps it for those who subscribe later. VietQR never asks for that.
    pub retain: bool,
}

impl From<&Bdsd> for Publish {
    fn from(bdsd: &Bdsd) -> Publish {
        Publish { topic: bdsd.topic(), body: bdsd.body().into_bytes(), retain: false }
    }
}

impl Fault {
    /// What the cloud publishes for a payment when this goes wrong, in order.
    pub fn publishes(self, bdsd: &Bdsd) -> Vec<Publish> {
        let plain = Publish::from(bdsd);
        let changed = |bdsd: Bdsd| vec![Publish::from(&bdsd)];
        match self {
            Fault::Duplicate => vec![plain.clone(), plain],
            Fault::Late => changed(bdsd.clone().late(1800)),
            Fault::OutOfOrder => vec![plain, Publish::from(&earlier(bdsd))],
            Fault::WrongType => {
                let body = format!(
                    r#"{{"bankAccount":{},"amount":{{"value":{}}},"transType":"C","referenceNumber":{},"status":1}}"#,
                    json::string(&bdsd.account),
                    bdsd.amount,
                    json::string(&bdsd.reference),
                );
                vec![Publish { body: body.into_bytes(), ..plain }]
            }
            Fault::ForeignAccount => changed(foreign(bdsd)),
            Fault::Oversized => changed(bdsd.clone().content(&"x".repeat(300 << 10))),
            Fault::Half => {
                let half = plain.body.len() / 2;
                vec![Publish { body: plain.body[..half].to_vec(), ..plain }]
            }
            Fault::Retained => vec![Publish { retain: true, ..plain }],
            Fault::NotJson => vec![Publish { body: b"\xff\xfe not JSON".to_vec(), ..plain }],
        }
    }

    /// The payments that the bank has, whatever is told of them.
    pub fn payments(self, bdsd: &Bdsd) -> Vec<Payment> {
        match self {
            Fault::OutOfOrder => [bdsd.payments(), earlier(bdsd).payments()].concat(),
            Fault::ForeignAccount => foreign(bdsd).payments(),
            Fault::Late => bdsd.clone().late(1800).payments(),
            _ => bdsd.payments(),
        }
    }
}

/// Another payment, made a minute before.
fn earlier(bdsd: &Bdsd) -> Bdsd {
    bdsd.clone().late(60).reference(&format!("{}E", bdsd.reference))
}

fn foreign(bdsd: &Bdsd) -> Bdsd {
    bdsd.clone().account("9999999999")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn sent(fault: Fault) -> Vec<Publish> {
        fault.publishes(&Bdsd::credit(25_000).reference("FT1"))
    }

    fn json(publish: &Publish) -> Value {
        serde_json::from_slice(&publish.body).unwrap()
    }

    #[test]
    fn a_duplicate_is_the_same_bytes() {
        let both = sent(Fault::Duplicate);
        assert_eq!(both.len(), 2);
        assert_eq!(both[0], both[1]);
    }

    #[test]
    fn out_of_order_is_a_later_payment_before_an_earlier_one() {
        let both = sent(Fault::OutOfOrder);
        let paid = |i: usize| {
            let text = json(&both[i])["timePaid"].as_str().unwrap().to_string();
            chrono::NaiveDateTime::parse_from_str(&text, "%d/%m/%Y %H:%M:%S").unwrap()
        };
        assert_eq!(paid(0) - paid(1), chrono::TimeDelta::seconds(60));
        assert_ne!(json(&both[0])["referenceNumber"], json(&both[1])["referenceNumber"]);
    }

    #[test]
    fn half_a_message_is_no_json_and_an_oversized_one_is() {
        assert!(serde_json::from_slice::<Value>(&sent(Fault::Half)[0].body).is_err());
        assert!(serde_json::from_slice::<Value>(&sent(Fault::NotJson)[0].body).is_err());
        let oversized = &sent(Fault::Oversized)[0];
        assert!(oversized.body.len() > 300 << 10);
        assert_eq!(json(oversized)["amount"], 25_000);
    }

    #[test]
    fn only_retained_is_retained() {
        for fault in Fault::value_variants() {
            assert!(sent(*fault).iter().all(|publish| publish.retain == (*fault == Fault::Retained)), "{fault:?}");
        }
    }

    #[test]
    fn a_foreign_account_and_a_wrong_type_are_told_to_the_same_terminal() {
        assert_eq!(json(&sent(Fault::ForeignAccount)[0])["bankAccount"], "9999999999");
        let wrong = &sent(Fault::WrongType)[0];
        assert!(json(wrong)["amount"].is_object());
        assert_eq!(wrong.topic, "vietqr/bdsd/VVB123456");
    }
}
