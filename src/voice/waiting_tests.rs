use super::*;
use crate::ledger::ToSpeak;
use proptest::prelude::*;
use tokio::sync::watch;
use vietqr_edge_core::money::Dong;

fn start() -> Start {
    Start { seq: 100, at: Timestamp::from_secs(1_800_000_000), fresh_s: 120, late_s: 900 }
}

/// A payment made `paid_s` and received `received_s` before the start.
fn due(id: u64, paid_s: u64, received_s: u64) -> Due {
    Due {
        payment: PaymentId(id),
        amount: Dong(1_000),
        paid_at: start().at.minus_millis(paid_s * 1000),
        received_at: start().at.minus_millis(received_s * 1000),
        noticed_ms: 0,
    }
}

/// What a ledger holds, by the age taken at receipt.
#[derive(Default)]
struct Held(Vec<(Due, Age)>);

impl Source for Held {
    fn committed(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    fn due(&self, age: Age, limit: usize) -> Result<Vec<Due>, ReadError> {
        Ok(self.0.iter().filter(|(_, taken)| *taken == age).take(limit).map(|(due, _)| due.clone()).collect())
    }

    fn credit(&self, _: Option<PaymentId>) -> Result<Option<(PaymentId, Dong)>, ReadError> {
        Ok(None)
    }

    fn refunds(&self, _: usize) -> Result<Vec<ToSpeak>, ReadError> {
        Ok(Vec::new())
    }
}

fn ids(list: &[Due]) -> Vec<u64> {
    list.iter().map(|due| due.payment.0).collect()
}

#[test]
fn what_came_after_the_start_keeps_the_age_taken_at_receipt() {
    for taken in [Age::Fresh, Age::Late, Age::Old] {
        assert_eq!(start().age(&due(101, 10_000, 10_000), taken), taken);
    }
}

#[test]
fn what_was_received_shortly_before_the_start_keeps_its_age_too() {
    for taken in [Age::Fresh, Age::Late, Age::Old] {
        assert_eq!(start().age(&due(100, 5_000, 120), taken), taken);
    }
}

#[test]
fn what_waited_while_the_device_was_off_has_its_age_at_the_start() {
    assert_eq!(start().age(&due(100, 121, 121), Age::Fresh), Age::Late);
    assert_eq!(start().age(&due(100, 900, 900), Age::Fresh), Age::Late);
    assert_eq!(start().age(&due(100, 901, 901), Age::Fresh), Age::Old);
    assert_eq!(start().age(&due(100, 901, 121), Age::Late), Age::Old, "paid 13 minutes before its receipt");
    assert_eq!(start().age(&due(100, 121, 121), Age::Old), Age::Old, "of unknown age at receipt");
}

#[test]
fn a_receipt_ahead_of_the_clock_is_not_aged() {
    let mut ahead = due(1, 0, 0);
    ahead.received_at = start().at.plus_millis(86_400_000);
    assert_eq!(start().age(&ahead, Age::Fresh), Age::Fresh);
}

#[test]
fn a_fresh_one_behind_many_that_waited_while_off_is_found() {
    let mut held = Held((1..=50).map(|id| (due(id, 1_000, 1_000), Age::Fresh)).collect());
    held.0.push((due(101, 0, 0), Age::Fresh));
    assert_eq!(ids(&read(&held, &start()).unwrap().fresh), [101]);
    held.0.pop();
    let waiting = read(&held, &start()).unwrap();
    assert!(waiting.fresh.is_empty() && waiting.late.is_empty());
    assert_eq!(ids(&waiting.old), (1..=50).collect::<Vec<_>>());
}

#[test]
fn more_late_ones_than_are_said_alone_are_read_whole() {
    let held = Held((101..=300).map(|id| (due(id, 300, 0), Age::Late)).collect());
    assert_eq!(read(&held, &start()).unwrap().late.len(), 200);
}

#[test]
fn lists_are_in_the_order_of_receipt_whatever_list_they_came_from() {
    let held = Held(vec![
        (due(1, 1_000, 1_000), Age::Old),
        (due(2, 1_000, 1_000), Age::Fresh),
        (due(3, 1_000, 1_000), Age::Old),
        (due(4, 1_000, 1_000), Age::Late),
    ]);
    assert_eq!(ids(&read(&held, &start()).unwrap().old), [1, 2, 3, 4]);
}

#[test]
fn noticed_is_kept_for_what_waits_and_forgotten_with_it() {
    let mut noticed = Noticed::default();
    let list = |ids: &[u64]| ids.iter().map(|&id| due(id, 0, 0)).collect::<Vec<_>>();
    let mut waiting = Waiting { fresh: vec![], late: list(&[1]), old: list(&[2, 3]) };
    noticed.fill(&mut waiting, 10);
    let mut waiting = Waiting { fresh: vec![], late: list(&[]), old: list(&[3, 4]) };
    noticed.fill(&mut waiting, 20);
    assert_eq!(waiting.old.iter().map(|due| due.noticed_ms).collect::<Vec<_>>(), [10, 20]);
    assert_eq!(noticed.0.len(), 2);
    let mut waiting = Waiting { fresh: list(&[9]), ..Waiting::default() };
    noticed.fill(&mut waiting, 30);
    assert_eq!(noticed.0.len(), 2, "the others were not read, and wait still");
}

proptest! {
    #[test]
    fn nothing_that_waits_is_hidden_for_good(
        held in prop::collection::vec((0..2_000_u64, 0..2_000_u64, 0..3_usize), 0..60)
    ) {
        let mut held = Held(held.into_iter().enumerate().map(|(i, (paid, received, age))| {
            let id = i as u64 + 70;
            (due(id, paid.max(received), received), [Age::Fresh, Age::Late, Age::Old][age])
        }).collect());
        // Whatever the policy takes from what was read, in the end nothing is left.
        while !held.0.is_empty() {
            let waiting = read(&held, &start()).unwrap();
            let taken = [&waiting.fresh, &waiting.late, &waiting.old].into_iter().find_map(|list| list.first());
            let taken = taken.map(|due| due.payment);
            prop_assert!(taken.is_some());
            held.0.retain(|(due, _)| Some(due.payment) != taken);
        }
    }
}
