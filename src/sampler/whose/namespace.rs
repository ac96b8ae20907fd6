//! Whether the driver's pids are ours. NVML says pids of the machine's first pid namespace, to everybody.

use std::fs;
use std::path::Path;

use super::cgroup::Membership;

/// The inode of a kernel's first pid namespace: `PROC_PID_INIT_INO`, the same since Linux 3.8.
const FIRST: &str = "pid:[4026531836]";

/// The variable that names another pid namespace whose pids the driver says: what `readlink /proc/self/ns/pid` prints there. For
/// a driver that says those of a container, and for tests with one of their own.
const OTHER: &str = "ISOBENCH_TUI_NVML_PIDS";

/// Whether the driver's pids mean nothing here.
///
/// They mean the same here where our own pid namespace is the first one: that proves it, and nothing else does. From inside
/// another one nothing tells the number that a process has outside, and that some process here has the same number is chance.
/// Signs of a container alone say nothing: with `--pid=host` its pids are the machine's, and a virtual machine made of an image
/// has a `/.dockerenv` like any other. They count only where the kernel does not show us our namespace.
pub(super) fn is_apart() -> bool {
    let ours = fs::read_link("/proc/self/ns/pid").ok();
    let drivers = std::env::var_os(OTHER).unwrap_or_else(|| FIRST.into());
    ours.map_or_else(has_signs, |ours| ours != Path::new(&drivers))
}

/// What container engines leave: their files, and the name of the group of the first process.
fn has_signs() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|sign| Path::new(sign).exists()) || !Membership::of(1).containers().is_empty()
}
