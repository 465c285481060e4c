use super::*;
use proptest::prelude::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000).plus_millis(ms)
}

fn lan(caller: &str) -> Who {
    Who::new("lan", caller)
}

/// Wrong ones, each at the first moment that it is heard from `from` on; when the last was.
fn guess(lockouts: &mut Lockouts, who: Who, times: u32, from: u64) -> u64 {
    let mut now = from;
    for _ in 0..times {
        now += lockouts.wait(who, at(now)).map_or(0, |wait| wait.ms);
        assert_eq!(lockouts.wait(who, at(now)), None, "it said how long");
        lockouts.wrong(who, at(now));
    }
    now
}

fn ms(lockouts: &Lockouts, who: Who, now: u64) -> u64 {
    lockouts.wait(who, at(now)).map_or(0, |wait| wait.ms)
}

#[test]
fn five_wrong_in_a_row_lock_for_five_minutes_and_the_lock_doubles_to_an_hour() {
    let mut lockouts = Lockouts::default();
    let (mut now, mut locks) = (0, Vec::new());
    for _ in 0..7 {
        now = guess(&mut lockouts, lan("a"), 4, now);
        assert_eq!(ms(&lockouts, lan("a"), now), 0, "four are allowed");
        lockouts.wrong(lan("a"), at(now));
        locks.push(ms(&lockouts, lan("a"), now) / MINUTE);
        now += LONGEST_LOCK_MS;
    }
    assert_eq!(locks, [5, 10, 20, 40, 60, 60, 60]);
}

#[test]
fn a_right_one_ends_the_row_and_the_doubling() {
    let mut lockouts = Lockouts::default();
    guess(&mut lockouts, lan("a"), 4, 0);
    lockouts.right(lan("a"));
    let now = guess(&mut lockouts, lan("a"), 4, 0);
    assert_eq!(ms(&lockouts, lan("a"), now), 0);
    let now = guess(&mut lockouts, lan("a"), 6, now);
    lockouts.right(lan("a"));
    let now = guess(&mut lockouts, lan("a"), 5, now + HOUR);
    assert_eq!(ms(&lockouts, lan("a"), now), 5 * MINUTE);
}

#[test]
fn a_lock_is_of_one_operator_at_one_caller() {
    let mut lockouts = Lockouts::default();
    guess(&mut lockouts, lan("a"), 5, 0);
    assert_eq!(ms(&lockouts, lan("a"), 0), 5 * MINUTE);
    for other in [lan("b"), Who::new("hoa", "a"), Who::new("a", "lan")] {
        assert_eq!(ms(&lockouts, other, 0), 0);
    }
}

#[test]
fn a_day_without_a_wrong_one_forgets_the_row() {
    let mut lockouts = Lockouts::default();
    let now = guess(&mut lockouts, lan("a"), 14, 0);
    lockouts.wrong(lan("a"), at(now + FORGET_MS));
    assert_eq!(lockouts.pairs[&lan("a")].wrong, 1);
    assert_eq!(lockouts.pairs[&lan("a")].locks, 0);
}

#[test]
fn thirty_an_hour_are_the_devices_and_other_tills_are_still_heard() {
    let mut lockouts = Lockouts::default();
    let mut told = Vec::new();
    for n in 0..30u64 {
        let who = Who::new(&format!("name {n}"), "a");
        assert_eq!(ms(&lockouts, who, n), 0, "{n}");
        told.extend(lockouts.wrong(who, at(n)));
    }
    assert_eq!(told, [Lock::Device(HOUR - 29)], "told once, and until when");
    assert_eq!(ms(&lockouts, Who::new("another", "a"), 29), HOUR - 29);
    // The right operator at another till mistypes, too.
    guess(&mut lockouts, lan("b"), 4, 30);
    assert_eq!(ms(&lockouts, lan("b"), 30), 0);
    lockouts.wrong(lan("b"), at(30));
    assert!(ms(&lockouts, Who::new("hoa", "b"), 30) > 0, "five of its own, and the device has had too many");
    assert_eq!(ms(&lockouts, Who::new("another", "a"), HOUR), HOUR - (HOUR - 5), "until fewer than thirty are left");
    assert_eq!(ms(&lockouts, Who::new("another", "a"), HOUR + 5), 0);
}

#[test]
fn however_many_callers_there_are_no_more_than_the_limit_is_heard_in_an_hour() {
    let mut lockouts = Lockouts::default();
    let mut heard = 0;
    for n in 0..1000u64 {
        let who = Who::new(&format!("name {n}"), &format!("caller {}", n % 100));
        if lockouts.wait(who, at(n)).is_none() {
            lockouts.wrong(who, at(n));
            heard += 1;
        }
    }
    assert_eq!(heard, HOUR_LIMIT);
}

#[test]
fn what_is_kept_is_bounded_and_fits_the_store() {
    let mut lockouts = Lockouts::default();
    for n in 0..2000u64 {
        // As if nobody had asked whether it may be checked.
        lockouts.wrong(Who::new(&format!("name {n}"), &format!("caller {n}")), at(n * MINUTE / 10));
        assert!(lockouts.pairs.len() <= PAIRS_MAX && lockouts.hour.wrong.len() <= HOUR_LIMIT);
    }
    assert!(serde_json::to_vec(&lockouts.hour).unwrap().len() < 4096);
}

#[test]
fn a_locked_pair_is_not_pushed_out_by_others() {
    let mut lockouts = Lockouts::default();
    guess(&mut lockouts, lan("a"), 5, 0);
    for n in 0..2 * PAIRS_MAX as u64 {
        lockouts.wrong(Who::new(&format!("name {n}"), "b"), at(n));
    }
    assert!(ms(&lockouts, lan("a"), 600) > 0);
}

#[test]
fn a_clock_that_was_set_back_neither_ends_a_lock_nor_makes_it_last_for_years() {
    let mut lockouts = Lockouts::default();
    let year = 365 * 24 * HOUR;
    guess(&mut lockouts, lan("a"), 5, year);
    let wait = lockouts.wait(lan("a"), at(0)).unwrap();
    assert_eq!(wait, Wait { ms: 5 * MINUTE, future: true });
    lockouts.set_back(at(0));
    assert_eq!(lockouts.wait(lan("a"), at(MINUTE)), Some(Wait { ms: 4 * MINUTE, future: false }));
    assert_eq!(ms(&lockouts, lan("a"), 5 * MINUTE), 0);
}

#[test]
fn one_that_was_being_checked_when_the_lock_began_does_not_end_it() {
    let mut lockouts = Lockouts::default();
    guess(&mut lockouts, lan("a"), 5, 0);
    lockouts.wrong(lan("a"), at(MINUTE));
    assert_eq!(ms(&lockouts, lan("a"), MINUTE), 4 * MINUTE);
}

#[test]
fn a_who_is_read_as_it_was_written_and_shows_no_name() {
    let text = serde_json::to_string(&lan("till")).unwrap();
    assert!(text.len() == 34 && !text.contains("lan") && !text.contains("till"));
    assert_eq!(serde_json::from_str::<Who>(&text).unwrap(), lan("till"));
    assert_eq!(Who::from_bytes(lan("till").to_bytes()), lan("till"));
    assert!("xyz".parse::<Who>().is_err() && "00".parse::<Who>().is_err());
}

/// All that was heard, in order: nothing is summed up or forgotten.
#[derive(Default)]
struct History(Vec<(u8, u8, u64, bool)>);

impl History {
    /// The wrong ones of a pair since its last right one, and since the last day without any.
    fn row(&self, operator: u8, caller: u8) -> Vec<u64> {
        let mut row: Vec<u64> = Vec::new();
        for (_, _, when, right) in self.0.iter().filter(|tried| (tried.0, tried.1) == (operator, caller)) {
            if *right || row.last().is_some_and(|last| when - last >= FORGET_MS) {
                row.clear();
            }
            row.extend((!right).then_some(*when));
        }
        row
    }

    fn locked(&self, operator: u8, caller: u8, now: u64) -> bool {
        let row = self.row(operator, caller);
        let fives = row.len() as u32 / WRONG_MAX;
        let ends_with_a_lock = fives > 0 && (row.len() as u32).is_multiple_of(WRONG_MAX);
        let minutes = (5 * (1u64 << (fives.max(1) - 1).min(10))).min(60);
        ends_with_a_lock && now - row[row.len() - 1] < minutes * MINUTE
    }

    fn too_many(&self, caller: u8, now: u64) -> bool {
        let wrong = || self.0.iter().filter(|(_, _, when, right)| !right && now - when < HOUR);
        let (all, own) = (wrong().count(), wrong().filter(|tried| tried.1 == caller).count());
        all >= 64 || all >= 30 && own >= 5
    }

    fn heard(&self, operator: u8, caller: u8, now: u64) -> bool {
        !self.locked(operator, caller, now) && !self.too_many(caller, now)
    }
}

#[derive(Clone, Debug)]
struct Try {
    operator: u8,
    caller: u8,
    right: bool,
    later: u64,
    patient: bool,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let later = prop_oneof![4 => 0..30_000u64, 2 => 0..10 * MINUTE, 1 => 0..3 * HOUR, 1 => 20 * HOUR..30 * HOUR];
    let one = (0..4u8, 0..9u8, prop::bool::weighted(0.05), later, prop::bool::weighted(0.5));
    let one = one.prop_map(|(operator, caller, right, later, patient)| Try { operator, caller, right, later, patient });
    prop::collection::vec(one, 1..250)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn who_is_heard_is_what_a_model_with_the_whole_history_says(tries in tries()) {
        let (mut lockouts, mut history, mut now) = (Lockouts::default(), History::default(), 0);
        for Try { operator, caller, right, later, patient } in tries {
            now += later;
            let who = Who::new(&operator.to_string(), &caller.to_string());
            let mut wait = lockouts.wait(who, at(now));
            prop_assert_eq!(wait.is_none(), history.heard(operator, caller, now));
            if let (Some(Wait { ms, future }), true) = (wait, patient) {
                prop_assert!(!future && ms <= LONGEST_LOCK_MS);
                prop_assert!(!history.heard(operator, caller, now + ms - 1), "not before");
                now += ms;
                wait = lockouts.wait(who, at(now));
                prop_assert!(wait.is_none() && history.heard(operator, caller, now), "it said how long");
            }
            if wait.is_none() {
                if right { lockouts.right(who) } else { lockouts.wrong(who, at(now)); }
                history.0.push((operator, caller, now, right));
            }
            let again = serde_json::from_str::<Hour>(&serde_json::to_string(&lockouts.hour).unwrap());
            prop_assert_eq!(again.unwrap(), lockouts.hour.clone());
        }
    }
}
