//! Where things lie in a run's folder.

use std::path::{Path, PathBuf};

use crate::domain::{AttemptId, RunId, Stage};

/// `<root>/state/tui/<run-id>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The name of the file that a runner holds by flock for its whole life.
    pub const LOCK: &str = "runner.lock";

    /// The folder of all runs below a harness root.
    pub fn all(root: &Path) -> PathBuf {
        root.join("state/tui")
    }

    /// The folder of one run.
    pub fn of(root: &Path, run: &RunId) -> Self {
        Self { path: Self::all(root).join(&run.0) }
    }

    /// A run's folder by its path.
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The harness root that it lies in; `None` for one that lies elsewhere than in a `state/tui`.
    pub fn root(&self) -> Option<&Path> {
        self.path.parent().filter(|all| all.ends_with("state/tui"))?.ancestors().nth(2)
    }

    /// The run's id: the folder's name.
    pub fn run_id(&self) -> RunId {
        RunId(self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    }

    /// What was resolved when the run was made.
    pub fn manifest(&self) -> PathBuf {
        self.path.join("manifest.json")
    }

    /// The ledger.
    pub fn events(&self) -> PathBuf {
        self.path.join("events.jsonl")
    }

    /// The inbox.
    pub fn requests(&self) -> PathBuf {
        self.path.join("requests.jsonl")
    }

    /// Held by flock for the runner's whole life.
    pub fn lock(&self) -> PathBuf {
        self.path.join(Self::LOCK)
    }

    /// The runner's log, for people.
    pub fn log(&self) -> PathBuf {
        self.path.join("runner.log")
    }

    /// Everything an attempt leaves.
    pub fn attempt(&self, attempt: &AttemptId) -> PathBuf {
        self.path.join("attempts").join(attempt.to_string())
    }

    /// Everything a stage of an attempt leaves: `spec.json`, `keeper.json`, `out`, `err`, `exit.json`.
    pub fn stage(&self, attempt: &AttemptId, stage: Stage) -> PathBuf {
        self.attempt(attempt).join(stage.name())
    }
}
