//! A payment as the interface shows it (DESIGN 3.4), with the trace of its way through the device.

use super::Role;
use crate::ledger::{PaymentView, Speech};
use serde::{Deserialize, Serialize};
use vietqr_edge_core::{
    mask,
    money::Dong,
    payment::{Flag, PaymentId, Source, TransType},
    time::Timestamp,
};

/// The payment resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Its name here, as `p123`; also its place in the list.
    pub id: PaymentId,
    /// Code of the terminal that heard of it.
    pub terminal: String,
    /// Whole for `admin`, else masked to its last four digits.
    pub bank_account: String,
    /// The bank's reference.
    pub reference_number: Option<String>,
    /// C: money in. D: money out.
    pub trans_type: TransType,
    /// In đồng.
    pub amount: Dong,
    /// The bill it names.
    pub order_id: Option<String>,
    /// The bank's text.
    pub content: String,
    /// By the bank's clock.
    pub paid_at: Timestamp,
    /// By this device's clock.
    pub received_at: Timestamp,
    /// Through which door its notice came.
    pub source: Source,
    /// The bill it was matched with. Null: this version keeps no bills.
    #[serde(rename = "match")]
    pub matched: Option<String>,
    /// What was unusual about its notice.
    pub flags: Vec<Flag>,
    /// Notices that came again for it.
    pub repeats: u64,
    /// What was given back of it, in đồng, as far as this device knows.
    pub refunded: Dong,
    /// Its way.
    pub trace: Trace,
}

/// When a payment reached each station; null where it did not (yet).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Paid, by the bank's clock.
    pub published: Option<Moment>,
    /// Its notice reached this device.
    pub received: Option<Moment>,
    /// Durable, and only then acknowledged.
    pub stored: Option<Moment>,
    /// Matched with a bill.
    pub matched: Option<Moment>,
    /// The sentence began. Null also where the speaker failed or it was left out.
    pub spoken: Option<Moment>,
    /// A webhook accepted it.
    pub delivered: Option<Moment>,
}

/// A station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Milliseconds since `published`; 0 where this device's clock is behind the bank's.
    pub age_ms: u64,
}

impl Payment {
    /// As a caller of this role may see it.
    pub fn shown(view: PaymentView, role: Role) -> Payment {
        let PaymentView { id, payment, stored_at, repeats, refunded, speech } = view;
        let moment = |at: Timestamp| Some(Moment { at, age_ms: at.millis_since(payment.paid_at) });
        let spoken = match speech {
            Speech::Started(at) | Speech::Finished(at, _) => moment(at),
            Speech::Never | Speech::Due | Speech::Failed(..) | Speech::Skipped(_) => None,
        };
        let trace = Trace {
            published: moment(payment.paid_at),
            received: moment(payment.received_at),
            stored: moment(stored_at),
            matched: None,
            spoken,
            delivered: None,
        };
        let bank_account = match role {
            Role::Admin => payment.bank_account,
            Role::Pos | Role::Console => mask::account(&payment.bank_account),
        };
        Payment {
            id,
            terminal: payment.terminal,
            bank_account,
            reference_number: payment.reference_number,
            trans_type: payment.trans_type,
            amount: payment.amount,
            order_id: payment.order_id,
            content: payment.content,
            paid_at: payment.paid_at,
            received_at: payment.received_at,
            source: payment.source,
            matched: None,
            flags: payment.flags,
            repeats,
            refunded: Dong(refunded),
            trace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::payment::{Age, Payment as Booked};

    fn view(speech: Speech) -> PaymentView {
        let paid_at = Timestamp::from_secs(1_795_000_000);
        let payment = Booked {
            terminal: "VVB123456".into(),
            bank_account: "1234567890".into(),
            reference_number: None,
            trans_type: TransType::Credit,
            amount: Dong(25_000),
            order_id: None,
            content: "tra tien".into(),
            paid_at,
            future_time: None,
            received_at: paid_at.plus_millis(1_200),
            source: Source::Bdsd,
            flags: vec![Flag::NoReference],
            age: Age::Fresh,
            raw_sha256: String::new(),
        };
        PaymentView {
            id: PaymentId(7),
            payment,
            stored_at: paid_at.plus_millis(1_210),
            repeats: 2,
            refunded: 0,
            speech,
        }
    }

    #[test]
    fn only_an_admin_sees_a_whole_account() {
        assert_eq!(Payment::shown(view(Speech::Due), Role::Admin).bank_account, "1234567890");
        assert_eq!(Payment::shown(view(Speech::Due), Role::Console).bank_account, "***7890");
        assert_eq!(Payment::shown(view(Speech::Due), Role::Pos).bank_account, "***7890");
    }

    #[test]
    fn every_key_of_the_contract_is_there_even_where_its_value_is_null() {
        let shown = serde_json::to_value(Payment::shown(view(Speech::Due), Role::Admin)).unwrap();
        let keys: Vec<&str> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let mut contract = [
            "id",
            "terminal",
            "bank_account",
            "reference_number",
            "trans_type",
            "amount",
            "order_id",
            "content",
            "paid_at",
            "received_at",
            "source",
            "match",
            "flags",
            "repeats",
            "refunded",
            "trace",
        ];
        contract.sort_unstable();
        assert_eq!(keys, contract);
        assert_eq!(shown["match"], serde_json::Value::Null);
        assert_eq!(shown["id"], "p7");
        assert_eq!(shown["flags"][0], "no_reference");
    }

    #[test]
    fn the_trace_counts_ages_from_the_banks_time() {
        let begun = Timestamp::from_secs(1_795_000_002);
        let trace = Payment::shown(view(Speech::Finished(begun, begun.plus_millis(900))), Role::Pos).trace;
        assert_eq!(trace.published.map(|m| m.age_ms), Some(0));
        assert_eq!(trace.received.map(|m| m.age_ms), Some(1_200));
        assert_eq!(trace.stored.map(|m| m.age_ms), Some(1_210));
        assert_eq!(trace.spoken, Some(Moment { at: begun, age_ms: 2_000 }));
        assert_eq!((trace.matched, trace.delivered), (None, None));
    }

    #[test]
    fn what_failed_or_was_left_out_does_not_count_as_spoken() {
        let at = Timestamp::from_secs(1_795_000_002);
        for speech in [Speech::Due, Speech::Failed(at, at), Speech::Skipped(at), Speech::Never] {
            assert_eq!(Payment::shown(view(speech), Role::Pos).trace.spoken, None, "{speech:?}");
        }
    }
}
