//! Memory that is given back: what was freed, and what only the start needed.

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

/// Gives back what was freed between what is still in use: worth it where much was freed at once.
pub fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `malloc_trim` touches nothing that is in use; malloc_trim(3) allows it at any time.
    #[allow(unsafe_code)]
    let _ = unsafe { libc::malloc_trim(0) };
}

/// Unmaps the code that is mapped. What runs from here on is mapped again as it is needed; what only the start needed is not, and the
/// kernel may use its pages for something else.
pub fn forget_start() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return };
    for (from, len) in maps.lines().filter_map(code) {
        // SAFETY: the range is a mapping of a file that can be read and run and not written: its pages are those of the file, and are
        // read from there again when they are used.
        #[allow(unsafe_code)]
        let _ = unsafe { libc::madvise(from as *mut libc::c_void, len, libc::MADV_DONTNEED) };
    }
}

/// Where a line of proc(5) `maps` tells of code from a file: from which address, how many bytes.
fn code(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    if words.next()? != "r-xp" {
        return None;
    }
    // Offset and device; the code of no file has inode 0.
    let inode = words.nth(2)?;
    if inode == "0" {
        return None;
    }
    let (from, to) = (usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?);
    Some((from, to.checked_sub(from)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_unmapped() {
        let text = "55d6e0b3e000-55d6e0f5f000 r-xp 002e7000 fe:00 1312345                    /usr/bin/vietqr-edge";
        assert_eq!(code(text), Some((0x55d6_e0b3_e000, 0x42_1000)));
        for other in [
            "55d6e0f5f000-55d6e0f8c000 r--p 00707000 fe:00 1312345                    /usr/bin/vietqr-edge",
            "55d6e0f8c000-55d6e0f8e000 rw-p 00733000 fe:00 1312345                    /usr/bin/vietqr-edge",
            "55d6e0f8e000-55d6e0f90000 rwxp 00733000 fe:00 1312345                    /usr/bin/vietqr-edge",
            "7fff5a3f0000-7fff5a3f2000 r-xp 00000000 00:00 0                          [vdso]",
            "",
            "nonsense r-xp",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn the_program_goes_on_after_its_code_was_unmapped() {
        give_back();
        forget_start();
        let sorted: std::collections::BTreeSet<_> = "it goes on".chars().collect();
        assert_eq!(sorted.len(), 8);
    }
}
