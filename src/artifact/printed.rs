//! What an agent printed: `<agent>_stdout.txt` and `<agent>_stderr.txt` of an item's folder, written after its end.

use std::path::Path;

use crate::host::files;

/// Bytes of the end of a stream that are read: what an agent died of stands there, and half a megabyte of its boxes before.
const TAIL: u64 = 64 * 1024;

/// The ends of stdout and stderr; empty where there is none. Of Codex CLI the harness keeps both under OpenHands' name.
pub fn printed(folder: &Path, agent: &str) -> (String, String) {
    let read = |stream: &str| {
        let of = |name: &str| files::tail(&folder.join(format!("{name}_{stream}.txt")), TAIL).unwrap_or_default();
        let own = of(agent);
        if own.is_empty() { of("openhands") } else { own }
    };
    (read("stdout"), read("stderr"))
}
