//! What a folder or a file may be to who looks for trajectories.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::artifact::item::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};

/// What may tell of an agent in an item's folder, the one that tells most first. The last one is what the harness keeps of
/// Claude Code: a single result.
pub const IN_ITEM: [&str; 5] = [TRAJECTORY, CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, "claude_code_stdout.txt"];

/// Files that make a folder an item's, even where nothing tells of its agent.
const OF_ITEM: [&str; 3] = ["journal.json", "prompt.json", "run_summary.json"];

/// What a folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// An item's, with this trajectory, or none.
    Item(Option<PathBuf>),
    /// Events, or a conversation with its events: one trajectory.
    Events,
    /// Any other.
    Other,
}

impl Folder {
    /// Looks at a folder.
    pub fn of(path: &Path) -> Self {
        if let Some(found) = IN_ITEM.iter().map(|name| path.join(name)).find(|there| is_there(there)) {
            return Self::Item(Some(found));
        }
        if OF_ITEM.iter().any(|name| path.join(name).is_file()) {
            return Self::Item(None);
        }
        if path.join("base_state.json").is_file() || holds_events(path) {
            return Self::Events;
        }
        Self::Other
    }
}

/// A file with something in it, or a folder.
fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_dir() || (there.is_file() && there.len() > 0))
}

/// Bytes of an event in which it must say whose it is.
const HEAD: u64 = 64 * 1024;

/// Whether a folder holds OpenHands' events, `7.json` or `event-00007-<uuid>.json`, or a folder `events` with them. Others
/// number their files too: an event says its `source`.
fn holds_events(path: &Path) -> bool {
    let is_named = |name: &str| {
        let stem = name.strip_suffix(".json").unwrap_or_default();
        let number = stem.strip_prefix("event-").and_then(|rest| rest.split('-').next()).unwrap_or(stem);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_event = |path: &Path| {
        let mut head = Vec::new();
        let read = fs::metadata(path).is_ok_and(|there| there.is_file())
            && File::open(path).is_ok_and(|file| file.take(HEAD).read_to_end(&mut head).is_ok());
        read && String::from_utf8_lossy(&head).contains("\"source\"")
    };
    let holds = |folder: &Path| {
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let first = entries.find(|entry| is_named(&entry.file_name().to_string_lossy()));
        first.is_some_and(|entry| is_event(&entry.path()))
    };
    holds(path) || holds(&path.join("events"))
}

/// Endings of files that may be trajectories. Others in a walked folder are not looked at.
const ENDINGS: [&str; 6] = ["json", "jsonl", "ndjson", "traj", "gz", "txt"];

/// Whether a file may be a trajectory, by its name.
pub fn may_be_trajectory(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|ending| ENDINGS.contains(&ending))
}
