//! What the kernel knows of its clock.

/// Whether an NTP client has told the kernel that its clock is right (`adjtimex`: neither TIME_ERROR nor STA_UNSYNC).
pub fn kernel_synchronised() -> bool {
    // SAFETY: `timex` is plain integers, for which all zeroes are a value; zero `modes` makes the call read-only, and the
    // kernel writes nothing beyond the struct it is given.
    #[allow(unsafe_code)]
    let (state, status) = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&mut timex);
        (state, timex.status)
    };
    state >= 0 && state != libc::TIME_ERROR && status & libc::STA_UNSYNC == 0
}
