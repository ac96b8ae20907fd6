//! Where the files behind an attempt lie.

use std::path::PathBuf;

use crate::agent::live;
use crate::domain::{AttemptId, Stage};
use crate::ledger::RunFolder;

/// Resolves attempts to files.
#[derive(Debug, Clone)]
pub struct Places {
    folder: RunFolder,
    items: PathBuf,
}

impl Places {
    /// For a run and the folder of its items: `state/runs/<repo>/<agent>/<model>/<timestamp>`.
    pub const fn new(folder: RunFolder, items: PathBuf) -> Self {
        Self { folder, items }
    }

    /// The run's folder.
    pub const fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The item's folder of an attempt, with what its agent writes: the newest attempt's lies in ISO-Bench's own layout,
    /// an older one's was moved.
    pub fn item_folder(&self, attempt: &AttemptId) -> PathBuf {
        let moved = self.folder.attempt(attempt).join("item");
        if moved.exists() { moved } else { self.items.join(&attempt.item.0) }
    }

    /// What the agent of an attempt changed.
    pub fn patch(&self, attempt: &AttemptId) -> PathBuf {
        self.item_folder(attempt).join("model_patch.diff")
    }

    /// What a stage wrote to its standard output and error.
    pub fn streams(&self, attempt: &AttemptId, stage: Stage) -> [PathBuf; 2] {
        let stage = self.folder.stage(attempt, stage);
        [stage.join("out"), stage.join("err")]
    }

    /// Whether a stage wrote anything.
    pub fn has_output(&self, attempt: &AttemptId, stage: Stage) -> bool {
        self.streams(attempt, stage).iter().any(|path| path.symlink_metadata().is_ok_and(|there| there.len() > 0))
    }

    /// The folders in which the files of an attempt change.
    pub fn folders(&self, trails: &[AttemptId], output: Option<&(AttemptId, Stage)>) -> Vec<PathBuf> {
        let trails = trails.iter().flat_map(|attempt| live::folders(&self.item_folder(attempt)));
        let output = output.map(|(attempt, stage)| self.folder.stage(attempt, *stage));
        trails.chain(output).collect()
    }
}
