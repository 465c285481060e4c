//! Each rule by its name.

use super::*;
use crate::event::Reason;

const REPEAT: Receipt = Receipt::Repeat { of: PaymentId(0), adopt: None };

fn adopts(reference: &str) -> Receipt {
    Receipt::Repeat { of: PaymentId(0), adopt: Some(reference.to_owned()) }
}

#[test]
fn a_first_notice_is_booked_as_it_came() {
    let payment = Shelf::new().book(&notice());
    let expected = Payment {
        terminal: "VVB123456".to_owned(),
        bank_account: ACCOUNT.to_owned(),
        reference_number: Some("FT1".to_owned()),
        trans_type: TransType::Credit,
        amount: Dong(25_000),
        order_id: Some("HD1".to_owned()),
        content: "VQR0123456789 HD1".to_owned(),
        paid_at: at(0),
        future_time: None,
        received_at: at(2),
        source: Source::Bdsd,
        flags: Vec::new(),
        age: Age::Fresh,
        raw_sha256: "00".repeat(32),
    };
    assert_eq!(payment, expected);
}

#[test]
fn a_repeat_changes_nothing() {
    let mut shelf = Shelf::new();
    shelf.book(&notice());
    let before = shelf.clone();
    let callback = Notice { source: Source::Callback, received_at: at(300), raw_sha256: "11".repeat(32), ..notice() };
    let other_text = changed(|c| (c.order_id, c.paid_at, c.content) = (None, None, String::new()));
    for again in [notice(), callback, Notice { redelivered: true, ..notice() }, other_text] {
        assert_eq!(shelf.receive(&again), REPEAT);
        assert_eq!(shelf, before);
    }
}

#[test]
fn the_same_reference_with_another_amount_is_a_conflict_and_the_first_stands() {
    let mut shelf = Shelf::new();
    shelf.book(&notice());
    assert_eq!(shelf.refuse(&changed(|c| c.amount = Dong(25_001))), Reason::Conflict);
    assert_eq!(shelf.receive(&notice()), REPEAT);
}

#[test]
fn another_account_reference_or_direction_is_another_payment() {
    let mut shelf = Shelf::new();
    shelf.book(&notice());
    shelf.book(&changed(|c| c.reference_number = Some("FT2".to_owned())));
    shelf.book(&changed(|c| c.bank_account = Some(OTHER_ACCOUNT.to_owned())));
    shelf.book(&changed(|c| c.trans_type = TransType::Debit));
}

#[test]
fn an_account_that_is_not_ours_is_never_booked() {
    let foreign = changed(|c| c.bank_account = Some("9876543210".to_owned()));
    assert_eq!(Shelf::new().refuse(&foreign), Reason::ForeignAccount);
    let ours = Facts { accounts: vec![ACCOUNT.to_owned()], ..Facts::default() };
    let nameless = changed(|c| c.bank_account = None);
    for terminal_account in [None, Some("9876543210".to_owned())] {
        let facts = Facts { terminal_account, ..ours.clone() };
        assert_eq!(keys(&nameless, &facts), None);
        let Receipt::Quarantined { reason, detail } = receive(&nameless, &facts) else { panic!("booked") };
        assert_eq!(reason, Reason::ForeignAccount);
        assert!(!detail.contains("9876543210"));
    }
}

#[test]
fn without_an_account_it_belongs_to_its_terminal_and_is_flagged() {
    let mut shelf = Shelf::new();
    let payment = shelf.book(&changed(|c| c.bank_account = None));
    assert_eq!((payment.bank_account.as_str(), payment.flags), (ACCOUNT, vec![Flag::NoAccount]));
    assert_eq!(shelf.receive(&notice()), REPEAT);
}

#[test]
fn without_a_reference_an_equal_order_is_the_same_payment() {
    let bare = changed(|c| c.reference_number = None);
    let mut shelf = Shelf::new();
    assert_eq!(shelf.book(&bare).flags, [Flag::NoReference]);
    let other_door = changed(|c| (c.reference_number, c.paid_at, c.content) = (None, None, "x".to_owned()));
    assert_eq!(shelf.receive(&Notice { source: Source::Callback, ..other_door }), REPEAT);
    shelf.book(&changed(|c| (c.reference_number, c.amount) = (None, Dong(25_001))));
}

#[test]
fn without_reference_and_order_an_equal_second_and_content_is_the_same_payment() {
    let bare = || changed(|c| (c.reference_number, c.order_id) = (None, None));
    let with = |change: fn(&mut BalanceChange)| {
        let mut notice = bare();
        change(&mut notice.change);
        notice
    };
    let mut shelf = Shelf::new();
    shelf.book(&bare());
    assert_eq!(shelf.receive(&Notice { raw_sha256: "11".repeat(32), received_at: at(9), ..bare() }), REPEAT);
    shelf.book(&with(|c| c.paid_at = Some(at(1))));
    shelf.book(&with(|c| c.content = "other".to_owned()));
    shelf.book(&with(|c| c.amount = Dong(1)));
}

#[test]
fn a_reference_that_comes_later_is_adopted_once() {
    let mut shelf = Shelf::new();
    shelf.book(&changed(|c| c.reference_number = None));
    assert_eq!(shelf.receive(&notice()), adopts("FT1"));
    assert_eq!(shelf.receive(&notice()), REPEAT);
    let conflict = changed(|c| c.amount = Dong(7));
    assert_eq!(shelf.refuse(&conflict), Reason::Conflict);
    // The bill was paid twice: the second payment has a reference of its own.
    shelf.book(&changed(|c| c.reference_number = Some("FT2".to_owned())));
}

#[test]
fn a_notice_without_reference_after_one_with_it_is_a_repeat() {
    let mut shelf = Shelf::new();
    shelf.book(&notice());
    assert_eq!(shelf.receive(&changed(|c| c.reference_number = None)), REPEAT);
    assert_eq!(shelf.receive(&changed(|c| (c.reference_number, c.order_id) = (None, None))), REPEAT);
}

#[test]
fn equal_bodies_that_tell_nothing_are_two_payments_unless_the_broker_repeats_itself() {
    let bare = changed(|c| (c.reference_number, c.order_id, c.paid_at) = (None, None, None));
    let mut shelf = Shelf::new();
    shelf.book(&bare);
    assert_eq!(shelf.book(&bare).flags, [Flag::NoReference, Flag::NoTime]);
    assert_eq!(shelf.receive(&Notice { redelivered: true, ..bare.clone() }), REPEAT);
    assert_eq!(shelf.receive(&Notice { retained: true, ..bare.clone() }), REPEAT);
    shelf.book(&Notice { redelivered: true, raw_sha256: "11".repeat(32), ..bare });
}

#[test]
fn age_is_counted_from_the_banks_time() {
    for (seconds, ms, age) in [
        (0, 0, Age::Fresh),
        (120, 0, Age::Fresh),
        (120, 1, Age::Late),
        (900, 0, Age::Late),
        (900, 1, Age::Old),
        (86_400, 0, Age::Old),
    ] {
        let received_at = at(seconds).plus_millis(ms);
        let payment = Shelf::new().book(&Notice { received_at, redelivered: true, ..notice() });
        assert_eq!((payment.age, payment.paid_at), (age, at(0)), "{seconds} s {ms} ms");
    }
}

#[test]
fn a_missing_or_future_time_counts_as_now() {
    let missing = Shelf::new().book(&changed(|c| c.paid_at = None));
    assert_eq!((missing.paid_at, missing.age, missing.flags), (at(2), Age::Fresh, vec![Flag::NoTime]));
    let future = Shelf::new().book(&changed(|c| c.paid_at = Some(at(3))));
    assert_eq!((future.paid_at, future.age, future.flags), (at(2), Age::Fresh, vec![Flag::FutureTime]));
    let same_second = Shelf::new().book(&changed(|c| c.paid_at = Some(at(2))));
    assert_eq!(same_second.flags, []);
}

#[test]
fn a_redelivered_or_retained_notice_of_unknown_age_is_flagged_and_not_fresh() {
    let redelivered = Notice { redelivered: true, ..changed(|c| c.paid_at = None) };
    let retained = Notice { retained: true, ..changed(|c| c.paid_at = Some(at(99))) };
    let payment = Shelf::new().book(&redelivered);
    assert_eq!((payment.age, payment.flags), (Age::Old, vec![Flag::NoTime, Flag::Redelivered]));
    let payment = Shelf::new().book(&retained);
    assert_eq!((payment.age, payment.flags), (Age::Old, vec![Flag::FutureTime, Flag::Retained]));
}

#[test]
fn a_clock_in_the_past_does_not_hide_a_repeat() {
    let mut bare = changed(|c| (c.reference_number, c.order_id) = (None, None));
    bare.received_at = Timestamp::from_secs(60);
    let mut shelf = Shelf::new();
    assert_eq!(shelf.book(&bare).paid_at, Timestamp::from_secs(60));
    assert_eq!(shelf.receive(&Notice { received_at: Timestamp::from_secs(3600), ..bare.clone() }), REPEAT);
    assert_eq!(shelf.receive(&Notice { received_at: at(5), ..bare }), REPEAT);
}

#[test]
fn a_notice_older_than_the_oldest_line_is_quarantined_unless_its_payment_is_known() {
    let mut shelf = Shelf::new();
    shelf.book(&notice());
    shelf.oldest_line = Some(at(1));
    assert_eq!(shelf.receive(&notice()), REPEAT);
    let unknown = |seconds| changed(|c| (c.reference_number, c.paid_at) = (Some("FT2".to_owned()), Some(at(seconds))));
    assert_eq!(shelf.refuse(&unknown(0)), Reason::TooOld);
    shelf.book(&unknown(1));
    shelf.book(&changed(|c| (c.reference_number, c.paid_at) = (Some("FT3".to_owned()), None)));
}

#[test]
fn a_debit_is_booked_and_is_no_income() {
    let debit = Shelf::new().book(&changed(|c| c.trans_type = TransType::Debit));
    let event = debit.into_event();
    assert_eq!((event.name(), event.credit()), ("payment.debited", None));
    assert_eq!(Shelf::new().book(&notice()).into_event().name(), "payment.received");
}
