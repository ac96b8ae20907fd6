//! To the background and back, as the shells mean it.

use rustix::process::{Signal, kill_current_process_group};

use crate::host::process;

/// Stops us and all that the shell started with us; returns when somebody continues us.
///
/// The signal is STOP: who listens to TSTP, as we do, is not stopped by it any more.
pub(super) fn stop() {
    // who may not signal itself stays
    let _ = kill_current_process_group(Signal::STOP);
}

/// Whether our process group has a parent in this session that could continue it: without one the system would not let
/// TSTP stop us either.
pub(super) fn can_stop() -> bool {
    // not by getsid(2): in a container a parent's session may be number 0, which rustix takes for a bug of the kernel
    let Some(ours) = process::read(rustix::process::getpid().as_raw_nonzero().get()) else { return false };
    let mut found = ours;
    while found.session == ours.session {
        if found.group != ours.group {
            return true;
        }
        let Some(parent) = process::read(found.parent) else { return false };
        found = parent;
    }
    false
}
