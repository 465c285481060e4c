//! What providers other than VietQR ask of the machine.

use super::*;
use crate::provider::{Outcome, Own, Told};

fn vnpay(date: &str, original_amount: u64, amount: u64) -> Request {
    let original = Original::new(
        &provider::vnpay::FORM,
        "DEMO0001",
        [("txn_ref", "HD1".into()), ("transaction_date", date.into()), ("original_amount", original_amount.into())],
    );
    Request { original, amount, ..a_request() }
}

const DATE: &str = "20261118093000";
const FOUND: LookUp = LookUp::Found { amount: 100_000, figures: None, refundable: true };

fn facts() -> Facts {
    Facts { credited: None, ..a_facts() }
}

/// Sent, and its answer lost.
fn lost() -> Ledger {
    let mut ledger = Ledger::with(vnpay(DATE, 100_000, 60_000), facts());
    ledger.begin(FOUND);
    ledger.sent(Outcome::Unknown(Told::code("no_answer")));
    ledger
}

fn alike() -> [LookUp; 3] {
    let done = Own::Succeeded { reference: Some("77".into()) };
    [done, Own::Pending, Own::Rejected(Told::code("00/09"))].map(LookUp::Alike)
}

#[test]
fn a_refund_of_our_amount_is_ours_where_no_other_can_be() {
    for (look_up, state) in alike().into_iter().zip([State::Succeeded, State::Pending, State::Failed]) {
        let mut ledger = lost();
        ledger.looked_up(look_up.clone());
        assert_eq!(ledger.refund.state, state, "{look_up:?}");
    }
}

#[test]
fn a_refund_of_our_amount_proves_nothing_where_it_may_be_another() {
    let others: [fn(&mut Ledger); 3] = [
        |ledger| (ledger.facts.sums.count, ledger.facts.sums.refunded) = (1, 40_000),
        |ledger| ledger.facts.sums.written_off = 1,
        |ledger| {
            let figures = Figures { refund_count: 1, amount_refunded: 60_000 };
            ledger.refund.baseline = Some(Baseline { figures, unsettled: false });
        },
    ];
    for other in others {
        for look_up in alike() {
            let mut ledger = lost();
            other(&mut ledger);
            ledger.looked_up(look_up.clone());
            assert_eq!(ledger.refund.state, State::Unknown, "{look_up:?}");
            assert_eq!(ledger.refund.looked_up[0].code.as_deref(), Some("another_refund"));
        }
    }
    let mut named = lost();
    named.facts.sums.written_off = 1;
    named.looked_up(LookUp::Own(Own::Succeeded { reference: None }));
    assert_eq!(named.refund.state, State::Succeeded, "by its name it is ours in any case");
}

#[test]
fn before_sending_a_refund_of_our_amount_decides_nothing() {
    for look_up in alike() {
        let mut ledger = Ledger::with(vnpay(DATE, 100_000, 60_000), facts());
        assert!(!ledger.begin(look_up).sends());
        assert_eq!(ledger.refund.state, State::Queued);
    }
}

#[test]
fn later_is_not_before_the_providers_pause_and_never_sooner_than_ours() {
    for (pause_ms, waits) in [(0, 1_000), (1_800_000, 1_800_000)] {
        let mut ledger = Ledger::with(vnpay(DATE, 100_000, 60_000), facts());
        ledger.begin(FOUND);
        ledger.sent(Outcome::RetryableSameId { told: Told::code("1269"), pause_ms });
        assert_eq!(ledger.refund.state, State::Queued);
        assert_eq!(due(&ledger.refund, at(0)), Work::Wait(at(waits)));
    }
}

#[test]
fn what_was_paid_is_the_least_that_anyone_says() {
    // The caller says 200,000, the provider 100,000.
    let mut ledger = Ledger::with(vnpay(DATE, 200_000, 150_000), facts());
    assert!(!ledger.begin(FOUND).sends());
    assert_eq!(ledger.state(), (State::Refused, Some("more_than_left")));
    // The caller says less.
    let refused = request(vnpay(DATE, 50_000, 60_000), &facts()).unwrap_err();
    assert_eq!(refused.code, "more_than_left");
    // Figures that are behind do not make more of it than this ledger knows.
    let mut ledger = Ledger::with(vnpay(DATE, 100_000, 60_000), facts());
    (ledger.facts.sums.count, ledger.facts.sums.refunded) = (1, 50_000);
    assert!(!ledger.begin(found(0, 0)).sends());
    assert_eq!(ledger.state(), (State::Refused, Some("more_than_left")));
}

#[test]
fn another_date_or_amount_of_one_payment_is_a_conflict_whatever_state_the_first_is_in() {
    let mut ledger = Ledger::with(vnpay(DATE, 100_000, 60_000), facts());
    for (date, original) in [("20261118093001", 100_000), (DATE, 200_000)] {
        let refused = request(vnpay(date, original, 10_000), &ledger.facts).unwrap_err();
        assert_eq!((refused.kind, refused.code), (RefusalKind::Conflict, "original_conflict"), "in flight");
    }
    assert_eq!(request(vnpay(DATE, 100_000, 10_000), &ledger.facts).unwrap_err().code, "in_flight");
    ledger.begin(FOUND);
    ledger.sent(Outcome::FailedFinal(Told::code("93")));
    assert_eq!(request(vnpay(DATE, 200_000, 10_000), &ledger.facts).unwrap_err().code, "original_conflict");
}

#[test]
fn what_was_said_of_a_payment_is_forgotten_where_it_was_sent_nowhere() {
    let mut ledger = Ledger::with(vnpay("20200101000000", 100_000, 60_000), facts());
    ledger.begin(LookUp::NotFound);
    assert_eq!(ledger.state(), (State::Failed, Some("not_found")));
    assert!(request(vnpay(DATE, 100_000, 60_000), &ledger.facts).is_ok(), "a mistyped date does not lock the payment");
}

#[test]
fn look_ups_that_tell_the_same_are_one_line() {
    let mut ledger = lost();
    let told = [FOUND, FOUND, LookUp::NotFound, FOUND];
    for look_up in told {
        ledger.facts.lookup_s = vec![1; 20];
        ledger.later(1_000);
        ledger.looked_up(look_up);
    }
    let lines: Vec<_> =
        ledger.refund.looked_up.iter().map(|told| (told.count, told.code.as_deref().unwrap())).collect();
    assert_eq!(lines, [(2, "payment_only"), (1, "not_found"), (1, "payment_only")]);
    assert_eq!((ledger.refund.looked_up[0].from, ledger.refund.looked_up[0].to), (at(1_000), at(2_000)));
}

#[test]
fn the_record_of_any_provider_stays_within_the_stores_limit() {
    let wide = |n: usize| "ắ".repeat(n);
    let mut asked = Request {
        reason: "\"".repeat(200),
        operator: wide(64),
        request_id: "x".repeat(64),
        ..vnpay(DATE, 9_999_999_999, 60_000)
    };
    asked.original = Original::new(
        &provider::qfpay::FORM,
        &"a".repeat(64),
        [("syssn", "1".repeat(128).into()), ("original_amount", 9_999_999_999.into())],
    );
    asked.door = Door::Mqtt { terminal: "T".repeat(64), key: "k".repeat(64), issued_at: u64::MAX };
    let mut ledger = Ledger::with(asked, facts());
    for _ in 0..10 {
        let begin = Input::Begin { attempt: "a".repeat(32), body: String::new(), look_up: FOUND };
        ledger.decide(begin).unwrap();
        ledger.sent(Outcome::RetryableSameId { told: Told::with(wide(99), &wide(500)), pause_ms: 0 });
    }
    ledger.begin(FOUND);
    let told = Some(Told::with("1143", &wide(500)));
    ledger.sent(Outcome::Pending { reference: Some("1".repeat(64)), told });
    for n in 0..20 {
        ledger.facts.lookup_s = vec![1; 10];
        ledger.looked_up(LookUp::Unavailable(Told::code(format!("{n}{}", wide(99)))));
    }
    ledger.refund.approved_by = Some(wide(64));
    let resolve = Input::Resolve { verdict: Verdict::Failed, by: manager(), reason: wide(200) };
    ledger.decide(resolve).unwrap();
    let bytes = serde_json::to_vec(&ledger.refund).unwrap();
    assert!(bytes.len() <= 4096, "{} bytes", bytes.len());
}
