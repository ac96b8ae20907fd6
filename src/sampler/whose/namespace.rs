//! Whether the driver's pids are ours. NVML says pids of the machine's first pid namespace, to everybody.

use std::fs;
use std::path::Path;

use super::cgroup::Membership;

/// The inode of a kernel's first pid namespace: `PROC_PID_INIT_INO`, the same since Linux 3.8.
const FIRST: &str = "pid:[4026531836]";

/// Whether the driver's pids mean nothing here.
///
/// A process is in `/proc` where that belongs to its own pid namespace or to one above it, and above the first there is none. So
/// one process of the first namespace there proves that its numbers are the driver's: we are one, or process 1 is (the
/// machine's `/proc` is mounted in our container). It is all that can be proved: from inside nothing tells the number that a
/// process has outside, and that some process here has the same number is chance. Signs of a container alone say nothing:
/// with `--pid=host` its pids are the machine's, and a virtual machine made of an image has a `/.dockerenv` like any other.
pub(super) fn is_apart() -> bool {
    let links = ["/proc/self/ns/pid", "/proc/1/ns/pid"].map(|link| fs::read_link(link).ok());
    is_apart_by(&links.map(|link| link.and_then(|link| link.to_str().map(str::to_owned))), has_signs)
}

/// By the namespaces of ourselves and of process 1; where not even ours can be read, by signs.
fn is_apart_by(links: &[Option<String>; 2], has_signs: impl Fn() -> bool) -> bool {
    let is_first = links.iter().flatten().any(|link| link == FIRST);
    !is_first && (links.iter().next().is_some_and(Option::is_some) || has_signs())
}

/// What container engines leave: their files, and the name of the group of the first process.
fn has_signs() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|sign| Path::new(sign).exists()) || !Membership::of(1).containers().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(ours: Option<&str>, first: Option<&str>, signs: bool) -> bool {
        is_apart_by(&[ours, first].map(|link| link.map(str::to_owned)), || signs)
    }

    #[test]
    fn the_namespace_decides_and_signs_only_where_it_is_not_known() {
        const OTHER: &str = "pid:[4026532201]";
        assert!(!is(Some(FIRST), Some(FIRST), true), "a container that shares the machine's pids, a machine made of an image");
        assert!(!is(Some(FIRST), None, true), "we may not look at process 1");
        assert!(is(Some(OTHER), Some(OTHER), false), "a container without any sign");
        assert!(is(Some(OTHER), None, false));
        assert!(!is(Some(OTHER), Some(FIRST), true), "the machine's /proc, mounted in a container");
        assert!(is(None, None, true) && !is(None, None, false), "a kernel that has no namespaces to show");
    }
}
