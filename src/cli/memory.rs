//! The memory of the process: large pieces go back to the system at once, and nobody looks in.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

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

/// What is in memory are memories, keys and passwords: no dump of it is left behind when the
/// process dies, and no other process of this account may look at it.
///
/// # Errors
/// When the system cannot forbid it.
pub(super) fn keep_private() -> rustix::io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn nothing_of_the_memory_is_left_to_others() {
        keep_private().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        assert_eq!(getrlimit(Resource::Core).maximum, Some(0));
    }
}
