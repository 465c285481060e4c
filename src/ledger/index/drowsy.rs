//! Threads that need not be woken on time.

/// How late, in nanoseconds.
#[cfg(target_pointer_width = "64")]
const LATE_NS: libc::c_ulong = 9_000_000_000;
/// The same where there is room for no more than 4.29 s.
#[cfg(not(target_pointer_width = "64"))]
const LATE_NS: libc::c_ulong = 4_000_000_000;

/// Runs `start`, which must not unwind. Threads that it begins, and theirs, may be woken by their own timers some seconds late, and then
/// together (timer slack, prctl(2)). sled keeps seven threads that each look for work once a second, however idle the device is: that
/// alone would be seven wake-ups a second. Work wakes them at once as before. They begin at its first write, wherever that is made.
pub(super) fn drowsy<T>(start: impl FnOnce() -> T) -> T {
    let late = timer_slack(LATE_NS);
    let started = start();
    if late {
        timer_slack(0); // what this thread began with
    }
    started
}

/// Sets the slack of this thread, which threads that it begins inherit; whether it was set.
fn timer_slack(ns: libc::c_ulong) -> bool {
    // SAFETY: the call changes a number that the scheduler keeps of this thread.
    #[allow(unsafe_code)]
    let set = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, ns) };
    set == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slack() -> libc::c_ulong {
        // SAFETY: the call has no precondition.
        #[allow(unsafe_code)]
        let thread = unsafe { libc::gettid() };
        std::fs::read_to_string(format!("/proc/{thread}/timerslack_ns")).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn only_the_threads_that_are_begun_meanwhile_are_drowsy() {
        let before = slack();
        let begun = drowsy(|| std::thread::spawn(slack));
        assert_eq!(begun.join().unwrap(), LATE_NS);
        assert_eq!(slack(), before);
    }
}
