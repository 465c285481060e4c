use super::*;
use crate::provider::{Outcome, Own, Told};

fn unknown() -> Outcome {
    Outcome::Unknown(Told::code("no_answer"))
}

fn sent_unknown() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.begin(found(0, 0));
    ledger.sent(unknown());
    ledger
}

#[test]
fn the_attempts_bytes_are_written_with_sending_and_only_then_may_they_leave() {
    let mut ledger = Ledger::new();
    let change = ledger.begin(found(0, 0));
    assert!(change.sends());
    assert!(matches!(&change.notes[..], [Note::RefundAttempt { body, .. }] if body == "{}"));
    assert_eq!(ledger.refund.baseline.unwrap().figures, Figures::default());
    assert!(ledger.decide(Input::Begin { attempt: "b".into(), body: String::new(), look_up: found(0, 0) }).is_err());
}

#[test]
fn unsent_ends_are_told_by_the_look_up_before() {
    let ends = [
        (LookUp::NotFound, State::Failed, Some("not_found")),
        (
            LookUp::Found { amount: 1, figures: Some(Figures::default()), refundable: false },
            State::Failed,
            Some("not_refundable"),
        ),
        (LookUp::Refused(Told::code("E77")), State::Failed, Some("E77")),
        (LookUp::NoFigures, State::Review, Some("no_figures")),
        (found(1, 50_000), State::Refused, Some("more_than_left")),
        (LookUp::Unavailable(Told::code("no_answer")), State::Queued, None),
        (LookUp::TokenRefused, State::Queued, None),
    ];
    for (look_up, state, code) in ends {
        let mut ledger = Ledger::new();
        assert!(!ledger.begin(look_up.clone()).sends());
        assert_eq!(ledger.state(), (state, code), "{look_up:?}");
        assert!(ledger.refund.attempts.is_empty());
    }
}

#[test]
fn more_refunded_than_known_stops_only_a_request_older_than_this_start() {
    let mut young = Ledger::new();
    assert!(young.begin(found(1, 10_000)).sends());
    let mut old = Ledger::new();
    old.facts.started_seq = old.facts.next_seq;
    assert!(!old.begin(found(1, 10_000)).sends());
    assert_eq!(old.state(), (State::Review, Some("refunded_elsewhere")));
}

#[test]
fn what_did_not_reach_the_provider_is_sent_again_with_pauses_of_at_most_30_seconds() {
    let mut ledger = Ledger::new();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert!(ledger.begin(found(0, 0)).sends());
        ledger.sent(Outcome::NotSent(Told::code("not_sent")));
        let next = ledger.refund.next.unwrap();
        pauses.push(next.pause_ms / 1000);
        assert_eq!(due(&ledger.refund, ledger.facts.now), Work::Wait(ledger.facts.now.plus_millis(next.pause_ms)));
        ledger.later(next.pause_ms);
        assert_eq!(due(&ledger.refund, ledger.facts.now), Work::LookUpFirst);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!((ledger.refund.attempts.len(), ledger.refund.attempt_count), (ATTEMPTS_KEPT, 8));
}

#[test]
fn one_refused_token_is_forgiven_and_a_second_one_is_a_refusal() {
    let mut ledger = Ledger::new();
    for state in [State::Queued, State::Failed] {
        ledger.begin(found(0, 0));
        ledger.sent(Outcome::TokenRefused(Told::code("E74")));
        assert_eq!(ledger.refund.state, state);
    }
    assert_eq!(ledger.state(), (State::Failed, Some("E74")));
}

#[test]
fn figures_that_changed_since_an_attempt_said_not_to_be_executed_stop_the_next() {
    for outcome in
        [Outcome::TokenRefused(Told::code("E74")), Outcome::RetryableSameId { told: Told::code("later"), pause_ms: 0 }]
    {
        let mut ledger = Ledger::new();
        ledger.begin(found(0, 0));
        ledger.sent(outcome);
        assert!(!ledger.begin(found(1, 30_000)).sends());
        assert_eq!(ledger.state(), (State::Review, Some("figures_changed")));
    }
}

#[test]
fn a_clear_refusal_ends_it_and_anything_else_is_never_sent_again() {
    let mut refused = Ledger::new();
    refused.begin(found(0, 0));
    refused.sent(Outcome::FailedFinal(Told::code("E42")));
    assert_eq!(refused.state(), (State::Failed, Some("E42")));
    let mut ledger = sent_unknown();
    assert_eq!(ledger.state(), (State::Unknown, Some("no_answer")));
    for _ in 0..500 {
        ledger.later(3_600_000);
        let _ = ledger.decide(Input::Tick);
        match due(&ledger.refund, ledger.facts.now) {
            Work::LookUp => ledger.looked_up(found(0, 0)),
            Work::LookUpFirst => panic!("it would be sent again"),
            Work::Wait(_) | Work::Nothing => {}
        }
    }
    assert_eq!(ledger.state(), (State::Review, Some("unresolved")));
}

#[test]
fn one_more_refund_of_exactly_our_amount_is_evidence_and_nothing_else_is() {
    let mut ledger = sent_unknown();
    ledger.looked_up(found(1, 60_000));
    assert_eq!(ledger.state(), (State::Succeeded, None));
    let evidence = ledger.refund.evidence.clone().unwrap();
    assert_eq!((evidence.kind, evidence.after.unwrap().amount_refunded), (EvidenceKind::Figures, 60_000));
    for (count, amount) in [(2, 60_000), (1, 59_999), (2, 120_000), (2, 67_000), (0, 60_000)] {
        let mut ledger = sent_unknown();
        ledger.looked_up(found(count, amount));
        assert_eq!(ledger.state(), (State::Review, Some("figures_conflict")), "{count} {amount}");
        ledger.looked_up(found(1, 60_000));
        assert_eq!(ledger.refund.state, State::Review, "once confused, figures prove nothing");
    }
}

#[test]
fn what_proves_nothing_changes_nothing_until_the_schedule_is_walked_through() {
    let nothing = [
        found(0, 0),
        LookUp::NotFound,
        LookUp::NoFigures,
        LookUp::TokenRefused,
        LookUp::Refused(Told::code("E77")),
        LookUp::Unavailable(Told::code("no_answer")),
    ];
    for look_up in nothing {
        let mut ledger = sent_unknown();
        for pause_s in [30, 60, 600] {
            assert_eq!(ledger.refund.state, State::Unknown);
            assert_eq!(due(&ledger.refund, ledger.facts.now), Work::Wait(ledger.facts.now.plus_millis(pause_s * 1000)));
            ledger.later(pause_s * 1000);
            assert_eq!(due(&ledger.refund, ledger.facts.now), Work::LookUp);
            ledger.looked_up(look_up.clone());
        }
        assert_eq!(ledger.state(), (State::Review, Some("unresolved")), "{look_up:?}");
        ledger.looked_up(found(1, 60_000));
        assert_eq!(ledger.refund.state, State::Succeeded, "evidence settles a review");
    }
}

#[test]
fn in_review_look_ups_go_on_for_seven_days_and_then_end() {
    let mut ledger = sent_unknown();
    for _ in 0..3 {
        ledger.looked_up(found(0, 0));
    }
    let mut count = 0;
    while let Work::Wait(at) = due(&ledger.refund, ledger.facts.now) {
        ledger.facts.now = at;
        if due(&ledger.refund, at) == Work::LookUp {
            ledger.looked_up(found(0, 0));
            count += 1;
        }
    }
    assert_eq!(count, 7 * 24 * 6 - 1);
    assert_eq!(deadline(&ledger.refund), Some(ledger.facts.now));
    ledger.decide(Input::Tick).unwrap();
    assert_eq!((ledger.refund.state, deadline(&ledger.refund)), (State::Review, None));
}

#[test]
fn e158_is_for_people_and_figures_never_make_it_succeeded() {
    let mut ledger = Ledger::new();
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::InProgress(Told::code("E158")));
    assert_eq!(ledger.state(), (State::Review, Some("in_progress")));
    assert_eq!(ledger.refund.next.unwrap().pause_ms, 30_000, "figures are looked up after the first pause");
    ledger.looked_up(found(1, 60_000));
    assert_eq!(ledger.refund.state, State::Review);
    assert_eq!(ledger.refund.seen.unwrap().figures, Figures { refund_count: 1, amount_refunded: 60_000 });
}

#[test]
fn a_restart_makes_sending_unknown_and_leaves_the_rest_alone() {
    let mut ledger = Ledger::new();
    assert_eq!(ledger.decide(Input::Restart).unwrap(), Change::default());
    ledger.begin(found(0, 0));
    ledger.decide(Input::Restart).unwrap();
    assert_eq!(ledger.state(), (State::Unknown, Some("restart")));
    assert_eq!(ledger.decide(Input::Restart).unwrap(), Change::default());
}

#[test]
fn what_lapses_lapses_after_a_day() {
    let mut ledger = Ledger::new();
    ledger.later(LAPSE_MS - 1);
    assert_eq!(ledger.decide(Input::Tick).unwrap(), Change::default());
    ledger.later(1);
    assert!(!ledger.begin(found(0, 0)).sends(), "a look-up that came too late sends nothing");
    assert_eq!(ledger.state(), (State::Failed, Some("expired_unsent")));
}

#[test]
fn a_later_try_does_not_begin_the_day_anew() {
    let mut ledger = Ledger::new();
    ledger.later(LAPSE_MS - 5_000);
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::NotSent(Told::code("not_sent")));
    ledger.later(5_000);
    ledger.decide(Input::Tick).unwrap();
    assert_eq!(ledger.state(), (State::Failed, Some("expired_unsent")));
}

#[test]
fn a_clock_that_was_set_back_does_not_put_a_look_up_off() {
    let ledger = sent_unknown();
    assert_eq!(due(&ledger.refund, at(-3_600_000)), Work::LookUp);
}

#[test]
fn without_look_ups_time_alone_brings_an_unknown_refund_before_people() {
    let mut ledger = sent_unknown();
    let until = deadline(&ledger.refund).unwrap();
    ledger.facts.now = until.minus_millis(1);
    assert_eq!(ledger.decide(Input::Tick).unwrap(), Change::default());
    ledger.facts.now = until;
    ledger.decide(Input::Tick).unwrap();
    assert_eq!(ledger.state(), (State::Review, Some("unresolved")));
}

#[test]
fn damage_and_a_copied_journal_are_for_people() {
    let mut queued = Ledger::new();
    queued.decide(Input::JournalDamaged).unwrap();
    assert_eq!(queued.state(), (State::Review, Some("journal_damaged")));
    assert_eq!(queued.decide(Input::JournalDamaged).unwrap(), Change::default());
    let mut unknown = sent_unknown();
    unknown.decide(Input::JournalDamaged).unwrap();
    unknown.looked_up(found(1, 60_000));
    assert_eq!(unknown.refund.state, State::Review, "what the lost lines said is not known");
    let mut copied = Ledger::new();
    copied.decide(Input::ForeignJournal).unwrap();
    assert_eq!(copied.state(), (State::Review, Some("foreign_journal")));
    assert_eq!(sent_unknown().decide(Input::ForeignJournal).unwrap(), Change::default());
}

#[test]
fn a_provider_that_tells_our_own_refund_is_believed() {
    let mut ledger = sent_unknown();
    ledger.looked_up(LookUp::Own(Own::Pending));
    assert_eq!(ledger.refund.state, State::Pending);
    ledger.looked_up(LookUp::Own(Own::Succeeded { reference: Some("N1".into()) }));
    assert_eq!(ledger.refund.state, State::Succeeded);
    let mut rejected = sent_unknown();
    rejected.looked_up(LookUp::Own(Own::Rejected(Told::code("09"))));
    assert_eq!(rejected.state(), (State::Failed, Some("09")));
}

#[test]
fn the_record_stays_within_the_stores_limit() {
    let wide = |n: usize| "ắ".repeat(n);
    let mut asked = Request { reason: "\"".repeat(200), operator: wide(64), request_id: "x".repeat(64), ..a_request() };
    asked.door = Door::Mqtt { terminal: "T".repeat(64), key: "k".repeat(64), issued_at: u64::MAX };
    let mut ledger = Ledger::with(asked, a_facts());
    for _ in 0..10 {
        let begin = Input::Begin { attempt: "a".repeat(32), body: String::new(), look_up: found(0, 0) };
        ledger.decide(begin).unwrap();
        ledger.sent(Outcome::NotSent(Told::with("not_sent", &wide(500))));
    }
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::InProgress(Told::with("E158", &wide(500))));
    let resolve = Input::Resolve { verdict: Verdict::Failed, by: manager(), reason: wide(200) };
    ledger.decide(resolve).unwrap();
    let bytes = serde_json::to_vec(&ledger.refund).unwrap();
    assert!(bytes.len() <= 4096, "{} bytes", bytes.len());
}

#[test]
fn what_leaves_the_device_has_no_whole_account() {
    let ledger = Ledger::new();
    let public = ledger.events[0].public(10);
    assert_eq!(public["original"]["bank_account"], "***7890");
    assert_eq!((&public["refund"], &public["provider"]), (&serde_json::json!("r10"), &serde_json::json!("vietqr")));
    assert_eq!(ledger.refund.resource(false)["original"]["bank_account"], "***7890");
    assert_eq!(ledger.refund.resource(true)["original"]["bank_account"], "1234567890");
}
