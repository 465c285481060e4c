//! Every form of a balance change is what the protocol facts say (VietQR 5.6 and 11).
#![allow(clippy::unwrap_used)]

use chrono::{TimeZone, Utc};
use clap::ValueEnum;
use vietqr_edge_sandbox::vietqr::{Bdsd, Quirk};

/// VietQR's sample: 01/09/2024 14:30:00 in Vietnam is 07:30 UTC.
fn sample() -> Bdsd {
    Bdsd::credit(25_000)
        .terminal("VVB654321")
        .account("9876543210")
        .reference("TXN876543210123")
        .order("ORD1")
        .content("Quầy \"1\"")
        .paid_at(Utc.with_ymd_and_hms(2024, 9, 1, 7, 30, 0).unwrap())
}

const PLAIN: &str = r#"{"bankAccount":"9876543210","amount":25000,"transType":"C","referenceNumber":"TXN876543210123","orderId":"ORD1","content":"Quầy \"1\"","status":1,"timePaid":"01/09/2024 14:30:00"}"#;

#[test]
fn without_a_quirk_it_is_the_plain_message() {
    assert_eq!(sample().body(), PLAIN);
    assert_eq!(sample().topic(), "vietqr/bdsd/VVB654321");
}

#[test]
fn an_order_that_is_not_set_is_absent() {
    let mut bdsd = Bdsd::credit(1).body();
    assert!(!bdsd.contains("orderId"));
    bdsd = Bdsd::credit(1).quirk(Quirk::Nulls).body();
    assert!(bdsd.contains(r#""orderId":null"#), "{bdsd}");
}

#[test]
fn the_documented_sample_can_be_made() {
    let body = sample().quirk(Quirk::FloatAmount).quirk(Quirk::NoOrder).content("x").body();
    assert_eq!(
        body,
        r#"{"bankAccount":"9876543210","amount":25000.0,"transType":"C","referenceNumber":"TXN876543210123","content":"x","status":1,"timePaid":"01/09/2024 14:30:00"}"#
    );
}

/// The text that stands in place of a part of [`PLAIN`].
fn change(quirk: Quirk) -> (&'static str, &'static str) {
    const AMOUNT: &str = r#""amount":25000"#;
    const STATUS: &str = r#""status":1"#;
    const TIME: &str = r#""timePaid":"01/09/2024 14:30:00""#;
    match quirk {
        Quirk::FloatAmount => (AMOUNT, r#""amount":25000.0"#),
        Quirk::TextAmount => (AMOUNT, r#""amount":"25000""#),
        Quirk::CommaAmount => (AMOUNT, r#""amount":"25,000""#),
        Quirk::HiddenAmount => (AMOUNT, r#""amount":"*****""#),
        Quirk::DottedAmount => (AMOUNT, r#""amount":"25.000""#),
        Quirk::ExponentAmount => (AMOUNT, r#""amount":2.5e4"#),
        Quirk::FractionAmount => (AMOUNT, r#""amount":25000.5"#),
        Quirk::NegativeAmount => (AMOUNT, r#""amount":-25000"#),
        Quirk::ZeroAmount => (AMOUNT, r#""amount":0"#),
        Quirk::HugeAmount => (AMOUNT, r#""amount":99999999999999"#),
        Quirk::TextStatus => (STATUS, r#""status":"1""#),
        Quirk::WordStatus => (STATUS, r#""status":"SUCCESS""#),
        Quirk::FailedStatus => (STATUS, r#""status":"FAILED""#),
        Quirk::NoStatus => (r#","status":1"#, ""),
        Quirk::NoAccount => (r#""bankAccount":"9876543210","#, ""),
        Quirk::NoReference => (r#","referenceNumber":"TXN876543210123""#, ""),
        Quirk::EmptyReference => (r#"TXN876543210123"#, ""),
        Quirk::NoOrder => (r#","orderId":"ORD1""#, ""),
        Quirk::EmptyOrder => ("ORD1", ""),
        Quirk::NoContent => (r#","content":"Quầy \"1\"""#, ""),
        Quirk::NoTime => (r#","timePaid":"01/09/2024 14:30:00""#, ""),
        Quirk::GarbledTime => (TIME, r#""timePaid":"yesterday, half past two""#),
        Quirk::FutureTime => (TIME, r#""timePaid":"02/09/2024 14:30:00""#),
        Quirk::Debit => (r#""transType":"C""#, r#""transType":"D""#),
        Quirk::NoTransType => (r#","transType":"C""#, ""),
        Quirk::OddTransType => (r#""transType":"C""#, r#""transType":"X""#),
        // All keys at once: see `keys_may_be_in_lower_case`; none is absent here.
        Quirk::LowerCaseKeys | Quirk::Nulls => ("", ""),
        Quirk::UnknownKeys => {
            (r#"14:30:00"}"#, r#"14:30:00","terminalCode":"VVB654321","subTerminal":{"code":"A1","tags":[1,null]}}"#)
        }
    }
}

#[test]
fn a_quirk_changes_its_field_and_nothing_else() {
    for quirk in Quirk::value_variants().iter().filter(|quirk| **quirk != Quirk::LowerCaseKeys) {
        let (from, to) = change(*quirk);
        assert!(PLAIN.contains(from), "{quirk:?}: {from}");
        let body = sample().quirk(*quirk).body();
        assert_eq!(body, PLAIN.replacen(from, to, 1), "{quirk:?}");
        serde_json::from_str::<serde_json::Value>(&body).unwrap();
    }
}

#[test]
fn keys_may_be_in_lower_case() {
    assert_eq!(
        sample().quirk(Quirk::LowerCaseKeys).body(),
        r#"{"bankaccount":"9876543210","amount":25000,"transtype":"C","referencenumber":"TXN876543210123","orderid":"ORD1","content":"Quầy \"1\"","status":1,"timepaid":"01/09/2024 14:30:00"}"#
    );
}

#[test]
fn a_quirk_of_keys_reaches_the_other_quirks() {
    let body = sample().quirk(Quirk::Nulls).quirk(Quirk::LowerCaseKeys).quirk(Quirk::NoReference).body();
    assert!(body.contains(r#""referencenumber":null"#), "{body}");
}

#[test]
fn amounts_are_grouped_and_written_with_an_exponent_at_any_size() {
    for (amount, comma, exponent) in [(1, "1", "1e0"), (100, "100", "1e2"), (1_234_567, "1,234,567", "1.234567e6")] {
        let body = Bdsd::credit(amount).quirk(Quirk::CommaAmount).body();
        assert!(body.contains(&format!(r#""amount":"{comma}""#)), "{body}");
        let body = Bdsd::credit(amount).quirk(Quirk::ExponentAmount).body();
        assert!(body.contains(&format!(r#""amount":{exponent},"#)), "{body}");
    }
}

#[test]
fn a_late_payment_was_paid_earlier() {
    assert!(sample().late(3600).body().contains("01/09/2024 13:30:00"));
    // Over midnight in Vietnam.
    assert!(sample().late(15 * 3600).body().contains("31/08/2024 23:30:00"));
}
