//! The promises, asked of every world and of every end.

use super::{bank, which::Which, world::World};
use std::collections::BTreeMap;
use vietqr_edge_core::refund::{EvidenceKind, Refund, State};

/// The classes of ends at each provider. `review` has no other reasons, and a refund that is not ours is taken for ours only where the
/// provider does not say whose it is and another device refunds the same amount meanwhile.
const EVERYWHERE: [&str; 8] = [
    "failed: a person's verdict",
    "failed: provider refused",
    "failed: unsent",
    "refused",
    "review: damaged journal",
    "review: no evidence",
    "succeeded",
    "succeeded, a person's verdict",
];
const VIETQR: [&str; 8] = [
    "contradicted by an equal foreign refund",
    "review: E158",
    "review: figures changed before a second try",
    "review: figures tell another story",
    "review: more refunded than known, older request",
    "review: no figures before sending",
    "succeeded, evidence of figures",
    "succeeded: an equal foreign refund",
];
const VNPAY: [&str; 5] = [
    "contradicted by an equal foreign refund",
    "failed: rejected later",
    "review: more refunded than known, older request",
    "succeeded, looked up",
    "succeeded: an equal foreign refund",
];
const QFPAY: [&str; 2] = ["failed: rejected later", "succeeded, looked up"];

pub fn classes(which: Which) -> Vec<&'static str> {
    let own: &[&str] = match which {
        Which::VietQr => &VIETQR,
        Which::Vnpay => &VNPAY,
        Which::Qfpay => &QFPAY,
    };
    EVERYWHERE.iter().chain(own).copied().collect()
}

/// What must hold in every world.
pub fn always(world: &World) {
    for intent in 0..world.refunds.len() {
        let times = world.bank.ours().filter(|movement| movement.intent == Some(intent)).count();
        assert!(times <= 1, "refund {intent} moves money {times} times");
    }
    let ours: u64 = world.bank.ours().map(|movement| movement.amount).sum();
    assert!(ours <= world.bank.paid, "{ours} of {} go back", world.bank.paid);
    let open = world.refunds.iter().filter(|refund| refund.state.in_flight()).count();
    assert!(open <= 1, "{open} refunds of one payment are in flight");
    let mut days: BTreeMap<String, u64> = BTreeMap::new();
    for refund in world.refunds.iter().filter(|refund| refund.state.counts()) {
        *days.entry(refund.created_at.vietnam_day()).or_default() += refund.request.amount;
    }
    for (day, sum) in days {
        assert!(sum <= world.scenario.daily, "{sum} on {day}, above the day's limit");
    }
    for refund in &world.refunds {
        let approved = refund.approved_by.is_some() || !world.scenario.approval;
        assert!(approved || refund.attempt_count == 0, "sent without approval: {refund:?}");
    }
}

/// What must hold when nothing is left to happen; the class of each refund's end.
pub fn ends(world: &World) -> Vec<&'static str> {
    assert!(!world.refunds.is_empty());
    let classes = world.refunds.iter().enumerate().map(|(intent, refund)| end(world, intent, refund)).collect();
    if !world.happened.misfortune {
        for refund in &world.refunds {
            assert_eq!(refund.state, State::Succeeded, "without misfortune: {refund:?}");
        }
    }
    classes
}

fn end(world: &World, intent: usize, refund: &Refund) -> &'static str {
    let (happened, which) = (&world.happened, world.scenario.which);
    let moved = world.bank.ours().any(|movement| movement.intent == Some(intent));
    let done = |(movement, state): (&bank::Movement, _)| movement.intent == Some(intent) && state == bank::State::Done;
    let person = refund.verdict.is_some();
    let evidence = refund.evidence.as_ref().map(|evidence| evidence.kind);
    match refund.state {
        _ if refund.contradicted => {
            assert!(which != Which::Qfpay && happened.foreign_equal, "a true verdict was contradicted: {refund:?}");
            "contradicted by an equal foreign refund"
        }
        State::Succeeded if !moved => {
            let kind = if which == Which::VietQr { EvidenceKind::Figures } else { EvidenceKind::LookUp };
            assert!(which != Which::Qfpay && evidence == Some(kind), "succeeded, and nothing moved: {refund:?}");
            assert!(happened.foreign_equal && happened.unknown, "succeeded, and nothing moved: {refund:?}");
            "succeeded: an equal foreign refund"
        }
        State::Succeeded if person => "succeeded, a person's verdict",
        State::Succeeded if evidence == Some(EvidenceKind::Figures) => "succeeded, evidence of figures",
        State::Succeeded if evidence == Some(EvidenceKind::LookUp) => {
            assert!(which != Which::Qfpay || world.bank.records().any(done), "said done, and is not: {refund:?}");
            "succeeded, looked up"
        }
        State::Succeeded => "succeeded",
        State::Failed | State::Refused if moved => panic!("{:?}, and the money moved: {refund:?}", refund.state),
        State::Failed if person => "failed: a person's verdict",
        State::Failed if refund.attempts.last().is_some_and(|attempt| attempt.code == refund.code) => {
            "failed: provider refused"
        }
        State::Failed if matches!(refund.code.as_deref(), Some("00/09" | "1155")) => {
            assert!(happened.rejected, "{refund:?}");
            "failed: rejected later"
        }
        State::Failed => "failed: unsent",
        State::Refused => "refused",
        State::Review => review(world, refund),
        other => panic!("ends in {other:?}: {refund:?}"),
    }
}

fn review(world: &World, refund: &Refund) -> &'static str {
    let happened = &world.happened;
    let (class, cause) = match refund.code.as_deref() {
        Some("no_figures") => ("review: no figures before sending", happened.no_figures),
        Some("refunded_elsewhere") => {
            ("review: more refunded than known, older request", happened.foreign && happened.restart)
        }
        Some("figures_changed") => ("review: figures changed before a second try", happened.e74),
        Some("in_progress") => ("review: E158", happened.e158),
        Some("unresolved") => ("review: no evidence", happened.unknown),
        Some("figures_conflict") => {
            let other = happened.foreign || happened.stale || happened.person || happened.late;
            ("review: figures tell another story", happened.unknown && other)
        }
        Some("journal_damaged") => ("review: damaged journal", happened.damage),
        other => panic!("review for {other:?}: {refund:?}"),
    };
    assert!(cause, "{class} without its cause: {happened:?} {refund:?}");
    class
}
