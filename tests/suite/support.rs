//! What several tests of the real program need.
#![expect(clippy::expect_used, reason = "a test says what went wrong by failing")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use isobench_tui::host::process;

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_isobench-tui");

/// Longer than anything here takes on a slow machine; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_mins(1);

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

/// Whether a process was stopped; or waits, in the kernel, for a child that was stopped before its exec: a shell's vfork.
pub(crate) fn is_stopped(pid: i32) -> bool {
    match state_of(pid) {
        Some('T') => true,
        Some('D') => process::descendants(pid).iter().any(|child| state_of(*child) == Some('T')),
        _ => false,
    }
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

/// Says that a test, or a part of one, can't run here. `tests/run` counts these lines and shows them.
pub(crate) fn skip(why: &str) {
    eprintln!("skipped: {why}");
    let Some(path) = std::env::var_os("ISOBENCH_SKIPS") else { return };
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    let mut file = std::fs::File::options().append(true).create(true).open(path).expect("the file of skips");
    // one write a line: other tests append to it as well
    std::io::Write::write_all(&mut file, format!("{name}: {why}\n").as_bytes()).expect("a line in the file of skips");
}

/// The project's shared folder of real data, where this machine has it.
pub(crate) fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if path.join("corpus").is_dir() {
        return Some(path);
    }
    skip("../shared is not here");
    None
}

/// A folder that goes away, with its path.
pub(crate) fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_owned();
    (folder, path)
}
