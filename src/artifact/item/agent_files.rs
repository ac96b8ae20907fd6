//! What an agent writes and prints while it works: shown in the item's folder by links, kept there as files at the end.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{ItemFolder, place, second_name};
use crate::artifact::ArtifactError;
use crate::host::files::{self, Links};

/// TRAE's trajectory: one JSON, rewritten whole.
pub const TRAJECTORY: &str = "trajectory.json";

/// Claude Code's stream of events, one JSON a line: its stdout.
pub const CLAUDE_CODE_STREAM: &str = "claude_code_stream.jsonl";

/// Codex's rollout: its own log of a session, one JSON a line.
pub const CODEX_ROLLOUT: &str = "codex_rollout.jsonl";

/// The folder of OpenHands's events, one file an event.
pub const OPENHANDS_EVENTS: &str = "openhands_events";

/// Everything that may be shown by a link.
const SHOWN: [&str; 4] = [TRAJECTORY, CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS];

/// Folders in a folder of events at most: OpenHands has none, and an agent may make a loop of links.
const DEEPEST: u32 = 4;

/// More than this of what an agent wrote is not copied: in bytes, and in files and folders.
const MOST_BYTES: u64 = 1 << 30;
const MOST_FILES: u32 = 250_000;

/// The end of a stream in which its last `result` line is looked for, in bytes.
const RESULT_TAIL: u64 = 16 * 1024 * 1024;

/// A link of ours in the item's folder. Any other link there is the agent's, and nobody knows what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name in the item's folder.
    pub name: &'static str,
    /// What it must lead to, where that was known before the agent started.
    pub to: Option<PathBuf>,
    /// The folder that the file must really lie in, whatever links lead there.
    pub within: PathBuf,
    /// Nobody writes the file any more, and it stays where it is: a second name for it will do.
    pub is_settled: bool,
}

impl ItemFolder {
    /// Shows a file or folder that the agent writes elsewhere under a name of this folder. It need not exist yet.
    pub fn show(&self, name: &str, written_to: &Path) -> Result<(), ArtifactError> {
        let shown = self.path.join(name);
        if shown == written_to || fs::read_link(&shown).is_ok_and(|target| target == written_to) {
            return Ok(());
        }
        let _ = fs::remove_file(&shown);
        symlink(written_to, &shown).map_err(ArtifactError::io("make the link", &shown))
    }

    /// Turns the link of ours into what it shows, which outlives the worktree and the attempt's own folder. What is not
    /// there leaves nothing, and neither does a link that the agent made: what it leads to may be anybody's, and of any
    /// size.
    pub fn keep_shown(&self, ours: Option<&Shown>) -> Result<(), ArtifactError> {
        for name in SHOWN {
            let link = self.path.join(name);
            let Ok(target) = fs::read_link(&link) else { continue };
            let ours = ours.filter(|ours| ours.name == name);
            let really = ours.and_then(|ours| ours.really(&self.path, &target));
            let kept = match really {
                Some(Ok(really)) if ours.is_some_and(|ours| ours.is_settled) => {
                    place(&link, "keep", |side| second_name(&really, side))?;
                    true
                }
                Some(Ok(really)) => Self::keep(&really, &link)?,
                // nothing was written there
                Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => false,
                _ => {
                    tracing::warn!("{} was the agent's own link to {}: nothing is copied", link.display(), target.display());
                    false
                }
            };
            if !kept {
                fs::remove_file(&link).map_err(ArtifactError::io("remove the link", &link))?;
            }
        }
        Ok(())
    }

    /// Copies a file or folder of the agent's over the link to it; whether it did. What is none, or too much, is left out.
    fn keep(from: &Path, to: &Path) -> Result<bool, ArtifactError> {
        let mut room = Room { bytes: MOST_BYTES, files: MOST_FILES };
        let mut refused = None;
        let placed = place(to, "keep", |side| {
            let copied = copy(from, side, DEEPEST, &mut room);
            // a file that can't be read is the agent's doing, a full disk is not
            let is_full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            copied.inspect_err(|error| refused = (!is_full(error)).then(|| error.to_string()))
        });
        match refused {
            Some(why) => {
                tracing::warn!("{} is not kept: {why}", from.display());
                Ok(false)
            }
            None => placed.map(|()| true),
        }
    }

    /// What Claude Code printed, as the harness would have it: with `--output-format json` it prints its result alone,
    /// which is the last `result` line of the stream. A stream without one is kept whole.
    pub fn keep_claude_code_output(&self, out: &Path, err: &Path) -> Result<(), ArtifactError> {
        self.keep_printed(err, "claude_code_stderr.txt")?;
        let printed = files::tail(out, RESULT_TAIL).unwrap_or_default();
        match printed.rsplit('\n').find(|line| is_result(line.as_bytes())) {
            Some(line) => self.write("claude_code_stdout.txt", line.as_bytes()),
            None => self.keep_printed(out, "claude_code_stdout.txt"),
        }
    }
}

impl Shown {
    /// What a link really leads to; `None` where it is none of ours, an error where that is not there.
    fn really(&self, item_folder: &Path, target: &Path) -> Option<io::Result<PathBuf>> {
        if self.to.as_ref().is_some_and(|to| to != target) {
            return None;
        }
        let within = match self.within.canonicalize() {
            Ok(within) => within,
            Err(error) => return Some(Err(error)),
        };
        match item_folder.join(target).canonicalize() {
            Ok(really) => really.starts_with(&within).then_some(Ok(really)),
            Err(error) => Some(Err(error)),
        }
    }
}

/// The order of its keys changes from version to version: only JSON tells.
fn is_result(line: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Event {
        r#type: String,
    }
    serde_json::from_slice::<Event>(line).is_ok_and(|event| event.r#type == "result")
}

/// What may still be copied.
struct Room {
    bytes: u64,
    files: u32,
}

/// Copies a regular file, or a folder of such. A pipe, a device or a link among them is left out.
fn copy(from: &Path, to: &Path, deepest: u32, room: &mut Room) -> io::Result<()> {
    let too_much = || io::Error::new(io::ErrorKind::FileTooLarge, "it is too much to be copied");
    room.files = room.files.checked_sub(1).ok_or_else(too_much)?;
    if !fs::symlink_metadata(from)?.is_dir() {
        let (file, _) = files::open(from, Links::Refused)?;
        let mut made = fs::File::options().write(true).create_new(true).mode(0o600).open(to)?;
        let copied = io::copy(&mut file.take(room.bytes.saturating_add(1)), &mut made)?;
        room.bytes = room.bytes.checked_sub(copied).ok_or_else(too_much)?;
        return Ok(());
    }
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() || (kind.is_dir() && deepest > 0) {
            copy(&entry.path(), &to.join(entry.file_name()), deepest.saturating_sub(1), room)?;
        }
    }
    Ok(())
}
