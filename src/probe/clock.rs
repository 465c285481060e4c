//! The clock: against the earliest time it can be, against NTP, and against what a verified server says.

use super::{
    provider::Told,
    reach::Clocks,
    report::{Step, Steps},
};
use crate::tls::kernel_synchronised;
use vietqr_edge_core::time::Timestamp;

/// The header has whole seconds, in milliseconds.
const SAME_MS: u64 = 2_000;
/// Off by more than this is told, in milliseconds. Signed requests are given so much.
const SKEW_MS: u64 = 60_000;
/// Off by more than this signed requests are not believed, in milliseconds.
const WRONG_MS: u64 = 300_000;

const SET_IT: &str = "set up NTP";

pub(super) fn probe(clocks: &Clocks, told: Option<Told>) -> Vec<Step> {
    let mut steps = Steps::of("clock");
    floor(clocks.clock.now(), clocks.floor.get(), &mut steps);
    match kernel_synchronised() {
        true => steps.ok("ntp", "the kernel says that its clock is synchronised"),
        false => steps.warning("ntp", "the kernel's clock is not synchronised: it will drift", SET_IT),
    }
    match told {
        Some(told) => date(told, &mut steps),
        None => steps.not_tried(&["date"], "no server told the time (only VietQR's HTTP side does)"),
    }
    steps.list
}

fn floor(now: Timestamp, floor: Timestamp, steps: &mut Steps) {
    if now < floor {
        steps.error("floor", format!("it says {now}, which can not be: it is at least {floor}"), SET_IT);
    } else {
        steps.ok("floor", format!("it is {now}; the earliest it can be is {floor}"));
    }
}

fn date(Told { there, here }: Told, steps: &mut Steps) {
    let off_ms = here.millis_since(there).max(there.millis_since(here));
    let which = if here > there { "ahead of" } else { "behind" };
    let text = format!("{} s {which} VietQR's server", off_ms / 1000);
    if off_ms <= SAME_MS {
        steps.ok("date", "as VietQR's server");
    } else if off_ms <= SKEW_MS {
        steps.ok("date", text);
    } else if off_ms <= WRONG_MS {
        steps.warning("date", text, SET_IT);
    } else {
        steps.error("date", format!("{text}: signed requests are not believed"), SET_IT);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Grade, *};

    fn graded(there: i64, here: i64) -> Grade {
        let mut steps = Steps::of("clock");
        date(Told { there: Timestamp::from_secs(there), here: Timestamp::from_secs(here) }, &mut steps);
        steps.list[0].grade
    }

    #[test]
    fn a_clock_is_judged_by_what_it_breaks_ahead_and_behind() {
        for (off, grade) in
            [(0, Grade::Ok), (60, Grade::Ok), (61, Grade::Warning), (300, Grade::Warning), (301, Grade::Error)]
        {
            assert_eq!(graded(1000, 1000 + off), grade, "{off} s ahead");
            assert_eq!(graded(1000 + off, 1000), grade, "{off} s behind");
        }
    }

    #[test]
    fn a_clock_behind_the_floor_is_wrong() {
        let mut steps = Steps::of("clock");
        floor(Timestamp::from_secs(1), Timestamp::from_secs(2), &mut steps);
        floor(Timestamp::from_secs(2), Timestamp::from_secs(2), &mut steps);
        assert_eq!([steps.list[0].grade, steps.list[1].grade], [Grade::Error, Grade::Ok]);
    }
}
