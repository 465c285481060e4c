use super::*;
use crate::provider::{Outcome, Told};

fn awaiting() -> Ledger {
    let mut facts = a_facts();
    facts.limits.approval_above = 10_000;
    Ledger::with(a_request(), facts)
}

fn in_review() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::Unknown(Told::code("no_answer")));
    for _ in 0..3 {
        ledger.looked_up(found(0, 0));
    }
    assert_eq!(ledger.refund.state, State::Review);
    ledger
}

fn resolve(verdict: Verdict) -> Input {
    Input::Resolve { verdict, by: manager(), reason: "statement".into() }
}

#[test]
fn a_manager_other_than_the_requester_approves() {
    let mut ledger = awaiting();
    assert_eq!(ledger.refund.state, State::AwaitingApproval);
    assert_eq!(due(&ledger.refund, ledger.facts.now), Work::Nothing);
    let cashier = Person { name: "hoa".into(), manager: false };
    assert_eq!(ledger.decide(Input::Approve { by: cashier }).unwrap_err().code, "not_a_manager");
    let requester = Person { name: "lan".into(), manager: true };
    assert_eq!(ledger.decide(Input::Approve { by: requester }).unwrap_err().code, "same_person");
    ledger.decide(Input::Approve { by: manager() }).unwrap();
    assert_eq!((ledger.refund.state, ledger.refund.approved_by.as_deref()), (State::Queued, Some("chi")));
    assert!(ledger.begin(found(0, 0)).sends());
}

#[test]
fn the_policy_is_decided_again_at_approval() {
    let mut ledger = awaiting();
    ledger.facts.day_total = 19_950_000;
    let refusal = ledger.decide(Input::Approve { by: manager() }).unwrap_err();
    assert_eq!((refusal.kind, refusal.code), (RefusalKind::Rule, "above_daily_total"));
    assert_eq!(ledger.refund.state, State::AwaitingApproval);
}

#[test]
fn who_asked_and_who_approved_is_in_every_event() {
    let mut ledger = awaiting();
    ledger.decide(Input::Approve { by: manager() }).unwrap();
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::Unknown(Told::code("no_answer")));
    ledger.looked_up(found(1, 60_000));
    let told: Vec<_> = ledger.events.iter().map(|event| (event.name(), event.public(1))).collect();
    let approved = told.iter().position(|(name, _)| *name == "refund.approved").unwrap();
    assert!(told.len() > 5);
    for (n, (name, data)) in told.iter().enumerate() {
        assert_eq!(data["operator"], "lan", "{name}");
        assert_eq!(data.get("approved_by").and_then(|by| by.as_str()), (n >= approved).then_some("chi"), "{name}");
    }
    assert_eq!(ledger.refund.resource(false)["approved_by"], "chi");
}

#[test]
fn of_an_operator_who_was_taken_out_nothing_is_accepted_approved_or_sent() {
    let mut facts = a_facts();
    facts.known_operator = false;
    assert_eq!(request(a_request(), &facts).unwrap_err().kind, RefusalKind::Forbidden);
    let mut ledger = awaiting();
    ledger.facts.known_operator = false;
    assert_eq!(ledger.decide(Input::Approve { by: manager() }).unwrap_err().code, "unknown_operator");
    let mut ledger = Ledger::new();
    ledger.facts.known_operator = false;
    assert!(!ledger.begin(found(0, 0)).sends());
    assert_eq!(ledger.state(), (State::Refused, Some("unknown_operator")));
}

#[test]
fn approval_lapses_after_a_day() {
    let mut ledger = awaiting();
    ledger.later(LAPSE_MS);
    assert_eq!(ledger.decide(Input::Approve { by: manager() }).unwrap_err().code, "approval_expired");
    ledger.decide(Input::Tick).unwrap();
    assert_eq!(ledger.state(), (State::Refused, Some("approval_expired")));
}

#[test]
fn a_limit_lowered_meanwhile_asks_for_approval_before_sending() {
    let mut ledger = Ledger::new();
    ledger.facts.limits.approval_above = 10_000;
    assert!(!ledger.begin(found(0, 0)).sends());
    assert_eq!(ledger.refund.state, State::AwaitingApproval);
}

#[test]
fn the_one_who_asked_or_a_manager_cancels_until_sending_is_durable() {
    let cancel = |name: &str, manager| Input::Cancel { by: Person { name: name.into(), manager }, reason: "x".into() };
    let mut ledger = Ledger::new();
    assert_eq!(ledger.decide(cancel("hoa", false)).unwrap_err().kind, RefusalKind::Forbidden);
    for who in [cancel("lan", false), cancel("hoa", true)] {
        let mut ledger = Ledger::new();
        ledger.decide(who).unwrap();
        assert_eq!(ledger.state(), (State::Refused, Some("cancelled")));
    }
    ledger.begin(found(0, 0));
    let refusal = ledger.decide(cancel("lan", false)).unwrap_err();
    assert_eq!((refusal.kind, refusal.code), (RefusalKind::Conflict, "wrong_state"));
}

#[test]
fn a_verdict_is_given_in_review_only_and_counts() {
    assert_eq!(Ledger::new().decide(resolve(Verdict::Failed)).unwrap_err().kind, RefusalKind::Conflict);
    for (verdict, state) in [(Verdict::Failed, State::Failed), (Verdict::Succeeded, State::Succeeded)] {
        let mut ledger = in_review();
        ledger.decide(resolve(verdict)).unwrap();
        assert_eq!(ledger.refund.state, state);
        assert_eq!(ledger.refund.evidence.as_ref().unwrap().by.as_deref(), Some("chi"));
        assert!(ledger.refund.is_open(), "look-ups go on");
    }
}

#[test]
fn a_cashier_gives_no_verdict_or_who_asked_could_ask_again() {
    let mut ledger = in_review();
    let by = Person { name: "lan".into(), manager: false };
    let verdict = Input::Resolve { verdict: Verdict::Failed, by, reason: "x".into() };
    assert_eq!(ledger.decide(verdict).unwrap_err().code, "not_a_manager");
    assert_eq!(ledger.refund.state, State::Review);
}

#[test]
fn evidence_against_a_verdict_is_told_once_and_sends_nothing() {
    let mut ledger = in_review();
    ledger.decide(resolve(Verdict::Failed)).unwrap();
    assert_eq!(ledger.facts.sums.written_off, 1);
    ledger.looked_up(found(1, 60_000));
    assert_eq!(ledger.last(), "refund.contradicted");
    assert_eq!(ledger.refund.state, State::Failed, "people sort it out");
    assert_eq!((ledger.facts.sums.refunded, ledger.facts.sums.written_off), (60_000, 0), "the money is gone");
    assert_eq!(due(&ledger.refund, ledger.facts.now.plus_millis(WATCH_MS)), Work::Nothing);
    assert!(ledger.decide(Input::LookedUp(found(1, 60_000))).is_err());
}

#[test]
fn a_verdict_that_evidence_confirms_is_watched_no_more() {
    let mut ledger = in_review();
    ledger.decide(resolve(Verdict::Succeeded)).unwrap();
    ledger.looked_up(found(1, 60_000));
    assert_eq!((ledger.last(), ledger.refund.is_open()), ("refund.resolved", false));
}

#[test]
fn a_later_refund_of_ours_is_no_evidence_against_an_earlier_verdict() {
    let mut ledger = in_review();
    ledger.decide(resolve(Verdict::Failed)).unwrap();
    ledger.facts.sums.last_sent = Some(RefundId(99));
    ledger.looked_up(found(1, 60_000));
    assert!(!ledger.refund.contradicted && !ledger.refund.is_open());
}

#[test]
fn after_a_refund_was_written_off_figures_of_the_next_prove_nothing() {
    let mut ledger = Ledger::new();
    ledger.facts.sums.written_off = 1;
    ledger.begin(found(0, 0));
    ledger.sent(Outcome::Unknown(Told::code("no_answer")));
    ledger.looked_up(found(1, 60_000));
    assert_eq!(ledger.state(), (State::Review, Some("figures_conflict")));
}

#[test]
fn figures_that_lag_behind_what_we_know_prove_nothing_later() {
    let mut ledger = Ledger::new();
    (ledger.facts.sums.refunded, ledger.facts.sums.count) = (40_000, 1);
    assert!(ledger.begin(found(0, 0)).sends());
    assert!(ledger.refund.baseline.unwrap().unsettled);
}
