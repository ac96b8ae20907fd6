//! What several tests of the real program need.
#![expect(clippy::expect_used, reason = "a test says what went wrong by failing")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_isobench-tui");

/// Longer than anything here takes on a slow machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until something is there, and returns it.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut look: impl FnMut() -> bool) {
    wait_for(what, || look().then_some(()));
}

/// The letter of a process's state in `/proc`, `None` when it is gone.
pub(crate) fn state_of(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Whether a process runs or could run again: zombies don't.
pub(crate) fn lives(pid: i32) -> bool {
    state_of(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The pid that a test's process wrote into a file, once the whole line is there.
pub(crate) fn pid_in(path: &Path) -> i32 {
    wait_for(&format!("a pid in {}", path.display()), || {
        let text = std::fs::read_to_string(path).ok()?;
        text.strip_suffix('\n')?.trim().parse().ok()
    })
}

/// A folder that goes away, with its path.
pub(crate) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_owned();
    (folder, path)
}
