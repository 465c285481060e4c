//! How the allocator keeps what is freed.

/// Lets glibc give memory back: one arena, and every block of 64 KiB or more is a mapping of its own that ends when it is freed. By
/// default it raises that size to that of the largest block freed, and keeps one arena a thread: the 7 MiB of a PIN check, a page of a
/// long list, and what the threads of the store leave behind would stay resident. Best called before threads are started.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    for (option, value) in [(libc::M_ARENA_MAX, 1), (libc::M_MMAP_THRESHOLD, 64 << 10)] {
        // SAFETY: `mallopt` changes settings of the allocator only; mallopt(3) allows it at any time.
        #[allow(unsafe_code)]
        let taken = unsafe { libc::mallopt(option, value) };
        debug_assert_eq!(taken, 1, "a setting of glibc's allocator");
    }
}
