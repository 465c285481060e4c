use super::*;
use crate::payment::{PaymentId, TransType};

fn code(asked: Request, facts: &Facts) -> &'static str {
    request(asked, facts).map(|_| "accepted").unwrap_or_else(|refusal| refusal.code)
}

#[test]
fn each_rule_refuses_by_its_own_code_and_at_its_exact_bound() {
    let with = |change: fn(&mut Facts)| {
        let mut facts = a_facts();
        change(&mut facts);
        code(a_request(), &facts)
    };
    assert_eq!(with(|f| f.limits.max_amount = 60_000), "accepted");
    assert_eq!(with(|f| f.limits.max_amount = 59_999), "above_max_amount");
    assert_eq!(with(|f| f.day_total = 20_000_000 - 60_000), "accepted");
    assert_eq!(with(|f| f.day_total = 20_000_000 - 59_999), "above_daily_total");
    assert_eq!(with(|f| f.day_total = u64::MAX), "above_daily_total");
    assert_eq!(with(|f| f.sums.refunded = 40_000), "accepted");
    assert_eq!(with(|f| f.sums.refunded = 40_001), "more_than_left");
    assert_eq!(with(|f| f.sums.refunded = u64::MAX), "more_than_left");
    assert_eq!(with(|f| f.credited = None), "accepted");
    assert_eq!(with(|f| f.sums.open = Some(RefundId(3))), "in_flight");
    assert_eq!(with(|f| (f.limits.approval_above, f.approver) = (60_000, false)), "accepted");
    assert_eq!(with(|f| (f.limits.approval_above, f.approver) = (59_999, false)), "no_approver");
}

#[test]
fn the_policy_is_decided_again_before_sending() {
    let mut ledger = Ledger::new();
    ledger.facts.limits.max_amount = 10;
    assert!(!ledger.begin(found(0, 0)).sends());
    assert_eq!(ledger.state(), (State::Refused, Some("above_max_amount")));
}

#[test]
fn a_payment_not_known_here_is_bounded_by_what_the_provider_tells() {
    let mut facts = a_facts();
    facts.credited = None;
    let mut ledger = Ledger::with(a_request(), facts);
    assert!(!ledger.begin(found(1, 40_001)).sends());
    assert_eq!(ledger.state(), (State::Refused, Some("more_than_left")));
}

#[test]
fn another_amount_or_date_of_the_same_payment_is_a_conflict() {
    let vnpay = |date: &str, original_amount: u64| {
        Original::new(
            &provider::vnpay::FORM,
            "DEMO0001",
            [("txn_ref", "HD1".into()), ("transaction_date", date.into()), ("original_amount", original_amount.into())],
        )
    };
    let first = vnpay("20261121093000", 100_000);
    for second in [vnpay("20261121093001", 100_000), vnpay("20261121093000", 200_000)] {
        assert_eq!(first.identity(), second.identity());
        let mut facts = a_facts();
        facts.sums.original = Some(first.clone());
        let refusal = request(Request { original: second, ..a_request() }, &facts).unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::Conflict, "original_conflict"));
    }
    let other =
        Original::new(&provider::vietqr::FORM, "MB", [("bank_account", "1".into()), ("reference_number", "23".into())]);
    let shifted =
        Original::new(&provider::vietqr::FORM, "MB", [("bank_account", "12".into()), ("reference_number", "3".into())]);
    assert_ne!(other.identity(), shifted.identity());
}

fn ask(body: &str) -> Ask {
    Ask::from_json(body.as_bytes()).unwrap()
}

const BY_PAYMENT: &str =
    r#"{"request_id":"a","provider":"vietqr","payment":"p7","amount":5,"reason":"x","operator":"lan"}"#;

fn ask_facts() -> AskFacts {
    let payment = KnownPayment {
        id: PaymentId(7),
        bank_account: "1234567890".into(),
        reference_number: Some("FT1".into()),
        trans_type: TransType::Credit,
    };
    AskFacts {
        same: None,
        same_door: None,
        payment: Some(payment),
        accounts: vec![("1234567890".into(), "MB".into())],
        merchant: Some(String::new()),
    }
}

#[test]
fn a_payment_is_found_by_its_id_and_must_be_money_in_with_a_reference() {
    let identified = |facts: &AskFacts| identify(&ask(BY_PAYMENT), Door::Http, facts);
    let Ok(Identified::New(request)) = identified(&ask_facts()) else { panic!() };
    assert_eq!((request.original, request.payment), (a_request().original, Some(PaymentId(7))));
    let code = |change: fn(&mut KnownPayment)| {
        let mut facts = ask_facts();
        change(facts.payment.as_mut().unwrap());
        identified(&facts).unwrap_err().code
    };
    assert_eq!(code(|p| p.trans_type = TransType::Debit), "not_a_credit");
    assert_eq!(code(|p| p.reference_number = None), "no_reference");
    assert_eq!(code(|p| p.bank_account = "9".into()), "foreign_account");
    assert_eq!(code(|p| p.id = PaymentId(8)), "unknown_payment");
}

#[test]
fn the_same_request_is_the_same_refund_and_another_content_is_a_conflict() {
    let body = BY_PAYMENT.replace("\"lan\"", "\"hoa\",\"pin\":\"1234\"");
    let mut facts = ask_facts();
    facts.same = Some((RefundId(3), ask(BY_PAYMENT).fingerprint()));
    assert_eq!(identify(&ask(&body), Door::Http, &facts), Ok(Identified::Same(RefundId(3))), "PIN and operator aside");
    facts.payment = None;
    assert!(identify(&ask(BY_PAYMENT), Door::Http, &facts).is_ok(), "also when the payment is long forgotten");
    for other in
        [BY_PAYMENT.replace(":5,", ":6,"), BY_PAYMENT.replace("p7", "p8"), BY_PAYMENT.replace("\"x\"", "\"y\"")]
    {
        let refusal = identify(&ask(&other), Door::Http, &facts).unwrap_err();
        assert_eq!((refusal.kind, refusal.code), (RefusalKind::Conflict, "request_id_conflict"));
    }
}

#[test]
fn the_message_that_made_a_refund_is_a_replay_and_a_later_one_is_the_request_made_again() {
    let door =
        |terminal: &str, key: &str, issued_at| Door::Mqtt { terminal: terminal.into(), key: key.into(), issued_at };
    let mut facts = ask_facts();
    facts.same = Some((RefundId(3), ask(BY_PAYMENT).fingerprint()));
    facts.same_door = Some(door("VVB1", "now", 100));
    let again = |facts: &AskFacts, door: Door| identify(&ask(BY_PAYMENT), door, facts);
    assert_eq!(again(&facts, door("VVB1", "now", 100)), Ok(Identified::Replay(RefundId(3))));
    for other in [door("VVB1", "now", 101), door("VVB2", "now", 100), door("VVB1", "next", 100), Door::Http] {
        assert_eq!(again(&facts, other.clone()), Ok(Identified::Same(RefundId(3))), "{other:?}");
    }
    let other = ask(&BY_PAYMENT.replace(":5,", ":6,"));
    assert_eq!(identify(&other, door("VVB1", "now", 100), &facts).unwrap_err().code, "request_id_conflict");
    facts.same_door = Some(Door::Http);
    assert_eq!(again(&facts, Door::Http), Ok(Identified::Same(RefundId(3))), "no message, no replay");
}

#[test]
fn a_message_of_an_older_release_is_no_replay() {
    let old: Door = serde_json::from_str(r#"{"kind":"mqtt","terminal":"VVB1","key":"now"}"#).unwrap();
    assert_eq!(old, Door::Mqtt { terminal: "VVB1".into(), key: "now".into(), issued_at: 0 });
    let mut facts = ask_facts();
    facts.same = Some((RefundId(3), ask(BY_PAYMENT).fingerprint()));
    facts.same_door = Some(old);
    let now = Door::Mqtt { terminal: "VVB1".into(), key: "now".into(), issued_at: 1_795_000_000 };
    assert_eq!(identify(&ask(BY_PAYMENT), now, &facts), Ok(Identified::Same(RefundId(3))));
}
