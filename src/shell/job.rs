//! To the background and back, as the shells mean it.

use rustix::process::{Pid, Signal, getpgid, getpgrp, getsid, kill_current_process_group};

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
    let ours = getpgrp();
    let Ok(session) = getsid(None) else { return false };
    let mut pid = Some(rustix::process::getpid());
    while let Some(found) = pid {
        if getsid(Some(found)).ok() != Some(session) {
            return false;
        }
        if getpgid(Some(found)).ok() != Some(ours) {
            return true;
        }
        pid = process::read(found.as_raw_nonzero().get()).and_then(|process| Pid::from_raw(process.parent));
    }
    false
}
