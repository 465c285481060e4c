//! The promises, asked of every world and of every end.

use super::world::World;
use vietqr_edge_core::refund::{EvidenceKind, Refund, State};

/// Every class of ends there is. `review` has no other reasons, and `succeeded` by an equal refund of another device is the one case
/// that can not be told apart.
pub const CLASSES: [&str; 16] = [
    "contradicted by an equal foreign refund",
    "failed: a person's verdict",
    "failed: provider refused",
    "failed: unsent",
    "refused",
    "review: damaged journal",
    "review: E158",
    "review: figures changed before a second try",
    "review: figures tell another story",
    "review: more refunded than known, older request",
    "review: no evidence",
    "review: no figures before sending",
    "succeeded",
    "succeeded, a person's verdict",
    "succeeded, evidence of figures",
    "succeeded: an equal foreign refund",
];

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
    let happened = &world.happened;
    let moved = world.bank.ours().any(|movement| movement.intent == Some(intent));
    let person = refund.verdict.is_some();
    let evidence = refund.evidence.as_ref().map(|evidence| evidence.kind);
    match refund.state {
        _ if refund.contradicted => {
            assert!(happened.foreign_equal, "a true verdict was contradicted: {refund:?}");
            "contradicted by an equal foreign refund"
        }
        State::Succeeded if !moved => {
            assert!(evidence == Some(EvidenceKind::Figures), "succeeded, and nothing moved: {refund:?}");
            assert!(happened.foreign_equal && happened.unknown, "succeeded, and nothing moved: {refund:?}");
            "succeeded: an equal foreign refund"
        }
        State::Succeeded if person => "succeeded, a person's verdict",
        State::Succeeded if evidence == Some(EvidenceKind::Figures) => "succeeded, evidence of figures",
        State::Succeeded => "succeeded",
        State::Failed | State::Refused if moved => panic!("{:?}, and the money moved: {refund:?}", refund.state),
        State::Failed if person => "failed: a person's verdict",
        State::Failed if refund.attempts.last().is_some_and(|attempt| attempt.code == refund.code) => {
            "failed: provider refused"
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
