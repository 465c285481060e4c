use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MANNER: Manner = Manner { dialect: Dialect::North, small_amount: Dong(1_000) };

fn due(id: u64, amount: u64, noticed_ms: u64) -> Due {
    let paid_at = "2026-11-21T14:05:00+07:00".parse().unwrap();
    Due { payment: PaymentId(id), amount: Dong(amount), paid_at, received_at: paid_at, noticed_ms }
}

fn dues(ids: std::ops::Range<u64>, noticed_ms: u64) -> Vec<Due> {
    ids.map(|id| due(id, 1_000, noticed_ms)).collect()
}

fn say(ids: impl IntoIterator<Item = u64>, kind: Kind, sentence: &str) -> Next {
    Next::Say { payments: ids.into_iter().map(PaymentId).collect(), kind, sentence: sentence.to_owned() }
}

#[test]
fn where_nothing_waits_nothing_is_said() {
    assert_eq!(next(&Waiting::default(), 7, &MANNER), Next::Nothing);
}

#[test]
fn a_fresh_payment_goes_first_and_never_waits() {
    let waiting = Waiting { fresh: dues(8..10, 100), late: dues(3..5, 50), old: dues(1..3, 0) };
    assert_eq!(next(&waiting, 100, &MANNER), say([8], Kind::Fresh, "Đã nhận một nghìn đồng"));
}

#[test]
fn an_amount_under_the_floor_is_said_with_a_warning() {
    let fresh = Waiting { fresh: vec![due(1, 999, 0)], ..Waiting::default() };
    let warning = "Chú ý, chỉ nhận được chín trăm chín mươi chín đồng";
    assert_eq!(next(&fresh, 0, &MANNER), say([1], Kind::Fresh, warning));
    let late = Waiting { late: vec![due(1, 999, 0)], ..Waiting::default() };
    let warning = "Giao dịch lúc mười bốn giờ năm phút, chú ý, chỉ nhận được chín trăm chín mươi chín đồng";
    assert_eq!(next(&late, 0, &MANNER), say([1], Kind::Late, warning));
}

#[test]
fn up_to_five_late_payments_are_said_one_by_one_before_the_summary_and_never_wait() {
    let waiting = Waiting { late: dues(6..11, 100), old: dues(1..6, 0), ..Waiting::default() };
    let sentence = "Giao dịch lúc mười bốn giờ năm phút, đã nhận một nghìn đồng";
    assert_eq!(next(&waiting, 100, &MANNER), say([6], Kind::Late, sentence));
}

#[test]
fn more_than_five_late_payments_join_the_summary() {
    let mut waiting = Waiting { late: dues(6..12, 100), old: dues(1..6, 0), ..Waiting::default() };
    assert_eq!(next(&waiting, 100, &MANNER), Next::Wait(3_000));
    let sentence = "Trong lúc mất mạng có mười một giao dịch, tổng mười một nghìn đồng";
    assert_eq!(next(&waiting, 3_100, &MANNER), say(1..12, Kind::Summary, sentence));
    waiting.old.clear();
    let sentence = "Trong lúc mất mạng có sáu giao dịch, tổng sáu nghìn đồng";
    assert_eq!(next(&waiting, 3_100, &MANNER), say(6..12, Kind::Summary, sentence));
}

#[test]
fn a_summary_is_given_three_seconds_after_the_last_was_noticed() {
    let waiting = Waiting { old: vec![due(1, 1_000, 500), due(2, 2_000, 2_500)], ..Waiting::default() };
    assert_eq!(next(&waiting, 2_500, &MANNER), Next::Wait(3_000));
    assert_eq!(next(&waiting, 5_499, &MANNER), Next::Wait(1));
    let sentence = "Trong lúc mất mạng có hai giao dịch, tổng ba nghìn đồng";
    assert_eq!(next(&waiting, 5_500, &MANNER), say([1, 2], Kind::Summary, sentence));
}

#[test]
fn a_summary_waits_at_most_fifteen_seconds_after_the_first_was_noticed() {
    let old = (0..8).map(|n| due(n + 1, 1_000, 500 + n * 2_000)).collect();
    let waiting = Waiting { old, ..Waiting::default() };
    assert_eq!(next(&waiting, 15_499, &MANNER), Next::Wait(1));
    let sentence = "Trong lúc mất mạng có tám giao dịch, tổng tám nghìn đồng";
    assert_eq!(next(&waiting, 15_500, &MANNER), say(1..9, Kind::Summary, sentence));
}

#[test]
fn one_old_payment_is_a_summary_too() {
    let waiting = Waiting { old: vec![due(1, 105_000, 0)], ..Waiting::default() };
    let sentence = "Trong lúc mất mạng có một giao dịch, tổng một trăm linh năm nghìn đồng";
    assert_eq!(next(&waiting, 3_000, &MANNER), say([1], Kind::Summary, sentence));
}

#[test]
fn a_summary_names_no_more_than_fit_its_event_and_counts_only_those() {
    let max = SUMMARY_MAX as u64;
    let waiting = Waiting { old: dues(1..max + 2, 0), late: dues(max + 2..max + 9, 0), ..Waiting::default() };
    let sentence = "Trong lúc mất mạng có hai nghìn giao dịch, tổng hai triệu đồng";
    assert_eq!(next(&waiting, 3_000, &MANNER), say(1..max + 1, Kind::Summary, sentence));
}

#[test]
fn a_sum_that_does_not_fit_makes_two_summaries_and_never_a_smaller_number() {
    let mut waiting = Waiting { old: vec![due(1, 5, 0), due(2, u64::MAX, 0), due(3, 7, 0)], ..Waiting::default() };
    let five = "Trong lúc mất mạng có một giao dịch, tổng năm đồng";
    assert_eq!(next(&waiting, 3_000, &MANNER), say([1], Kind::Summary, five));
    waiting.old.remove(0);
    let Next::Say { payments, .. } = next(&waiting, 3_000, &MANNER) else { panic!("the second summary") };
    assert_eq!(payments, [PaymentId(2)]);
}

#[test]
fn a_time_of_notice_ahead_of_the_clock_does_not_make_a_long_sleep() {
    let waiting = Waiting { old: vec![due(1, 1_000, u64::MAX)], ..Waiting::default() };
    assert_eq!(next(&waiting, 0, &MANNER), Next::Wait(SETTLE_MS));
}

#[test]
fn an_announcement_starts_only_if_every_payment_it_names_is_due() {
    let is_due = |payment: PaymentId| payment.0 < 10;
    let ids = |ids: &[u64]| ids.iter().copied().map(PaymentId).collect::<Vec<_>>();
    assert_eq!(start(&ids(&[1, 9, 3]), is_due), Ok(()));
    assert_eq!(start(&ids(&[1, 10, 11]), is_due), Err(NotDue(PaymentId(10))));
    assert_eq!(start(&ids(&[1, 2, 1]), is_due), Err(NotDue(PaymentId(1))));
}

/// A payment of a made-up day: when it is noticed, its class (fresh, late, old) and its amount.
type Arrival = (u64, Kind, u64);

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let gap = prop_oneof![3 => Just(0_u64), 3 => 1..400_u64, 2 => 2_900..3_100_u64, 1 => 10_000..20_000_u64];
    let kind = prop_oneof![1 => Just(Kind::Fresh), 3 => Just(Kind::Late), 3 => Just(Kind::Summary)];
    let amount = prop_oneof![9 => 1..2_000_u64, 1 => u64::MAX / 3..=u64::MAX];
    prop::collection::vec((gap, kind, amount), 0..60).prop_map(|steps| {
        let mut at = 0;
        steps
            .into_iter()
            .map(|(gap, kind, amount)| {
                at += gap;
                (at, kind, amount)
            })
            .collect()
    })
}

/// The summary's rule, told of every member: three quiet seconds, or one that has waited fifteen.
fn may_be_given(members: &[&Due], now: u64) -> bool {
    members.iter().all(|due| now - due.noticed_ms >= 3_000) || members.iter().any(|due| now - due.noticed_ms >= 15_000)
}

/// What has been noticed by `now` and not been said, as the ledger would list it.
fn list(open: &BTreeMap<u64, Arrival>, now: u64, fresh_cut: usize) -> Waiting {
    let of = |wanted: Kind| {
        let here = open.iter().filter(|(_, (at, kind, _))| *at <= now && *kind == wanted);
        here.map(|(id, (at, _, amount))| due(*id, *amount, *at)).collect::<Vec<_>>()
    };
    let mut fresh = of(Kind::Fresh);
    fresh.truncate(fresh_cut);
    Waiting { fresh, late: of(Kind::Late), old: of(Kind::Summary) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Runs whole days: the speaker asks, speaks for a while, sleeps as told, until nothing is left.
    #[test]
    fn everything_is_named_exactly_once_in_its_order_and_in_its_time(
        arrivals in arrivals(),
        speaking in prop::collection::vec(0..6_000_u64, 1..8),
        fresh_cut in 1..4_usize,
    ) {
        let mut open: BTreeMap<u64, Arrival> = (1..).zip(arrivals.iter().copied()).collect();
        let mut speaking = speaking.into_iter().cycle();
        let (mut now, mut turns) = (0_u64, 0);
        loop {
            turns += 1;
            prop_assert!(turns < 1_000, "no end");
            let waiting = list(&open, now, fresh_cut);
            let joined = waiting.late.len() > 5;
            let members: Vec<&Due> =
                waiting.old.iter().chain(waiting.late.iter().filter(|_| joined)).collect();
            let coming = open.values().map(|(at, ..)| *at).filter(|at| *at > now).min();
            match next(&waiting, now, &MANNER) {
                Next::Say { payments, kind, sentence } => {
                    let is_due = |payment: PaymentId| open.get(&payment.0).is_some_and(|(at, ..)| *at <= now);
                    prop_assert_eq!(start(&payments, is_due), Ok(()), "named twice or before it came");
                    let said: Vec<Arrival> = payments.iter().filter_map(|payment| open.remove(&payment.0)).collect();
                    match kind {
                        Kind::Fresh => prop_assert_eq!(&payments, &[waiting.fresh[0].payment]),
                        Kind::Late => {
                            prop_assert!(waiting.fresh.is_empty() && !joined);
                            prop_assert_eq!(&payments, &[waiting.late[0].payment]);
                        }
                        Kind::Summary => {
                            prop_assert!(waiting.fresh.is_empty() && (joined || waiting.late.is_empty()));
                            prop_assert!(may_be_given(&members, now));
                            let total: u128 = said.iter().map(|(.., amount)| u128::from(*amount)).sum();
                            let all = members.iter().map(|due| u128::from(due.amount.0)).sum::<u128>();
                            prop_assert!(total == all || (total < all && all > u128::from(u64::MAX)), "left out");
                            let total = Dong(u64::try_from(total).unwrap());
                            let expected = Sentence::Summary { count: said.len() as u64, total };
                            prop_assert_eq!(sentence, expected.text(Dialect::North));
                        }
                        Kind::Replay | Kind::Refund => prop_assert!(false, "nobody asked"),
                    }
                    now += speaking.next().unwrap();
                }
                Next::Wait(ms) => {
                    prop_assert!(waiting.fresh.is_empty() && (joined || waiting.late.is_empty()));
                    prop_assert!(!members.is_empty() && (1..=3_000).contains(&ms));
                    prop_assert!(!may_be_given(&members, now + ms - 1) && may_be_given(&members, now + ms));
                    now = coming.map_or(now + ms, |at| at.min(now + ms));
                }
                Next::Nothing => {
                    prop_assert!(waiting.fresh.is_empty() && waiting.late.is_empty() && waiting.old.is_empty());
                    let Some(at) = coming else { break };
                    now = at;
                }
            }
        }
        prop_assert!(open.is_empty(), "dropped: {open:?}");
    }
}
