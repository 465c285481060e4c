//! What is read from a `bdsd` body, and what is refused.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The sample of vietqr.md 5.6.
const SAMPLE: &str = r#"{"bankAccount":"9876543210","amount":25000.0,"transType":"C","referenceNumber":"TXN876543210123",
    "content":"Thanh toan don hang","status":1,"timePaid":"01/09/2024 14:30:00"}"#;

fn sample_with(field: &str, value: Value) -> Vec<u8> {
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body[field] = value;
    body.to_string().into_bytes()
}

fn sample_without(field: &str) -> Vec<u8> {
    let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
    body.as_object_mut().unwrap().remove(field);
    body.to_string().into_bytes()
}

fn reason(body: &[u8]) -> Option<Reason> {
    BalanceChange::parse(body).err().map(|rejected| rejected.reason)
}

#[test]
fn the_documented_sample_is_read() {
    let expected = BalanceChange {
        bank_account: Some("9876543210".to_owned()),
        amount: Dong(25_000),
        trans_type: TransType::Credit,
        reference_number: Some("TXN876543210123".to_owned()),
        order_id: None,
        content: "Thanh toan don hang".to_owned(),
        paid_at: Some("2024-09-01T07:30:00Z".parse().unwrap()),
    };
    assert_eq!(BalanceChange::parse(SAMPLE.as_bytes()), Ok(expected));
}

#[test]
fn names_count_in_either_case_and_unknown_ones_are_ignored() {
    let lower = SAMPLE
        .replace("bankAccount", "bankaccount")
        .replace("referenceNumber", "referencenumber")
        .replace("timePaid", "timepaid")
        .replacen('{', r#"{"terminalCode":{"bankAccount":"1"},"#, 1);
    assert_eq!(BalanceChange::parse(lower.as_bytes()), BalanceChange::parse(SAMPLE.as_bytes()));
}

#[test]
fn status_is_1_or_success_or_absent() {
    for good in [json!(1), json!("1"), json!("SUCCESS"), json!(null), json!("")] {
        assert_eq!(reason(&sample_with("status", good.clone())), None, "{good}");
    }
    assert_eq!(reason(&sample_without("status")), None);
    for bad in [json!(0), json!(1.0), json!("0"), json!("FAILED"), json!("success"), json!(true), json!([1])] {
        assert_eq!(reason(&sample_with("status", bad.clone())), Some(Reason::BadStatus), "{bad}");
    }
}

#[test]
fn trans_type_is_c_or_d_and_nothing_else() {
    let debit = BalanceChange::parse(&sample_with("transType", json!("D"))).unwrap();
    assert_eq!(debit.trans_type, TransType::Debit);
    assert_eq!(reason(&sample_without("transType")), Some(Reason::BadTransType));
    for bad in [json!("c"), json!("d"), json!("X"), json!(""), json!(null), json!(1), json!(" C")] {
        assert_eq!(reason(&sample_with("transType", bad.clone())), Some(Reason::BadTransType), "{bad}");
    }
}

#[test]
fn an_amount_in_no_observed_form_is_refused() {
    assert_eq!(reason(&sample_without("amount")), Some(Reason::BadAmount));
    for bad in [json!("25.000"), json!("*****"), json!(0), json!(-25000), json!(25000.5), json!(null), json!({})] {
        assert_eq!(reason(&sample_with("amount", bad.clone())), Some(Reason::BadAmount), "{bad}");
    }
    let exponent = SAMPLE.replace("25000.0", "2.5e4");
    assert_eq!(reason(exponent.as_bytes()), Some(Reason::BadAmount));
}

#[test]
fn a_time_that_cannot_be_read_is_no_time() {
    assert_eq!(BalanceChange::parse(&sample_without("timePaid")).unwrap().paid_at, None);
    for garbled in
        [json!(""), json!(null), json!(1725175800), json!("2024-09-01T14:30:00"), json!("31/02/2024 10:00:00")]
    {
        assert_eq!(BalanceChange::parse(&sample_with("timePaid", garbled.clone())).unwrap().paid_at, None, "{garbled}");
    }
    let broken_escape = SAMPLE.replace("01/09/2024 14:30:00", r"\ud800");
    assert_eq!(BalanceChange::parse(broken_escape.as_bytes()).unwrap().paid_at, None);
}

#[test]
fn long_content_is_cut_at_1000_characters() {
    let long = BalanceChange::parse(&sample_with("content", json!("ắ".repeat(1001)))).unwrap();
    assert_eq!(long.content, "ắ".repeat(1000));
    assert_eq!(BalanceChange::parse(&sample_with("content", json!(null))).unwrap().content, "");
}

#[test]
fn an_id_out_of_bounds_is_unparsable_and_named() {
    for field in ["bankAccount", "referenceNumber", "orderId"] {
        for bad in [json!("9".repeat(65)), json!("FT1\n"), json!({}), json!(false)] {
            let rejected = BalanceChange::parse(&sample_with(field, bad)).unwrap_err();
            assert_eq!(rejected.reason, Reason::Unparsable);
            assert!(rejected.detail.starts_with(field), "{rejected}");
        }
    }
}

#[test]
fn what_is_not_one_json_object_is_unparsable() {
    let trailing = format!("{SAMPLE}}}");
    let half = &SAMPLE[..SAMPLE.len() / 2];
    let array = format!("[{SAMPLE}]");
    let bodies: [&[u8]; 8] = [
        b"",
        b"null",
        b"25000",
        b"\"C\"",
        b"{\"content\":\"\xff\"}",
        trailing.as_bytes(),
        half.as_bytes(),
        array.as_bytes(),
    ];
    for body in bodies {
        assert_eq!(reason(body), Some(Reason::Unparsable), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_rejection_names_the_field_and_no_value() {
    let secret = json!("0987654321-NGUYEN VAN A");
    for field in ["amount", "status", "transType"] {
        let rejected = BalanceChange::parse(&sample_with(field, secret.clone())).unwrap_err();
        assert!(rejected.detail.starts_with(field), "{rejected}");
        assert!(!rejected.detail.contains("0987654321") && !rejected.detail.contains("NGUYEN"), "{rejected}");
    }
}

fn quirky() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|b| json!(b)),
        any::<i64>().prop_map(|n| json!(n)),
        any::<f64>().prop_map(|n| json!(n)),
        any::<String>().prop_map(|s| json!(s)),
        Just(json!([1, {"amount": 1}])),
    ]
}

/// What holds of everything that was understood, whatever the body.
fn check_bounds(change: &BalanceChange) -> Result<(), TestCaseError> {
    prop_assert!((1..=crate::money::MAX_AMOUNT).contains(&change.amount.0));
    prop_assert!(change.content.chars().count() <= 1000);
    for id in [&change.bank_account, &change.reference_number, &change.order_id].into_iter().flatten() {
        prop_assert!(!id.trim().is_empty() && id.chars().count() <= 64 && !id.chars().any(char::is_control));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(change) = BalanceChange::parse(&body) {
            check_bounds(&change)?;
        }
    }

    #[test]
    fn no_changed_bytes_in_a_sample_make_it_panic(
        changes in prop::collection::vec((0..SAMPLE.len(), any::<u8>()), 1..6), cut in 0..SAMPLE.len(), keep_all in any::<bool>()
    ) {
        let mut body = SAMPLE.as_bytes().to_vec();
        for (at, byte) in changes {
            body[at] = byte;
        }
        if !keep_all {
            body.truncate(cut);
        }
        if let Ok(change) = BalanceChange::parse(&body) {
            check_bounds(&change)?;
        }
    }

    #[test]
    fn no_value_in_a_field_makes_it_panic(changes in prop::collection::vec((prop::sample::select(FIELDS), quirky()), 1..4)) {
        let mut body: Value = serde_json::from_str(SAMPLE).unwrap();
        for (field, value) in changes {
            body[field] = value;
        }
        if let Ok(change) = BalanceChange::parse(body.to_string().as_bytes()) {
            check_bounds(&change)?;
        }
    }

    #[test]
    fn an_amount_in_any_observed_form_comes_back_exact(value in 1..=crate::money::MAX_AMOUNT) {
        let commas = Dong(value).to_string().replace('.', ",");
        for form in [format!("{value}"), format!("{value}.0"), format!("\"{value}\""), format!("\"{commas}\"")] {
            let body = SAMPLE.replace("25000.0", &form);
            prop_assert_eq!(BalanceChange::parse(body.as_bytes()).map(|change| change.amount), Ok(Dong(value)));
        }
    }
}
