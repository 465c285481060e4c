//! Large blocks of memory go back to the system when they are freed.

/// From this size on, in bytes: the most that mallopt takes on 32-bit systems.
#[cfg(target_env = "gnu")]
const LARGE: i32 = 512 << 10;

/// Has glibc map every large block by itself. By default it learns from the first one freed to keep such blocks in each thread's heap,
/// where the 7 MiB of a PIN check stay resident once for every thread that made one.
pub(super) fn return_large_blocks() {
    #[cfg(target_env = "gnu")]
    #[allow(unsafe_code)]
    // SAFETY: only sets a number of the allocator, which mallopt(3) allows at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
