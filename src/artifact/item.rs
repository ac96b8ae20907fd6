//! The item folder `state/runs/<repo>/<agent>/<model>/<timestamp>/<item_id>/`, in the shape the harness writes it.

mod agent_files;
mod finished;

pub use agent_files::{CLAUDE_CODE_STREAM, CODEX_ROLLOUT, OPENHANDS_EVENTS, Shown, TRAJECTORY};
pub use finished::Finished;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ArtifactError;
use super::document::{Indent, python_json};
use crate::host::files::{self, Links};

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

    /// Where the folder's name leads when an agent put a link in its place: whoever writes or removes something in it
    /// then would do so in a folder of somebody else's.
    pub fn swapped_for(&self) -> Option<PathBuf> {
        fs::read_link(&self.path).ok()
    }

    /// The patch.
    pub fn patch(&self) -> PathBuf {
        self.path.join("model_patch.diff")
    }

    /// The trajectory, where every reader looks for it.
    pub fn trajectory(&self) -> PathBuf {
        self.path.join("trajectory.json")
    }

    /// Keeps what the agent printed as `<agent>_stdout.txt` and `_stderr.txt`.
    pub fn keep_output(&self, agent: &str, out: &Path, err: &Path) -> Result<(), ArtifactError> {
        for (from, name) in [(out, "stdout"), (err, "stderr")] {
            self.keep_printed(from, &format!("{agent}_{name}.txt"))?;
        }
        Ok(())
    }

    /// One of the two; empty where the agent printed nothing.
    fn keep_printed(&self, from: &Path, name: &str) -> Result<(), ArtifactError> {
        if from.exists() {
            place(&self.path.join(name), "keep the agent's output in", |side| second_name(from, side))
        } else {
            self.write(name, b"")
        }
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
    place(path, "write", |side| fs::File::options().write(true).create_new(true).mode(0o600).open(side)?.write_all(bytes))
}

/// The same for whatever makes the file. What could not be made whole leaves nothing: a full disk needs the room.
fn place(path: &Path, doing: &'static str, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), ArtifactError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let side = path.with_file_name(format!(".{name}.new"));
    let clear = || match fs::symlink_metadata(&side) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(&side),
        Ok(_) => fs::remove_file(&side),
        Err(_) => Ok(()),
    };
    // what a dead writer left there, or a link that somebody put there
    let _ = clear();
    let placed = make(&side)
        .map_err(ArtifactError::io(doing, path))
        .inspect(|()| {
            // a folder takes no link's place by itself
            if side.is_dir() && path.is_symlink() {
                let _ = fs::remove_file(path);
            }
        })
        .and_then(|()| fs::rename(&side, path).map_err(ArtifactError::io("rename to", path)));
    // also after a rename: between two names of one file it does nothing
    let _ = clear();
    placed
}

/// A second name for a file that nobody writes any more, which takes no room; a copy where the disk has none for it.
fn second_name(from: &Path, to: &Path) -> io::Result<()> {
    let (mut file, _) = files::open(from, Links::Refused)?;
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    io::copy(&mut file, &mut fs::File::options().write(true).create_new(true).mode(0o600).open(to)?).map(|_| ())
}
