//! Giving large memory back to the system at once.

/// Tells glibc to take pieces of a megabyte and more from the system one by one, which is how
/// they return there when they are freed.
///
/// Left alone, glibc raises that bound to the largest piece it has seen freed. Hashing one
/// password takes 19 MiB; from then on such a piece came from the heap of whatever thread
/// hashed, and stayed there: 101 MB were resident after four sign-ins, now 22.
pub fn give_back_large_pieces() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "a setting of the allocator has no safe form")]
    // SAFETY: only stores a number, and is called before there is a second thread.
    let _ = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20) };
}
