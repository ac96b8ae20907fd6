//! The item folder `state/runs/<repo>/<agent>/<model>/<timestamp>/<item_id>/`, in the shape the harness writes it.

mod agent_files;
mod finished;

pub use agent_files::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, TRAJECTORY};
pub use finished::Finished;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ArtifactError;
use super::document::{Indent, python_json};

/// An item's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFolder {
    /// Where it lies.
    pub path: PathBuf,
}

impl ItemFolder {
    /// Makes the folder with `prompt.json` and `task.txt`, as the harness does before the agent starts. Other than its
    /// own, our `prompt.json` does not name the files of the human's commit yet: the agent is told of this folder.
    pub fn begin(&self, task: &str, prompt: &Value) -> Result<(), ArtifactError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(ArtifactError::io("create the folder", &self.path))?;
        self.write_json("prompt.json", prompt)?;
        self.write("task.txt", task.as_bytes())
    }

    /// The patch.
    pub fn patch(&self) -> PathBuf {
        self.path.join("model_patch.diff")
    }

    /// The trajectory, where every reader looks for it.
    pub fn trajectory(&self) -> PathBuf {
        self.path.join("trajectory.json")
    }

    /// Copies what the agent printed to `<agent>_stdout.txt` and `_stderr.txt`.
    pub fn keep_output(&self, agent: &str, out: &Path, err: &Path) -> Result<(), ArtifactError> {
        for (from, name) in [(out, "stdout"), (err, "stderr")] {
            let name = format!("{agent}_{name}.txt");
            if !from.exists() {
                self.write(&name, b"")?;
                continue;
            }
            // beside it first: the agent may have put a link in its place, which must not be followed
            let (side, to) = (self.path.join(format!(".{name}.new")), self.path.join(name));
            let _ = fs::remove_file(&side);
            fs::copy(from, &side).map_err(ArtifactError::io("copy the agent's output to", &side))?;
            fs::rename(&side, &to).map_err(ArtifactError::io("rename to", &to))?;
        }
        Ok(())
    }

    fn write_json(&self, name: &str, value: &Value) -> Result<(), ArtifactError> {
        self.write(name, python_json(value, Indent::Two).as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ArtifactError> {
        replace(&self.path.join(name), bytes)
    }
}

/// Writes a file beside its place and moves it there: whole or not at all, and never through a link in its place.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let side = path.with_file_name(format!(".{name}.new"));
    // what a dead writer left there, or a link that somebody put there
    let _ = fs::remove_file(&side);
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&side).map_err(ArtifactError::io("create", &side))?;
    file.write_all(bytes).map_err(ArtifactError::io("write", &side))?;
    fs::rename(&side, path).map_err(ArtifactError::io("rename to", path))
}

/// A file of the agent's. It may have put a pipe in its place, and reading one may never end.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("it is no regular file")) }
}
