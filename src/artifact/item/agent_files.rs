//! What an agent writes and prints while it works: shown in the item's folder by links, kept there as files at the end.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;

use super::{ItemFolder, read_regular};
use crate::artifact::ArtifactError;

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

    /// Turns such links into what they show, which outlives the worktree and the attempt's own folder. What is not
    /// there leaves nothing.
    pub fn keep_shown(&self) -> Result<(), ArtifactError> {
        for name in SHOWN {
            let shown = self.path.join(name);
            let Ok(written) = fs::read_link(&shown) else { continue };
            let written = self.path.join(written);
            let aside = self.path.join(format!(".{name}.new"));
            let _ = fs::remove_file(&aside).or_else(|_| fs::remove_dir_all(&aside));
            let kept = copy(&written, &aside, DEEPEST).map_err(ArtifactError::io("keep", &written))?;
            fs::remove_file(&shown).map_err(ArtifactError::io("remove the link", &shown))?;
            if kept {
                fs::rename(&aside, &shown).map_err(ArtifactError::io("rename to", &shown))?;
            }
        }
        Ok(())
    }

    /// What Claude Code printed, as the harness would have it: with `--output-format json` it prints its result alone,
    /// which is the last `result` line of the stream. A stream without one is kept whole.
    pub fn keep_claude_code_output(&self, out: &Path, err: &Path) -> Result<(), ArtifactError> {
        self.keep_output("claude_code", out, err)?;
        let printed = read_regular(out).unwrap_or_default();
        match printed.split(|byte| *byte == b'\n').rev().find(|line| is_result(line)) {
            Some(line) => self.write("claude_code_stdout.txt", line),
            None => Ok(()),
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

/// Copies a regular file, or a folder of such; whether there was anything. A pipe or a link among them is left out.
fn copy(from: &Path, to: &Path, deepest: u32) -> io::Result<bool> {
    let Ok(there) = fs::metadata(from) else { return Ok(false) };
    if there.is_file() {
        fs::copy(from, to)?;
        return Ok(true);
    }
    if !there.is_dir() || deepest == 0 {
        return Ok(false);
    }
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if !entry.file_type()?.is_symlink() {
            copy(&entry.path(), &to.join(entry.file_name()), deepest - 1)?;
        }
    }
    Ok(true)
}
